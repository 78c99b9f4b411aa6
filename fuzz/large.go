// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// maxObjects is the maximum number of live objects of a large-heap model.
const maxObjects = 64

// A largeModel performs the operations of a stream on a largeheap.Heap and compares the
// results with its shadow. Time is counted in ticks, which are operations of the stream.
type largeModel struct {
	heap  largeheap.Heap
	space vm.Space
	shadow
	in     stream
	faults faults
	fired  int64 // faults.fired at the start of the operation
	trace  trace
	leave  bool // leave the objects to Close
}

// largeOps contains the operations; a byte modulo their number selects one.
var largeOps = []struct {
	name string
	do   func(*largeModel) error
}{
	{"alloc", (*largeModel).alloc}, {"alloc", (*largeModel).alloc}, {"alloc", (*largeModel).alloc}, {"alloc", (*largeModel).alloc},
	{"free", (*largeModel).freeOne}, {"free", (*largeModel).freeOne}, {"free", (*largeModel).freeOne},
	{"resize", (*largeModel).resize}, {"resize", (*largeModel).resize}, {"resize", (*largeModel).resize},
	{"ticks", (*largeModel).ticks}, {"ticks", (*largeModel).ticks},
	{"trim", (*largeModel).trim},
	{"violate", (*largeModel).violate},
	{"fail", (*largeModel).fail},
	{"heal", (*largeModel).heal},
	{"limit", (*largeModel).limit},
}

// largeOwner is the heap's identity in the page map.
const largeOwner = 1 << 20

// runLargeModel runs an input. Its first two bytes select the heap's options and whether
// objects are left to Close.
func runLargeModel(data []byte) (err error) {
	defer disarm()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	h := &largeModel{in: newStream(data)}
	options := h.in.next()
	h.leave = h.in.next()&1 == 1
	before := metadata.InUse()
	h.heap.Init(&h.space, largeOwner, largeOptions(options))
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
		if err != nil {
			err = fmt.Errorf("options %#x: %w", options, h.trace.wrap(err))
		}
	}()
	for h.in.more() {
		if err := h.step(); err != nil {
			return err
		}
	}
	if err := h.end(); err != nil {
		return err
	}
	return leakedSince(before)
}

func (h *largeModel) step() error {
	o := largeOps[h.in.next()%len(largeOps)]
	h.trace.begin(o.name, 0)
	h.fired = h.faults.fired.Load()
	if err := o.do(h); err != nil {
		return err
	}
	return h.sound()
}

// sound checks the equations of package largeheap.
func (h *largeModel) sound() error {
	if err := h.heap.Check(); err != nil {
		return err
	}
	s := h.heap.Stats()
	for _, q := range []struct {
		name      string
		got, want int64
	}{
		{"footprint", h.space.Footprint.Now(), s.Footprint()},
		{"mapped", h.space.Mapped.Now(), s.Mapped()},
		{"mappings", h.space.Mappings.Now(), s.Mappings()},
		{"carved", s.Carved.Bytes, s.Chunks.Used},
		{"live", s.Live.Objects, int64(h.large)},
		{"requested", s.Requested, h.largeRequested},
	} {
		if q.got != q.want {
			return fmt.Errorf("%s: %d, should be %d: %+v", q.name, q.got, q.want, s)
		}
	}
	return nil
}

// pick returns a live object that the stream selects, nil if there is none.
func (h *largeModel) pick() *block {
	if len(h.live) == 0 {
		return nil
	}
	b := h.live[h.in.below(len(h.live))]
	h.trace.note(b.id)
	return b
}

// size reads a size from the stream: any size that can exist in some address space.
func (h *largeModel) size() int {
	n := h.in.size()
	if n <= 0 || n >= 1<<30 || h.bytes+n > maxBytes {
		n = 1 + n&0xfff
	}
	h.trace.note(n)
	return n
}

