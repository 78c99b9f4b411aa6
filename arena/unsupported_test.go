// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Without mapped files and shared memory the errors name the feature and the platform.
func TestUnsupported(t *testing.T) {
	f, file := Open(filepath.Join(t.TempDir(), "file"), FileOptions{})
	s, shared := OpenShared("", SharedOptions{Size: 1 << 20})
	defer func() {
		if file == nil {
			_ = f.Close()
		}
		if shared == nil {
			_ = s.Close()
		}
	}()
	for feature, err := range map[vm.Feature]error{vm.Files: file, vm.SharedMemory: shared} {
		if vm.Able(feature) {
			if err != nil {
				t.Errorf("%v: %v", feature, err)
			}
			continue
		}
		if !errors.Is(err, alloc.ErrUnsupported) || !errors.Is(err, errors.ErrUnsupported) ||
			!strings.Contains(err.Error(), vm.Platform()) {
			t.Errorf("%v: %v", feature, err)
		}
	}
}
