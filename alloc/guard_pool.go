// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"unsafe"

	onfault "github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A guardPool is the pool of guarded blocks of an Allocator. The allocator guards some of the sampled
// blocks: the program gets memory in a slot between two inaccessible fences instead of the block.
// An access beyond the slot faults. An access after the block was freed faults too (GWP-ASan:
// Serebryany et al., "GWP-ASan: Sampling-Based Detection of Memory-Safety Bugs in Production",
// ICSE 2024).
//
//	pool  ┌───────┬──────────────┬───────┬──────────────┬───────┬─ ─
//	      │ fence │    slot 0    │ fence │    slot 1    │ fence │
//	      └───────┴──────────────┴───────┴──────────────┴───────┴─ ─
//	              ┌────────┬─────┐       ┌─────┬────────┐
//	              │ filler │block│  or   │block│ filler │   each on one side, at random
//	              └────────┴─────┘       └─────┴────────┘
//
// An access on the side of the fence faults. Free detects a write on the side of the filler. A
// freed slot is inaccessible and waits at the end of the queue until all slots before it were
// used. The queue is the quarantine.
//
//	free slots = queue = those never used, and those freed, the longest first
//	slots = |queue| + live + on their way
//
// The block that the slot replaces stays allocated, as the slot's shadow. The statistics of
// its class and the heap profile count the shadow. For the program it is a free block: the address can be
// that of a block which the program freed earlier. The state of a shadow is never that of a plain block,
// so Free's slow path looks for it in shadows.
//
// mu protects the queue and the slots. It is held only briefly. It is never held during a kernel
// call, except for the first guarded block.
type guardPool struct {
	rate atomic.Int64 // one block in rate is guarded; 0: none
	last atomic.Int64 // time of the last guarded block, in Unix nanoseconds

	mu      interleave.Mutex
	table   uintptr // a guardTable, 0 before the first guarded block
	mapping vm.Mapping
	start   uintptr                      // address of the pool, a multiple of slotBytes
	shadows atomic.Pointer[guardShadows] // nil before the first guarded block
	fences  [guardSlots + 1]bool
	queue   [guardSlots]uint8
	head, n uint
	forget  func() // unregisters describe from package fault
}

const guardSlots = 64

// guardShadows has the address of the shadow of each slot, or 0.
type guardShadows [guardSlots]atomic.Uintptr

// slotBytes returns the size of a slot and of a fence in bytes. It is a whole number of kernel
// pages and of page map pages.
func slotBytes() uintptr { return max(vm.PageSize(), sizeclass.PageSize) }

func poolBytes() uintptr { return (2*guardSlots + 1) * slotBytes() }

// A guardTable is the descriptor of the pool in the page map. The fast path of Free sees it as
// a span without blocks, so it frees no address in the pool. The table lies in metadata.
type guardTable struct {
	pagemap.Header
	_     [smallheap.StatesStart - unsafe.Sizeof(pagemap.Header{})]byte
	_     [8]smallheap.State // of block 0, which does not exist
	slots [guardSlots]guardSlot
}

// A guardSlot describes the block in a slot, or the last block that was there.
type guardSlot struct {
	addr, size       uintptr // of the block; size is the requested size in bytes
	allocated, freed origin  // the calls that allocated and freed the block
	state            guardState
	closed           bool // the slot is inaccessible
	split            bool // closing the slot split the mapping (vm.Space.Guard)
}

type guardState uint8

const (
	guardUnused guardState = iota
	guardMoving            // changing from one of the other states to another
	guardLive
	guardFreed
)

func guardTableAt(d uintptr) *guardTable { return raw.At[guardTable](d) }

// probability returns the probability that a block of size bytes is guarded.
func (g *guardPool) probability(size uintptr) float64 {
	n := g.rate.Load()
	if n == 0 || size > slotBytes() {
		return 0
	}
	return 1 / float64(n)
}

