// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Close gives all memory back to the kernel, including live blocks and arenas. The program
// must first stop using blocks, arenas and Locals. A later access to their memory faults or
// corrupts other memory.
//
// Close waits for calls of the Allocator's methods in other goroutines. Later calls fail with
// ErrClosed, or do nothing. Freeing or resizing a block after Close panics with a
// *MisuseError. Options.OnLimit, Options.Logger and the writer of Options.Leaks may call
// Close.
//
// An error means that the kernel did not take everything back, that the writer of
// Options.Leaks or of a trace failed, or that a checked or guarded block was damaged. Memory
// that the kernel did not take back is purged, and Close may be called again to retry.
// Otherwise closing a closed Allocator does nothing.
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

// takeDown releases everything. No other operation is inside the gate. The first call returns
// the report for Options.Leaks if blocks are live.
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
	a.dropTable()
	a.closeLocals()
	for c := range a.depots {
		a.forgetGuards(a.depots[c].Close(sizeclass.Class(c)))
	}
	pool := a.guardPool.close(a) // before the profile, which has its stacks
	a.forgetGuards(int(a.lostGuards.splits.Swap(0)))
	a.lostGuards.pages.Store(0)
	a.profile.Close()
	return leaks, errors.Join(traced, damages, pool, a.pages.Close(), a.large.Close())
}

// dropTable takes away the caches of all slots, as detach does, and frees the table of caches.
func (a *Allocator) dropTable() {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.tableLen
	if n == 0 {
		return
	}
	a.unpublish(func(int, uintptr) bool { return true })
	atomic.StoreUint32(&a.tableLen, 0)
	percpu.Synchronize() // wait until no goroutine uses these caches or reads the table
	a.drainLeaving()
	metadata.Free(a.table, uintptr(n)<<wordShift)
}
