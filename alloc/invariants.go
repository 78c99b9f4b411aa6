package alloc

import (
	"fmt"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// checkInvariants looks whether the allocator keeps the equations that state.go,
// span.go, depot.go and rack.go state, and says which it does not. It walks every
// span, magazine and cache: it is for tests. Nobody may be using the allocator or a
// Local of it meanwhile, the purger included.
func (a *Allocator) checkInvariants() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var spanBytes int64
	splits := a.stuck.splits.Load()
	for c := range sizeclass.Class(sizeclass.Count) {
		n, err := a.checkClass(c)
		if err != nil {
			return fmt.Errorf("alloc: class %d, blocks of %d bytes: %w", c, c.Size(), err)
		}
		spanBytes += int64(n.spans * a.spanPages(c) * sizeclass.PageSize)
		splits += int64(n.splits)
	}
	if err := a.checkLots(); err != nil {
		return err
	}
	if err := a.checkSamples(); err != nil {
		return err
	}
	if err := a.large.Check(); err != nil {
		return err
	}
	return a.checkAccount(spanBytes+a.stuck.pages.Load()*sizeclass.PageSize, splits)
}

// checkAccount compares what the layers below count with the spans and objects:
//
//	pages used = Σ spans
//	footprint  = pages used + pages dirty + the large heap's + live guarded slots
//	mappings   = chunks + the large heap's + the guards' region + 2 · guards that split a mapping
func (a *Allocator) checkAccount(spanBytes, splits int64) error {
	pages, large := a.pages.Stats(), a.large.Stats()
	if pages.Used != spanBytes {
		return fmt.Errorf("alloc: the page heap counts %d bytes as used, spans have %d", pages.Used, spanBytes)
	}
	guards, mappings, err := a.guards.check()
	if err != nil {
		return err
	}
	if got, want := a.space.Footprint.Now(), pages.Used+pages.Dirty+large.Footprint()+guards; got != want {
		return fmt.Errorf("alloc: %d bytes are charged, pages, large objects and guards have %d", got, want)
	}
	if got, want := a.space.Mappings.Now(), int64(pages.Chunks)+large.Mappings()+mappings+2*splits; got != want {
		return fmt.Errorf("alloc: %d mappings are counted, pages, large objects and guards have %d", got, want)
	}
	if got, want := a.space.Mapped.Now(), pages.Mapped+large.Mapped(); got < want {
		return fmt.Errorf("alloc: %d bytes are mapped, pages and large objects have %d", got, want)
	}
	return nil
}

// checkLots checks the caches' lots: what they count (n ≤ lotSize, due ≤ largeStride), and that each object in one
// is parked, and in no other. Call it with a.mu held.
func (a *Allocator) checkLots() error {
	seen := map[largeheap.Descriptor]struct{}{}
	for _, cache := range a.caches() {
		l := lotOf(cache)
		switch {
		case l.n > lotSize:
			return fmt.Errorf("alloc: a lot for %d objects holds %d", lotSize, l.n)
		case l.due > largeStride:
			return fmt.Errorf("alloc: a lot looks for a sample in %d bytes, more than %d", l.due, largeStride)
		}
		for _, p := range l.parked[:l.n] {
			o := p.at.Describe()
			if _, twice := seen[p.at]; twice || o.State != largeheap.Cached || o.Base != p.addr {
				return fmt.Errorf("alloc: a lot has the %v at %#x; in another, too: %v", o, p.addr, twice)
			}
			seen[p.at] = struct{}{}
		}
	}
	return nil
}

// checkSamples checks that each sample is of a live block that its free will be told of:
// a special one, or a large object that is marked.
func (a *Allocator) checkSamples() (err error) {
	a.profile.Lines(0, func(addr uintptr) float64 {
		st, _, _ := a.liveBlock(addr)
		switch {
		case st == nil && !(a.isLarge(addr) && pagemap.Marked(addr)):
			err = fmt.Errorf("alloc: there is a sample of %#x, where no live block or marked object is", addr)
		case st != nil && *st&special == 0:
			err = fmt.Errorf("alloc: there is a sample of the block at %#x, whose state is %#x", addr, *st)
		}
		return 0
	})
	return err
}

// A tally counts the blocks of one class by what they are doing.
type tally struct {
	spans, splits      int // all, and those whose guards split a mapping
	idle, cached, live int
	codes              uint64               // Σ fit codes of live blocks
	slots              map[uintptr]struct{} // blocks in magazines, by the address of their state
}

