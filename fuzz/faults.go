// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// faults make kernel calls fail. They are the process', as vm.Inject is.
type faults struct {
	fired atomic.Int64 // calls that failed
}

var errInjected = fmt.Errorf("%w: injected", vm.ErrOutOfMemory)

// faultKinds are the calls that a plan fails, as the bits of vm.Op.
var faultKinds = [4]uint{
	1<<vm.NumOps - 1,
	1 << vm.OpMap,
	1<<vm.OpPurge | 1<<vm.OpRelease,
	1<<vm.OpRemap | 1<<vm.OpPurge,
}

// arm replaces the plan by one from two bytes: which calls fail, how many are let
// through first, how many fail then.
func (f *faults) arm(which, amount int) {
	kinds := faultKinds[which%4]
	skip := int64(which / 4 % 8)
	last := skip + 1 + int64(amount%8)
	if amount >= 224 {
		last = 1 << 40
	}
	calls := new(atomic.Int64)
	vm.Inject(func(op vm.Op) error {
		if kinds>>op&1 == 0 {
			return nil
		}
		if n := calls.Add(1); n <= skip || n > last {
			return nil
		}
		f.fired.Add(1)
		return errInjected
	})
}

// disarm lets the kernel work again.
func disarm() { vm.Inject(nil) }
