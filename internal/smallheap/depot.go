// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/pageheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A Depot holds what all caches share of one class: magazines, and the spans
// that blocks are carved from. The zero value is ready for use.
//
//	carved blocks = Σ blocks − idle over its spans
//	              = live + in the depot's magazines + in the caches' magazines
//
// Its lock guards everything in it. A call holds the lock while it exchanges magazines or
// carves blocks, and never while it calls the kernel.
type Depot struct {
	mu     interleave.Mutex
	closed bool

	full  magazines // magazines with blocks, most recently used first
	empty magazines // magazines without blocks

	bins       // the spans, by the number of idle blocks
	idle   int // idle blocks in all spans
	spans  int
	purged int64          // bytes of pages given back inside spans
	pages  *pageheap.Heap // to which they went; set by Purge
	tick   uint32         // calls of Age
	short  atomic.Bool    // whether the class was sparse at the last exchange; read without the lock, too

	growth
	allocs, requested uint64 // counts of class caches that were unloaded
	exchanges         uint64 // magazines that caches took or put

	// The number of magazines at the bottom of full that no cache has taken since the
	// last tick: the minimum of full.count since then.
	unused int
}

// MaxFull is the largest number of magazines with blocks that a depot keeps. The blocks of
// further magazines go back to their spans. A span whose blocks are all idle is released,
// and other classes can use its memory.
const MaxFull = 32

// TakeFull returns a magazine with blocks in exchange for spare, a magazine without blocks or 0.
// If the depot has no magazine with blocks, TakeFull fills one from partial spans. If it returns
// an empty magazine, the caller has to add a span. The depot keeps spare, also after an error. want
// is the room that the magazine should have, as ClassCache.NextRoom returns it.
func (d *Depot) TakeFull(c sizeclass.Class, spare uintptr, want uint32) (m uintptr, err error) {
	d.lock(c)
	defer d.mu.Unlock()
	if spare != 0 {
		d.put(c, spare, nil) // it has no blocks, so no span becomes idle
	} else {
		d.exchanges++
	}
	if m = d.popFull(c, want); m != 0 {
		d.unused = min(d.unused, d.full.count)
		return d.split(c, m, want), nil
	}
	if m, err = d.takeEmpty(c, want); err != nil {
		return 0, err
	}
	if err = d.fill(c, m, want); err != nil {
		d.empty.push(m)
		return 0, err
	}
	return m, nil
}

// sparse reports whether more than a quarter of the blocks of class c are idle, and more than a
// few spans. Then blocks go back to their spans at once instead of waiting in the depot, and
// magazines are short. So the blocks that are allocated come from the fullest spans, and the
// others are not kept alive by blocks that wait.
func (d *Depot) sparse(c sizeclass.Class) bool {
	return d.idle > minSparse*c.Blocks() && d.idle > d.spans*c.Blocks()/4
}

// minSparse is the number of spans up to which idle blocks are too few to matter.
const minSparse = 8

// room returns the room of a magazine that is about to be used, and that should have room for want
// blocks.
func (d *Depot) room(c sizeclass.Class, want uint32) uint32 {
	sparse := d.sparse(c)
	if sparse != d.short.Load() {
		d.short.Store(sparse)
	}
	if sparse {
		want = min(want, ShortRoom(c))
	}
	if want < Capacity(c) {
		return want
	}
	return uint32(d.Room(c))
}

// fill carves blocks from the fullest spans into magazine m until it is full. It returns an
// error, and m is empty, if there are idle blocks and a limit leaves no room for their pages.
func (d *Depot) fill(c sizeclass.Class, m uintptr, want uint32) (err error) {
	mag := magazineAt(m)
	if mag.n == 0 {
		setRoom(m, d.room(c, want))
	}
	for err == nil && mag.n < mag.room {
		s := d.fullest()
		if s == 0 {
			break
		}
		before := mag.n
		if err = d.carve(s, m); mag.n == before {
			break // the span counts an idle block that two goroutines handed out with one Local
		}
	}
	if mag.n == 0 && err != nil {
		d.fillCharged(m)
	}
	if mag.n > 0 {
		return nil
	}
	return err
}

// fillCharged carves blocks that need no charge from the first span that has some.
func (d *Depot) fillCharged(m uintptr) {
	mag := magazineAt(m)
	for bin := 1; bin <= parts; bin++ {
		for s := d.lists[bin].head; s != 0; s = SpanAt(s).next {
			if carve(s, m, mag.room, SpanAt(s).purged); mag.n > 0 {
				d.carved(s, mag.n)
				return
			}
		}
	}
}

// carve fills magazine m from span s: first with blocks whose pages are in RAM. The error is that
// of Heap.UseInside. m then has the blocks that need no charge.
func (d *Depot) carve(s, m uintptr) (err error) {
	sp, mag := SpanAt(s), magazineAt(m)
	before := mag.n
	carve(s, m, mag.room-mag.n, sp.purged)
	if from := mag.n; sp.purged != 0 && sp.idle > 0 && from < mag.room {
		carve(s, m, mag.room-from, 0)
		err = d.use(s, m, from)
	}
	d.carved(s, mag.n-before)
	return err
}