// checkClass checks what there is of one class:
//
//	blocks = idle + cached + live
//	cached = Σ slots of all magazines, each block in one
//	Σ fit codes of live blocks = Σ codes of the racks and the depot
func (a *Allocator) checkClass(c sizeclass.Class) (tally, error) {
	d := &a.depots[c]
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.check(c)
	if err != nil {
		return n, err
	}
	allocs, codes := d.allocs, d.codes
	for _, cache := range a.caches() {
		r := rackOf(cache, c)
		if err := r.check(c, &n); err != nil {
			return n, err
		}
		allocs += r.allocs()
		codes += r.codes
	}
	switch {
	case n.cached != len(n.slots):
		return n, fmt.Errorf("%d blocks are cached, magazines hold %d", n.cached, len(n.slots))
	case d.closed: // the blocks went with their spans
	case n.codes != codes:
		return n, fmt.Errorf("fit codes of live blocks sum to %d, racks and depot say %d", n.codes, int64(codes))
	case allocs < uint64(n.live):
		return n, fmt.Errorf("%d blocks are live, but only %d were handed out", n.live, allocs)
	}
	return n, nil
}

// caches returns the caches of all processors and Locals. Call it with a.mu held.
func (a *Allocator) caches() []uintptr {
	var all []uintptr
	for id := range int(a.tableLen) {
		if cache := *entryOf(a.table, id); cache != none() {
			all = append(all, cache)
		}
	}
	for cache := range a.locals {
		all = append(all, cache)
	}
	return all
}

// check checks the depot's lists and counts. Call it with d.mu held; the caches
// may be in use.
func (d *depot) check(c sizeclass.Class) (tally, error) {
	n := tally{slots: map[uintptr]struct{}{}}
	if err := d.partial.check(c, &n, true); err != nil {
		return n, err
	}
	if err := d.spent.check(c, &n, false); err != nil {
		return n, err
	}
	if err := d.full.check(c, &n, true); err != nil {
		return n, err
	}
	if err := d.empty.check(c, &n, false); err != nil {
		return n, err
	}
	switch {
	case d.spans != n.spans:
		return n, fmt.Errorf("the depot counts %d spans, its lists have %d", d.spans, n.spans)
	case d.idle != n.idle:
		return n, fmt.Errorf("the depot counts %d idle blocks, its spans have %d", d.idle, n.idle)
	case d.full.count > depotFull:
		return n, fmt.Errorf("the depot keeps %d magazines, more than %d", d.full.count, depotFull)
	case d.unwanted > d.full.count:
		return n, fmt.Errorf("the depot has %d magazines, %d of them unwanted", d.full.count, d.unwanted)
	case d.closed && (n.spans > 0 || d.full.count+d.empty.count > 0):
		return n, fmt.Errorf("the depot is closed, and holds %d spans", n.spans)
	}
	return n, nil
}

// check checks each span of a list, whether it belongs there, and the links.
func (l *spanList) check(c sizeclass.Class, n *tally, partial bool) error {
	prev := uintptr(0)
	for s := l.head; s != 0; prev, s = s, spanAt(s).next {
		sp := spanAt(s)
		if sp.prev != prev {
			return fmt.Errorf("the span at %#x is linked back to %#x, not %#x", sp.Base, sp.prev, prev)
		}
		if sp.idle > 0 != partial {
			return fmt.Errorf("the span at %#x has %d idle blocks and is on the wrong list", sp.Base, sp.idle)
		}
		if err := checkSpan(s, c, n); err != nil {
			return fmt.Errorf("the span at %#x: %w", sp.Base, err)
		}
		n.spans++
		if spanAt(s).split {
			n.splits++
		}
	}
	return nil
}

// checkSpan checks a span's descriptor, its states and its entries in the page map.
func checkSpan(s uintptr, c sizeclass.Class, n *tally) error {
	sp, row := spanAt(s), c.Info()
	if sp.Kind != pagemap.Span || sp.Class != c || sp.Size != row.Size || sp.Blocks != row.Blocks || sp.Magic != row.Magic {
		return fmt.Errorf("its header is that of another: %+v", sp.Header)
	}
	for off := uintptr(0); off < uintptr(row.Span); off += sizeclass.PageSize {
		if got := pagemap.Get(sp.Base + off); got != s {
			return fmt.Errorf("the page map has %#x at %#x, not %#x", got, sp.Base+off, s)
		}
	}
	states := raw.Bytes(statesOf(s), statesSize(c))
	var idle uint32
	for i, st := range states[:row.Blocks] {
		switch {
		case isIdle(st):
			idle++
			if uint32(i) < sp.hint {
				return fmt.Errorf("block %d is idle, below the hint %d", i, sp.hint)
			}
		case isCached(st):
			n.cached++
		case st&live != 0:
			n.live++
			n.codes += uint64(st & codeMask)
		default:
			return fmt.Errorf("block %d has the state %#x, which is none", i, st)
		}
	}
	for i, st := range states[row.Blocks:] {
		if st != 0 {
			return fmt.Errorf("padding %d has the state %#x", i, st)
		}
	}
	if idle != sp.idle || sp.hint%8 != 0 {
		return fmt.Errorf("%d blocks are idle; it counts %d, from %d on", idle, sp.idle, sp.hint)
	}
	n.idle += int(idle)
	return nil
}