// open maps the pool and creates the table. The caller holds mu.
func (g *guardPool) open(a *Allocator) error {
	if err := g.unmap(a); err != nil { // the mapping left by a failed attempt
		return err
	}
	size, unit := poolBytes(), slotBytes()
	m, err := a.space.MapKind(size+unit-vm.PageSize(), vm.Kind{})
	if err != nil {
		return err
	}
	g.mapping, g.start = m, raw.AlignUp(m.Base, unit)
	a.space.Label(m, "ashlar guard pool")
	if err := g.register(a); err != nil {
		g.fence(a, false)
		return errors.Join(err, g.unmap(a))
	}
	for i := range g.queue {
		g.queue[i] = uint8(i)
	}
	g.n = guardSlots
	g.shadows.Store(new(guardShadows))
	g.forget = onfault.Register(func(addr uintptr) error { return g.describe(addr) })
	return nil
}

// register makes the fences inaccessible and enters the pool in the page map.
func (g *guardPool) register(a *Allocator) error {
	if err := g.fence(a, true); err != nil {
		return err
	}
	if err := pagemap.Reserve(g.start, poolBytes()); err != nil {
		return err
	}
	d, err := metadata.Alloc(guardTableSize)
	if err != nil {
		return err
	}
	*guardTableAt(d) = guardTable{Header: pagemap.Header{
		Owner: a.id, Kind: pagemap.Guarded,
		Base: g.start + poolBytes(), // block 0 would begin here, beyond the pool
	}}
	pagemap.Set(g.start, poolBytes(), d)
	g.table = d
	return nil
}

const guardTableSize = unsafe.Sizeof(guardTable{})

// fence makes the fences inaccessible if up is set. Otherwise it removes them from the account.
func (g *guardPool) fence(a *Allocator, up bool) error {
	for i := range g.fences {
		if !up {
			a.space.ForgetGuard(g.fences[i])
			g.fences[i] = false
			continue
		}
		split, err := a.space.Guard(g.start+uintptr(2*i)*slotBytes(), slotBytes())
		if err != nil {
			return err
		}
		g.fences[i] = split
	}
	return nil
}

// close releases the pool. If the kernel refuses the mapping, the next call tries again.
func (g *guardPool) close(a *Allocator) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.moving() { // other goroutines finish their slots as before Close
		g.mu.Unlock()
		if !interleave.Enabled || !interleave.Pause() {
			runtime.Gosched()
		}
		g.mu.Lock()
	}
	if g.table != 0 {
		g.forget()
		pagemap.Set(g.start, poolBytes(), 0)
		t := guardTableAt(g.table)
		for i := range t.slots {
			s := &t.slots[i]
			a.space.ForgetGuard(s.split)
			if s.state == guardLive {
				a.space.Refund(slotBytes())
			}
		}
		g.fence(a, false)
		*t = guardTable{}
		metadata.Free(g.table, guardTableSize)
		g.table, g.n = 0, 0
	}
	return g.unmap(a)
}

// unmap releases the mapping of the pool, if there is one.
func (g *guardPool) unmap(a *Allocator) error {
	if g.mapping.Size == 0 {
		return nil
	}
	if err := a.space.Release(g.mapping); err != nil {
		return err
	}
	g.mapping = vm.Mapping{}
	return nil
}

// moving reports whether any slot is in state guardMoving.
func (g *guardPool) moving() bool {
	return g.table != 0 && slices.ContainsFunc(guardTableAt(g.table).slots[:], func(s guardSlot) bool { return s.state == guardMoving })
}

// slotAt returns the number of the slot that contains addr, or −1 if addr is in a fence. addr
// must lie in the pool.
func (g *guardPool) slotAt(addr uintptr) int {
	unit := int((addr - g.start) / slotBytes())
	if unit%2 == 0 {
		return -1
	}
	return unit / 2
}

// hasShadow reports whether the small block at addr is a shadow.
func (g *guardPool) hasShadow(addr uintptr) bool {
	shadows := g.shadows.Load()
	if shadows == nil {
		return false
	}
	for i := range shadows {
		if shadows[i].Load() == addr {
			return true
		}
	}
	return false
}

// base returns the address of slot i.
func (g *guardPool) base(i int) uintptr { return g.start + uintptr(2*i+1)*slotBytes() }

// usage returns the size of the mapping and the size of all live slots, in bytes.
func (g *guardPool) usage() (mapped, live int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.table != 0 {
		for i := range guardTableAt(g.table).slots {
			if guardTableAt(g.table).slots[i].state == guardLive {
				live += int64(slotBytes())
			}
		}
	}
	return int64(g.mapping.Size), live
}
