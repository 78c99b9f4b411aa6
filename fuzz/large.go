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

// maxObjects is how many objects a hoard has live.
const maxObjects = 64

// A hoard performs the operations of a stream on a heap of large objects by
// itself, where time is counted in beats and so can be played, and compares what
// happens with its shadow.
type hoard struct {
	heap  largeheap.Heap
	space vm.Space
	shadow
	in     stream
	faults faults
	fired  int64 // when the operation began
	trace  trace
	leave  bool // objects are left to Close
}

// hoardOps are what the values of an operation's byte mean, modulo their number.
var hoardOps = []struct {
	name string
	do   func(*hoard) error
}{
	{"alloc", (*hoard).alloc}, {"alloc", (*hoard).alloc}, {"alloc", (*hoard).alloc}, {"alloc", (*hoard).alloc},
	{"free", (*hoard).freeOne}, {"free", (*hoard).freeOne}, {"free", (*hoard).freeOne},
	{"resize", (*hoard).resize}, {"resize", (*hoard).resize}, {"resize", (*hoard).resize},
	{"beats", (*hoard).beats}, {"beats", (*hoard).beats},
	{"trim", (*hoard).trim},
	{"violate", (*hoard).violate},
	{"fail", (*hoard).fail},
	{"heal", (*hoard).heal},
	{"limit", (*hoard).limit},
}

// hoardOwner is the identity by which the page map knows the heap.
const hoardOwner = 1 << 20

// playHoard plays an input. Its first two bytes choose the heap's options and
// whether objects are left to Close.
func playHoard(data []byte) (err error) {
	defer disarm()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	h := &hoard{in: newStream(data)}
	options := h.in.next()
	h.leave = h.in.next()&1 == 1
	before := metadata.InUse()
	h.heap.Init(&h.space, hoardOwner, largeOptions(options))
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

func (h *hoard) step() error {
	o := hoardOps[h.in.next()%len(hoardOps)]
	h.trace.begin(o.name, 0)
	h.fired = h.faults.fired.Load()
	if err := o.do(h); err != nil {
		return err
	}
	return h.sound()
}

// sound checks the equations of package largeheap.
func (h *hoard) sound() error {
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
		{"requested", s.Requested, h.wanted},
	} {
		if q.got != q.want {
			return fmt.Errorf("%s: %d, should be %d: %+v", q.name, q.got, q.want, s)
		}
	}
	return nil
}

// pick returns a live object that the stream chooses, nil if there is none.
func (h *hoard) pick() *block {
	if len(h.live) == 0 {
		return nil
	}
	b := h.live[h.in.below(len(h.live))]
	h.trace.note(b.id)
	return b
}

// size takes a size from the stream: any but what no address space has.
func (h *hoard) size() int {
	n := h.in.size()
	if n <= 0 || n >= 1<<30 || h.bytes+n > maxBytes {
		n = 1 + n&0xfff
	}
	h.trace.note(n)
	return n
}

func (h *hoard) alloc() error {
	if len(h.live) >= maxObjects {
		return h.freeOne()
	}
	how := h.in.next()
	r := request{size: h.size(), align: 1 << (how % 23), zero: how >= 128}
	h.trace.note(r.align)
	addr, _, err := h.heap.Alloc(uintptr(r.size), uintptr(r.align), r.zero)
	if err != nil {
		return h.refusal(r, err)
	}
	return h.enter(r, addr, true)
}

// enter judges the object at addr and makes it part of the shadow.
func (h *hoard) enter(r request, addr uintptr, fresh bool) error {
	usable, err := h.heap.Usable(addr)
	if err != nil {
		return err
	}
	b := &block{addr: addr, asked: r.size, usable: int(usable), known: int(usable), align: r.align}
	switch {
	case b.usable < r.size:
		return fmt.Errorf("%v: not enough", b)
	case fresh && b.usable > r.most():
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

// refusal returns nil if err is an answer that the request deserves.
func (h *hoard) refusal(r request, err error) error {
	limit := h.space.Limit()
	switch {
	case errors.Is(err, vm.ErrLimit) && limit > 0 && h.space.Footprint.Now()+int64(r.most()) > limit,
		errors.Is(err, vm.ErrOutOfMemory) && (r.hopeless() || h.faults.fired.Load() > h.fired):
		return nil
	}
	return fmt.Errorf("size %d, alignment %d: %w", r.size, r.align, err)
}

func (h *hoard) freeOne() error {
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

func (h *hoard) resize() error {
	b := h.pick()
	if b == nil {
		return h.alloc()
	}
	if err := b.verify(); err != nil {
		return err
	}
	r := request{size: h.size(), align: b.align}
	lo, hi := b.seam(r.size)
	addr, err := h.resizeAt(b.addr, uintptr(r.size))
	if err != nil {
		if err := h.refusal(r, err); err != nil {
			return err
		}
		return b.verify()
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

// resizeAt changes the size of the object at addr and returns where it is then.
func (h *hoard) resizeAt(addr, size uintptr) (uintptr, error) {
	d := largeheap.Descriptor(pagemap.Get(addr))
	err := h.heap.Claim(d, addr, largeheap.Resizing)
	if err != nil {
		return 0, err
	}
	d, addr, err = h.heap.Resize(d, size, size)
	h.heap.Unclaim(d)
	return addr, err
}

// beats lets time pass, few beats or enough for everything to happen. What live
// objects hold does not change by it.
func (h *hoard) beats() error {
	n := 1 + h.in.below(48)
	h.trace.note(n)
	for range n {
		if _, err := h.heap.Purge(false); err != nil && h.faults.fired.Load() == h.fired {
			return err
		}
	}
	return h.verify()
}

func (h *hoard) trim() error {
	if _, err := h.heap.Purge(true); err != nil && h.faults.fired.Load() == h.fired {
		return err
	}
	return h.verify()
}

func (h *hoard) fail() error {
	which, amount := h.in.next(), h.in.next()
	h.trace.note(which, amount)
	h.faults.arm(which, amount)
	return nil
}

func (h *hoard) heal() error {
	disarm()
	return nil
}

// limit sets or, more often, removes a limit.
func (h *hoard) limit() error {
	n := int64(0)
	if x := h.in.next(); x >= 160 {
		n = h.space.Footprint.Now() + int64(x-160)*(64<<10) + 1
	}
	h.space.SetLimit(n)
	return nil
}

// violate passes an address that is no live object's, or one whose header was
// damaged. The heap must tell and change nothing.
func (h *hoard) violate() error {
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

// violates has each operation refuse the address.
func (h *hoard) violates(addr uintptr) error {
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

// end frees everything, after which nothing may be left, and closes the heap.
func (h *hoard) end() error {
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

// freeAll frees and trims everything.
func (h *hoard) freeAll() error {
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

func (h *hoard) nothingLeft() error {
	if m, n, f := h.space.Mapped.Now(), h.space.Mappings.Now(), h.space.Footprint.Now(); m != 0 || n != 0 || f != 0 {
		return fmt.Errorf("left behind: %d bytes in %d mappings, a footprint of %d bytes", m, n, f)
	}
	return forgotten(h.seen, 0)
}
