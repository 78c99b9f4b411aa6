// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// faults makes kernel calls fail. Like vm.Inject, it acts on the whole process.
type faults struct {
	fired atomic.Int64 // number of failed calls
	off   atomic.Bool  // no call fails for the moment
}

var errInjected = fmt.Errorf("%w: injected", vm.ErrOutOfMemory)

// faultKinds contains the calls that a plan can make fail, as bits of vm.Op.
var faultKinds = [4]uint{
	1<<vm.NumOps - 1,
	1 << vm.OpMap,
	1<<vm.OpPurge | 1<<vm.OpRelease,
	1<<vm.OpRemap | 1<<vm.OpPurge,
}

// arm makes a new plan from two bytes: which calls fail, how many succeed first, and how
// many fail then.
func (f *faults) arm(which, amount int) {
	kinds := faultKinds[which%4]
	skip := int64(which / 4 % 8)
	last := skip + 1 + int64(amount%8)
	if amount >= 224 {
		last = 1 << 40
	}
	calls := new(atomic.Int64)
	vm.Inject(func(op vm.Op) error {
		if kinds>>op&1 == 0 || f.off.Load() {
			return nil
		}
		if n := calls.Add(1); n <= skip || n > last {
			return nil
		}
		f.fired.Add(1)
		return errInjected
	})
}

// suspend makes all kernel calls work until resume is called.
func (f *faults) suspend() (resume func()) {
	f.off.Store(true)
	return func() { f.off.Store(false) }
}

// disarm makes all kernel calls work again.
func disarm() { vm.Inject(nil) }
