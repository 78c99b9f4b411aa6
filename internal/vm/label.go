// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"sync/atomic"
)

// unlabelled is set after the kernel has refused a name because it supports none.
var unlabelled atomic.Bool

// Label gives a new mapping a name in /proc/self/maps and pmap, so that people see what
// it is for. Label returns no error: if the kernel does not support names, it does
// nothing and does not ask again.
//
// The kernel accepts printable names of up to 79 bytes. It merges adjacent mappings only if they
// have the same name. Therefore a name stands for a kind of mapping and not for a single one.
func (s *Space) Label(m Mapping, name string) {
	if unlabelled.Load() {
		return
	}
	err := s.enter(OpName)
	if err == nil {
		err = sysName(m.Base, m.Size, name) // nobody reads its error, so it is not described
	}
	if isInvalid(err) || errors.Is(err, ErrUnsupported) {
		unlabelled.Store(true)
	}
}