// carved counts n blocks that were carved from span s.
func (d *Depot) carved(s uintptr, n uint32) {
	d.idle -= int(n)
	SpanAt(s).carved = d.tick
	d.update(s)
}

// TakeEmpty returns a magazine without blocks in exchange for full, a magazine that it takes as Put
// does, or 0. The depot keeps full, also after an error. want is as for TakeFull.
func (d *Depot) TakeEmpty(c sizeclass.Class, full uintptr, want uint32) (m uintptr, empty Spans, err error) {
	d.lock(c)
	defer d.mu.Unlock()
	if full != 0 {
		d.put(c, full, &empty)
	}
	m, err = d.takeEmpty(c, want)
	return m, empty, err
}

// takeEmpty returns a magazine without blocks. The caller holds mu.
func (d *Depot) takeEmpty(c sizeclass.Class, want uint32) (uintptr, error) {
	if d.closed {
		return 0, vm.ErrClosed
	}
	m, room := d.empty.pop(), d.room(c, want)
	if m == 0 || magazineAt(m).slots < room {
		larger, err := newMagazine(max(room, Capacity(c)))
		if err != nil && m == 0 {
			return 0, err
		}
		if err == nil && m != 0 {
			freeMagazine(m)
		}
		if err == nil {
			m = larger
		}
	}
	setRoom(m, room)
	return m, nil
}

// Put takes a magazine back. If the depot has enough magazines with blocks, the blocks go
// back to their spans. Put returns the spans that are wholly idle then; the caller releases
// them.
func (d *Depot) Put(c sizeclass.Class, m uintptr) (empty Spans) {
	d.lock(c)
	defer d.mu.Unlock()
	d.put(c, m, &empty)
	return empty
}

// put does what Put does. It adds the spans that are wholly idle to empty. The caller holds mu.
func (d *Depot) put(c sizeclass.Class, m uintptr, empty *Spans) {
	d.exchanges++
	switch {
	case d.closed:
		freeMagazine(m) // its blocks were unmapped when the allocator was closed
	case magazineAt(m).n == 0 || d.full.count < MaxFull && !d.sparse(c):
		d.store(c, m)
	default:
		d.uncarve(c, m, empty)
		d.empty.push(m)
	}
}

// uncarve returns the blocks of magazine m to their spans and adds the spans
// that become wholly idle to empty, out of the depot's lists.
func (d *Depot) uncarve(c sizeclass.Class, m uintptr, empty *Spans) {
	mag := magazineAt(m)
	for i := uint32(0); i < mag.n; {
		s := slotOf(m, i)
		if span := pagemap.Get(s.addr); span != 0 && s.state-statesOf(span) < uintptr(c.Blocks()) {
			i = d.uncarveRun(span, m, i, empty)
		} else {
			i++ // the block was freed twice at the same time, and its other slot was handled
		}
	}
	mag.n = 0
}

// uncarveRun returns the blocks in the slots of magazine m from slot i on to span s, up to the first
// slot with a block of another span. It returns that slot's number. Blocks that were freed one after the
// other are often of one span, which is then looked up and counted once.
func (d *Depot) uncarveRun(s, m uintptr, i uint32, empty *Spans) uint32 {
	sp, mag := SpanAt(s), magazineAt(m)
	base, size, blocks, states := sp.Base, uintptr(sp.Class.SpanBytes()), uintptr(sp.Blocks), statesOf(s)
	n, lowest := uint32(0), uint32(blocks)
	for ; i < mag.n; i++ {
		at := slotOf(m, i)
		if at.addr-base >= size {
			break
		}
		index, st := at.state-states, raw.At[State](at.state)
		if index >= blocks || !IsCached(*st) {
			continue // freed twice at the same time
		}
		*st ^= Cached | Idle
		lowest = min(lowest, uint32(index))
		n++
	}
	if n > 0 {
		d.giveBack(s, n, lowest, empty)
	}
	return i
}

// giveBack counts n blocks of span s, the first of which is block lowest, as idle.
func (d *Depot) giveBack(s uintptr, n, lowest uint32, empty *Spans) {
	sp := SpanAt(s)
	sp.idle += n
	d.idle += int(n)
	sp.hint = min(sp.hint, lowest&^7)
	switch {
	case sp.bin == away:
		d.setChanged(sp, true) // Purge puts it into its bin
	case sp.idle == sp.Blocks:
		d.remove(s)
		d.drop(s, empty)
	case !sp.changed || sp.idle > sp.limit:
		d.remove(s)
		d.setChanged(sp, true)
		d.insert(s)
	}
}

