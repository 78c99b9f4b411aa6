package alloc

import (
	"errors"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Close gives all memory back to the kernel, live blocks and arenas included: there
// must be no use of them any more. Using the Allocator afterwards is an error (ErrClosed),
// freeing one of its blocks panics with a *MisuseError.
//
// Malloc and Free of blocks below 128 KiB, Trim, Stats, and Close itself may be
// under way in other goroutines, and end as before Close or as after it. Nothing
// else may: what reads or writes blocks (Calloc and Realloc do, and with Options.Checked
// or Hardening.ZeroOnFree, all operations), works on large objects, or uses a Local.
//
// An error means that the kernel did not take everything back; what is left is
// purged, and Close may be called again. Closing a closed Allocator does nothing
// else.
func (a *Allocator) Close() error {
	a.init()
	traced := a.StopTrace()
	a.tenants.Close() // first: an arena that was dropped frees its memory at any time
	var leaks error
	if w := a.options.Leaks; w != nil && !a.closed.Load() {
		leaks = a.WriteLeaks(w)
	}
	a.closed.Store(true)
	damages := a.checked.close()
	a.stopPurger()
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
	return errors.Join(traced, leaks, damages, guards, a.pages.Close(), a.large.Close())
}

func (a *Allocator) stopPurger() {
	p := &a.purger
	p.mu.Lock()
	if p.stop != nil {
		close(p.stop)
		p.stop = nil
	}
	p.mu.Unlock()
	p.running.Wait()
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
