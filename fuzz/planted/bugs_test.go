// SPDX-License-Identifier: Apache-2.0

package planted

import (
	"os"
	"path/filepath"
	"testing"
)

const root = "../.."

// TestBugs: each bug of the list can be planted in the present code.
func TestBugs(t *testing.T) {
	names := map[string]bool{}
	for _, b := range append(Bugs(), Races()...) {
		text, err := os.ReadFile(filepath.Join(root, b.File))
		if err == nil {
			_, err = b.plant(string(text))
		}
		if err != nil {
			t.Errorf("%s: %v", b.Name, err)
		}
		if names[b.Name] {
			t.Errorf("two bugs are named %q", b.Name)
		}
		names[b.Name] = true
	}
}
