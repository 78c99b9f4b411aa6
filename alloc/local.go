// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A Local is a handle to an Allocator with a cache of its own, for one goroutine at a time. It
// saves the cost of finding and pinning the processor's cache. Its blocks belong to the
// Allocator. Any goroutine may free them, through the Allocator or through its own Local.
//
// A Local caches free blocks below 128 KiB: 1 to 8 MiB of them, the more the larger the Allocator's
// footprint is. If there are eight Locals or more, each caches less, and only small blocks. These blocks
// return to the Allocator when the Local is closed, collected, or unused for a while. Trim and
// Options.Limit take them back too.
//
// Two goroutines corrupt a Local if they use it at once, as with a map. The race detector
// reports this mistake. Without it, an operation that meets another one panics with a
// *MisuseError. If none meets another, blocks may be handed out twice or lost; memory outside
// the Allocator stays intact.
type Local struct {
	a         *Allocator
	freeOwner uintptr // the Allocator's own
	cache     uintptr // emptyCache before the first use and after Close; atomic: other goroutines may take it
	uses      int     // for the race detector: counts operations
	busy      atomic.Uint32
	open      *openLocal // describes the cache; nil if there is none; guarded by busy
	cleanup   runtime.Cleanup
}

// The values of Local.busy. The fast paths do not read it.
const (
	localIdle   = iota // no slow path is under way
	localBusy          // a slow path or Close is under way
	localTaking        // another goroutine is taking the cache, for moments
)

// NewLocal returns a Local with an empty cache. Close returns what it caches to the Allocator.
func (a *Allocator) NewLocal() *Local {
	a.init()
	return &Local{a: a, freeOwner: a.freeOwner, cache: emptyCache()}
}

// begin begins a slow path. It panics if another goroutine is in a slow path of this Local.
func (l *Local) begin(op operation) {
	for !l.busy.CompareAndSwap(localIdle, localBusy) {
		if l.busy.Load() == localBusy {
			panic(sharedLocal(op))
		}
		if !interleave.Enabled || !interleave.Pause() {
			runtime.Gosched()
		}
	}
}

func (l *Local) end() { l.busy.Store(localIdle) }

// acquire returns the Local's cache, which is created at the first use.
func (l *Local) acquire() (cache uintptr, id int, err error) {
	if l.cache == emptyCache() || l.a.gate.closed.Load() {
		err = l.a.openLocal(l)
	}
	return l.cache, 0, err
}

func (l *Local) release(int) {}

// use makes operations visible to the race detector, which compares the goroutines that call
// it.
func (l *Local) use() {
	if raceannotate.Enabled {
		l.uses++
	}
}

// Close returns what the Local has cached to the Allocator. The Local may be used again
// afterwards, with a new cache.
func (l *Local) Close() {
	l.use()
	l.begin(opClose)
	defer l.end()
	if l.open != nil {
		l.cleanup.Stop()
		l.a.closeLocal(l.open)
		l.open = nil
		atomic.StoreUintptr(&l.cache, emptyCache())
	}
}

// localOf returns h as a Local, or nil if it is not one.
func localOf(h holder) *Local {
	l, _ := h.(*Local)
	return l
}

// Malloc is Allocator.Malloc.
func (l *Local) Malloc(size int) (unsafe.Pointer, error) { return mallocLocal(l, size) }

// Calloc is Allocator.Calloc.
//
//go:noinline
func (l *Local) Calloc(n, size int) (unsafe.Pointer, error) {
	l.use()
	total := n * size
	if uint(n)|uint(size) > mayOverflow {
		var err error
		if total, err = product(opCalloc.String(), n, size); err != nil {
			return nil, err
		}
	}
	if uint(total-1) < sizeclass.LargeMin-1 {
		cc := sizeclass.ClassCodeOf(total)
		if r := classCacheFor(atomic.LoadUintptr(&l.cache), cc); r.Ready() {
			zeroed := r.Zeroed()
			addr := r.Take(cc.Code())
			if !zeroed {
				raw.Clear(addr, uintptr(total))
			}
			return raw.Pointer(addr), nil
		}
	}
	return l.a.slowMalloc(l, opCalloc, total)
}

// Memalign is Allocator.Memalign.
func (l *Local) Memalign(align, size int) (unsafe.Pointer, error) {
	l.use()
	return l.a.memalign(l, align, size)
}

// Realloc is Allocator.Realloc.
func (l *Local) Realloc(p unsafe.Pointer, size int) (unsafe.Pointer, error) {
	l.use()
	if q := l.a.reallocFast(l, p, size); q != nil {
		return q, nil
	}
	return l.a.realloc(l, opRealloc, p, size, size)
}

// Recalloc is Allocator.Recalloc.
func (l *Local) Recalloc(p unsafe.Pointer, kept, size int) (unsafe.Pointer, error) {
	l.use()
	return l.a.realloc(l, opRecalloc, p, kept, size)
}

// Free is Allocator.Free.
func (l *Local) Free(p unsafe.Pointer) { freeLocal(l, p) }