func (h *largeModel) alloc() error {
	if len(h.live) >= maxObjects {
		return h.freeOne()
	}
	how := h.in.next()
	r := request{size: h.size(), align: 1 << (how % 23), zero: how >= 128}
	h.trace.note(r.align)
	var addr uintptr
	done, err := h.insist(func(err error) error { return h.refusal(r, err) }, r.hopeless(), func() (err error) {
		addr, _, err = h.heap.Alloc(uintptr(r.size), uintptr(r.align), r.zero)
		return err
	})
	if !done || err != nil {
		return err
	}
	return h.enter(r, addr, true)
}

// insist makes a call. refused judges a failure, which must leave the heap sound. A hopeless
// call fails for ever.
func (h *largeModel) insist(refused func(error) error, hopeless bool, call func() error) (done bool, wrong error) {
	return vm.Insist(call, func(err error) error {
		if err := refused(err); err != nil {
			return err
		}
		h.fired = h.faults.fired.Load()
		return h.sound()
	}, func() (restore func()) {
		if hopeless || h.trace.steps%2 == 0 {
			return nil
		}
		limit := h.space.Limit()
		h.space.SetLimit(0)
		resume := h.faults.suspend()
		return func() {
			resume()
			h.space.SetLimit(limit)
		}
	})
}

// enter checks the object at addr and adds it to the shadow.
func (h *largeModel) enter(r request, addr uintptr, fresh bool) error {
	usable, err := h.heap.Usable(addr)
	if err != nil {
		return err
	}
	b := &block{addr: addr, requested: r.size, usable: int(usable), known: int(usable), align: r.align}
	switch {
	case b.usable < r.size:
		return fmt.Errorf("%v: not enough", b)
	case fresh && b.usable > r.maxUsable():
		return fmt.Errorf("%v: too much for %d bytes", b, r.size)
	case addr%r.aligned(false) != 0:
		return fmt.Errorf("%v is not aligned to %d", b, r.align)
	}
	if r.zero {
		if at := nonZero(b.bytes(r.size)); at >= 0 {
			return fmt.Errorf("%v: byte %d is not zero", b, at)
		}
	}
	b.id = h.newID()
	if err := h.add(b, fresh); err != nil {
		return err
	}
	b.fill()
	return nil
}

// refusal returns nil if the request may fail with err.
func (h *largeModel) refusal(r request, err error) error {
	limit := h.space.Limit()
	switch {
	case errors.Is(err, vm.ErrLimit) && limit > 0 && h.space.Footprint.Now()+int64(r.maxUsable()) > limit,
		errors.Is(err, vm.ErrOutOfMemory) && (r.hopeless() || h.faults.fired.Load() > h.fired):
		return nil
	}
	return fmt.Errorf("size %d, alignment %d: %w", r.size, r.align, err)
}

func (h *largeModel) freeOne() error {
	b := h.pick()
	if b == nil {
		return nil
	}
	if err := b.verify(); err != nil {
		return err
	}
	h.remove(b)
	return h.heap.Free(b.addr)
}

func (h *largeModel) resize() error {
	b := h.pick()
	if b == nil {
		return h.alloc()
	}
	if err := b.verify(); err != nil {
		return err
	}
	r := request{size: h.size(), align: b.align}
	lo, hi := b.seam(r.size)
	var addr uintptr
	refused := func(err error) error {
		if err := h.refusal(r, err); err != nil {
			return err
		}
		return b.verify()
	}
	done, err := h.insist(refused, r.hopeless(), func() (err error) {
		addr, err = h.resizeAt(b.addr, uintptr(r.size))
		return err
	})
	if !done || err != nil {
		return err
	}
	if err := b.verifyAt(addr, r.size); err != nil {
		return err
	}
	if err := b.seamAt(addr, lo, hi); err != nil {
		return err
	}
	h.remove(b)
	return h.enter(r, addr, false)
}

