// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"sync/atomic"
)

// unlabelled is set once the kernel was found not to take names.
var unlabelled atomic.Bool

// Label gives a new mapping a name, by which people tell in /proc/self/maps and pmap
// whose it is. It is for them only: where the kernel does not take it nothing is
// wrong, and it is not asked again if it takes no names at all.
//
// The kernel merges neighbouring mappings only if their names are the same, so names
// are those of kinds, not of single mappings.
func (s *Space) Label(m Mapping, name string) {
	if unlabelled.Load() {
		return
	}
	if err := s.Name(m.Base, m.Size, name); errors.Is(err, ErrKernelLacks) || errors.Is(err, ErrUnsupported) {
		unlabelled.Store(true)
	}
}
