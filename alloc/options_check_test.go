// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/largeobj"
)

// An option that makes no sense is an error that names it and its value.
func TestInvalidOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"Limit is -1":             {Limit: -1},
		"GuardRate is -1":         {GuardRate: -1},
		"Large.Policy is 9":       {Large: largeobj.Options{Policy: 9}},
		"Large.MaxMappings is -1": {Large: largeobj.Options{MaxMappings: -1}},
	} {
		a, err := NewAllocator(o)
		if a != nil || !errors.Is(err, ErrInvalidOption) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