// drop moves a span that is wholly idle and in no list to empty.
func (d *Depot) drop(s uintptr, empty *Spans) {
	sp := SpanAt(s)
	d.setChanged(sp, false)
	d.idle -= int(sp.Blocks)
	d.purged -= sp.purgedBytes()
	d.spans--
	empty.add(s)
}

// NeedsSpan reports whether magazine m should get the blocks of another new span: if it is empty, and
// in a class whose magazines have grown, if all blocks of a span have room.
func NeedsSpan(c sizeclass.Class, m uintptr) bool {
	mag := magazineAt(m)
	return mag.n == 0 || mag.room > Capacity(c) && mag.room-mag.n >= uint32(c.Blocks())
}

// Fill moves the first blocks of s, a new span that no depot has, into magazine m, and adds the span to
// the list. So every span of a depot has a block in use. A span is released when its last block comes
// back, which would not happen to a span without one.
func (l *Spans) Fill(s, m uintptr) {
	carve(s, m, magazineAt(m).room-magazineAt(m).n, 0)
	l.add(s)
}

// AddSpans makes the other blocks of new spans available, from which magazine m was filled. After an
// error the spans belong to the caller, and m is empty.
func (d *Depot) AddSpans(l Spans, m uintptr) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		magazineAt(m).n = 0
		return vm.ErrClosed
	}
	for s := l.head; s != 0; {
		sp, next := SpanAt(s), Next(s)
		sp.carved = d.tick
		d.insert(s)
		d.idle += int(sp.idle)
		d.spans++
		s = next
	}
	return nil
}

// Free returns the block at addr to its span, without a magazine. st is the block's state
// byte, which the caller has found live with the size code. Free returns the span if it is
// wholly idle then; the caller releases it. The error is vm.ErrClosed if the depot is
// closed, and its spans with it.
func (d *Depot) Free(addr uintptr, st *State, code uint8) (empty Spans, err error) {
	raceannotate.Release(addr)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return empty, vm.ErrClosed
	}
	d.requested -= uint64(code)
	*st = Idle | Used
	s := pagemap.Get(addr)
	d.giveBack(s, 1, uint32(raw.Addr(unsafe.Pointer(st))-statesOf(s)), &empty)
	return empty, nil
}

// Age returns the blocks of magazines that no cache has taken since the last tick to their
// spans, and frees the empty magazines unless keep is set. If all is set, it does so with
// all magazines. The caller releases the spans that Age returns.
func (d *Depot) Age(c sizeclass.Class, all, keep bool) (empty Spans) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick++
	d.calm()
	used := d.full.count - d.unused
	if all {
		used = 0
	}
	unused := d.full.cut(used)
	for m := unused.pop(); m != 0; m = unused.pop() {
		d.uncarve(c, m, &empty)
		d.empty.push(m)
	}
	d.unused = d.full.count
	for !keep && d.empty.count > 0 {
		freeMagazine(d.empty.pop())
	}
	return empty
}

// HasUnused reports whether the depot has magazines, whose blocks and, unless keep is set,
// own memory Age can give back, or spans in which Purge may find idle pages.
func (d *Depot) HasUnused(keep bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.full.count > 0 || !keep && d.empty.count > 0 || d.changed > 0
}

// Close frees all magazines and span descriptors. The caller unmaps the pages of the spans
// and the guard pages after them. splits is the number of guard pages that had split their
// mappings. After Close, calls that need the depot's memory return vm.ErrClosed.
func (d *Depot) Close(c sizeclass.Class) (splits int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for _, l := range []*magazines{&d.full, &d.empty} {
		for m := l.pop(); m != 0; m = l.pop() {
			freeMagazine(m)
		}
	}
	for i := range d.lists {
		l := &d.lists[i]
		for s := l.head; s != 0; s = l.head {
			l.remove(s)
			if SpanAt(s).Split {
				splits++
			}
			FreeSpan(c, s)
		}
	}
	d.idle, d.spans, d.purged, d.changed = 0, 0, 0, 0
	return splits
}

// Account adds the counts of a class cache that was unloaded, or a change in the size codes
// of live blocks.
func (d *Depot) Account(allocs, requested uint64) {
	d.mu.Lock()
	d.allocs += allocs
	d.requested += requested
	d.mu.Unlock()
}

// Acquire acquires the depot's lock and returns a function that releases it. Tests use it to
// show which operations need no lock.
func (d *Depot) Acquire() (release func()) {
	d.mu.Lock()
	return d.mu.Unlock
}

// Counts are a depot's numbers.
type Counts struct {
	Spans, Idle, InDepot int    // spans, idle blocks in them, blocks in the depot's magazines
	Purged               int64  // bytes of pages given back inside spans
	Allocs, Requested    uint64 // counts of class caches that were unloaded
	Exchanges            uint64 // magazines that caches took or put
}

// Counts returns the depot's numbers.
func (d *Depot) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Counts{d.spans, d.idle, d.full.blocks, d.purged, d.allocs, d.requested, d.exchanges}
}
