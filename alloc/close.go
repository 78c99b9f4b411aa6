// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Close gives all memory back to the kernel, live blocks and arenas included. Before it
// is called, the program must have ended all use of blocks' memory, of arenas, and of
// Locals.
//
// Everything else may go on: calls of the Allocator's methods that are under way in other
// goroutines end before Close takes anything, and Close waits for them. Later calls fail
// with ErrClosed, or do nothing; freeing or resizing a block panics with a *MisuseError.
// Options.OnLimit, Options.Logger and the writer of Options.Leaks may call Close
// themselves.
//
// An error means that the kernel did not take everything back; what is left is
// purged, and Close may be called again. Closing a closed Allocator does nothing
// else.
func (a *Allocator) Close() error {
	a.init()
	a.gate.close()
	leaks, err := a.takeDown()
	if leaks != nil {
		_, e := a.options.Leaks.Write(leaks)
		err = errors.Join(err, e)
	}
	return err
}

// takeDown takes everything apart, with nobody inside the gate. It returns the report of
// what was live for Options.Leaks, the first time, if anything was.
func (a *Allocator) takeDown() (leaks []byte, err error) {
	a.closing.Lock()
	defer a.closing.Unlock()
	traced := a.stopTrace()
	a.arenas.Close()
	allocators.set(a.id, nil)
	if a.options.Leaks != nil && !a.reported {
		a.reported = true
		leaks = a.backend.leaks()
	}
	damages := a.backend.close()
	a.purger.stop()
	if a.options.Hardening.SpanGuards {
		a.forget()
	}
	a.detach(func(int, uintptr) bool { return true })
	a.dropTable()
	a.closeLocals()
	for c := range a.depots {
		a.forgetGuards(a.depots[c].Close(sizeclass.Class(c)))
	}
	guards := a.guards.close(a) // before the profile, which has its stacks
	a.forgetGuards(int(a.stuck.splits.Swap(0)))
	a.stuck.pages.Store(0)
	a.profile.Close()
	return leaks, errors.Join(traced, damages, guards, a.pages.Close(), a.large.Close())
}

// dropTable frees the table of caches, which has none any more.
func (a *Allocator) dropTable() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := a.tableLen; n > 0 {
		atomic.StoreUint32(&a.tableLen, 0)
		percpu.Synchronize() // until nobody reads it
		metadata.Free(a.table, uintptr(n)<<wordShift)
	}
}