// check checks each magazine of a stack, which are to hold blocks or not, and its
// counts.
func (l *magazines) check(c sizeclass.Class, n *tally, full bool) error {
	count, blocks := 0, 0
	for m := l.top; m != 0; m = magazineAt(m).next {
		if magazineAt(m).n > 0 != full {
			return fmt.Errorf("a magazine of %d blocks is in the wrong stack", magazineAt(m).n)
		}
		if err := checkMagazine(m, magazineAt(m).n, c, n); err != nil {
			return err
		}
		count++
		blocks += int(magazineAt(m).n)
	}
	if count != l.count || blocks != l.blocks {
		return fmt.Errorf("a stack of %d magazines with %d blocks counts %d with %d", count, blocks, l.count, l.blocks)
	}
	return nil
}

// checkMagazine checks the filled slots of a magazine: each names a cached block
// of a span of the class, with its state, that no other slot names.
func checkMagazine(m uintptr, filled uint32, c sizeclass.Class, n *tally) error {
	if filled > capacity(c) {
		return fmt.Errorf("a magazine for %d blocks holds %d", capacity(c), filled)
	}
	for i := range filled {
		at := slotOf(m, i)
		s := pagemap.Get(at.addr)
		if s == 0 {
			return fmt.Errorf("a slot names %#x, where no span is", at.addr)
		}
		sp := spanAt(s)
		if k := (at.addr - sp.Base) / uintptr(c.Size()); sp.Class != c || sp.Base+k*uintptr(c.Size()) != at.addr ||
			at.state != statesOf(s)+k {
			return fmt.Errorf("a slot names %#x with state %#x, in the span at %#x of class %d", at.addr, at.state, sp.Base, sp.Class)
		}
		if st := *raw.At[state](at.state); !isCached(st) {
			return fmt.Errorf("a slot names the block at %#x, whose state is %#x", at.addr, st)
		}
		if _, twice := n.slots[at.state]; twice {
			return fmt.Errorf("two slots name the block at %#x", at.addr)
		}
		n.slots[at.state] = struct{}{}
	}
	return nil
}

// check checks a rack, its countdown and its magazines:
//
//	due ≤ stride, due ≤ armed
func (r *rack) check(c sizeclass.Class, n *tally) error {
	if r.due > stride || r.armed < uint64(r.due) {
		return fmt.Errorf("a rack is due in %d blocks, of at most %d, and was armed for %d", r.due, stride, r.armed)
	}
	if r.prev != 0 {
		if err := checkMagazine(r.prev, magazineAt(r.prev).n, c, n); err != nil {
			return err
		}
	}
	if r.bare() {
		if none := noRack(); r.top != none.top || r.bottom != none.bottom || r.prev != 0 {
			return fmt.Errorf("a rack without magazines has the bounds %#x, %#x, and %#x behind", r.bottom, r.top, r.prev)
		}
		return nil
	}
	if r.top < r.bottom || r.top > r.limit || r.limit-r.bottom != uintptr(capacity(c))*slotSize {
		return fmt.Errorf("a rack has the bounds %#x ≤ %#x ≤ %#x", r.bottom, r.top, r.limit)
	}
	return checkMagazine(r.bottom-slotsStart, uint32((r.top-r.bottom)/slotSize), c, n)
}

// check returns what the guards add to the account.
//
//	slots = |queue| + live        nobody is between
func (g *guards) check() (footprint, mappings int64, err error) {
	region, live := g.usage()
	if region == 0 {
		return 0, 0, nil
	}
	mappings = 1
	for _, split := range g.fences {
		if split {
			mappings += 2
		}
	}
	if g.table == 0 {
		return 0, mappings, nil
	}
	waiting := 0
	for i := range guardTableAt(g.table).slots {
		s := &guardTableAt(g.table).slots[i]
		if s.split {
			mappings += 2
		}
		switch s.state {
		case guardUnused, guardFreed:
			waiting++
		case guardMoving:
			return 0, 0, fmt.Errorf("alloc: guarded slot %d is on its way", i)
		}
	}
	if waiting != int(g.n) {
		return 0, 0, fmt.Errorf("alloc: %d guarded slots are free, %d in the queue", waiting, g.n)
	}
	return live, mappings, nil
}