// resizeAt resizes the object at addr and returns its new address.
func (h *largeModel) resizeAt(addr, size uintptr) (uintptr, error) {
	d := largeheap.Descriptor(pagemap.Get(addr))
	err := h.heap.Claim(d, addr, largeheap.Resizing)
	if err != nil {
		return 0, err
	}
	d, addr, err = h.heap.Resize(d, size, size)
	h.heap.Unclaim(d)
	return addr, err
}

// ticks makes time pass: a few ticks, or enough for everything to be purged. Live objects
// keep their contents.
func (h *largeModel) ticks() error {
	n := 1 + h.in.below(48)
	h.trace.note(n)
	for range n {
		if err := h.purge(false); err != nil {
			return err
		}
	}
	return h.verify()
}

// purge makes a tick pass, or purges everything.
func (h *largeModel) purge(all bool) error {
	refused := func(err error) error {
		if h.faults.fired.Load() == h.fired {
			return err
		}
		return nil
	}
	_, err := h.insist(refused, false, func() error {
		_, err := h.heap.Purge(all)
		return err
	})
	return err
}

func (h *largeModel) trim() error {
	if err := h.purge(true); err != nil {
		return err
	}
	return h.verify()
}

func (h *largeModel) fail() error {
	which, amount := h.in.next(), h.in.next()
	h.trace.note(which, amount)
	h.faults.arm(which, amount)
	return nil
}

func (h *largeModel) heal() error {
	disarm()
	return nil
}

// limit sets a limit or, more often, removes it.
func (h *largeModel) limit() error {
	n := int64(0)
	if x := h.in.next(); x >= 160 {
		n = h.space.Footprint.Now() + int64(x-160)*(64<<10) + 1
	}
	h.space.SetLimit(n)
	return nil
}

// violate passes an address that is not a live object, or an object with a damaged
// header. The heap must return a violation and change nothing.
func (h *largeModel) violate() error {
	how, b := h.in.next(), h.pick()
	h.trace.note(how)
	addr := h.stale(how)
	switch {
	case how%3 == 1 && b != nil:
		addr = b.addr + 1 + uintptr(how/3)*16
	case how%3 == 2 && b != nil:
		addr = b.addr
		hit := &raw.Bytes(addr-64, 64)[how/3%64]
		*hit ^= 1
		defer func() { *hit ^= 1 }()
	}
	if addr == 0 {
		return nil
	}
	return h.violates(addr)
}

// violates returns an error unless each operation refuses the address.
func (h *largeModel) violates(addr uintptr) error {
	for i, do := range []func() error{
		func() error { _, err := h.heap.Usable(addr); return err },
		func() error { _, err := h.resizeAt(addr, 1<<20); return err },
		func() error { return h.heap.Free(addr) },
	} {
		var v *largeheap.Violation
		if err := do(); !errors.As(err, &v) {
			return fmt.Errorf("operation %d on %#x: %v, want a *Violation", i, addr, err)
		}
	}
	return nil
}

// end frees everything, checks that nothing is left, and closes the heap.
func (h *largeModel) end() error {
	disarm()
	h.space.SetLimit(0)
	h.trace.begin("end", 0)
	h.fired = h.faults.fired.Load()
	if err := h.verify(); err != nil {
		return err
	}
	if !h.leave {
		if err := h.freeAll(); err != nil {
			return err
		}
	}
	if err := h.heap.Close(); err != nil {
		return err
	}
	return h.nothingLeft()
}

// freeAll frees everything and trims the heap.
func (h *largeModel) freeAll() error {
	for len(h.live) > 0 {
		if err := h.freeOne(); err != nil {
			return err
		}
	}
	if err := h.trim(); err != nil {
		return err
	}
	return h.nothingLeft()
}

func (h *largeModel) nothingLeft() error {
	if m, n, f := h.space.Mapped.Now(), h.space.Mappings.Now(), h.space.Footprint.Now(); m != 0 || n != 0 || f != 0 {
		return fmt.Errorf("still held: %d bytes in %d mappings, a footprint of %d bytes", m, n, f)
	}
	return forgotten(h.seen, 0)
}
