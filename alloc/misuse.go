// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// misuse describes what is wrong with an address at which no live block of a begins.
func (a *Allocator) misuse(op operation, r *resident) error {
	e := a.describeMisuse(op, r)
	if e.Allocator == "" {
		e.Allocator = a.options.Name
	}
	return e
}

// describeMisuse does the work of misuse. The error has the name of the Allocator that owns
// the memory at the address, if that Allocator has a name.
func (a *Allocator) describeMisuse(op operation, r *resident) *MisuseError {
	if a.gate.closed.Load() {
		return newMisuse(UseAfterClose, op, r.addr, "the Allocator was closed, and all its blocks with it: "+
			"some part of the program still uses them")
	}
	if r.kind == kindNone || r.kind != kindForeign && r.header().Kind == pagemap.Large {
		return describeLarge(op, r.addr, a.large.Report(r.addr))
	}
	if r.kind == kindForeign && r.isBeforeLarge() { // the end of an object of a can be in the same page
		if e := describeLarge(op, r.addr, a.large.Report(r.addr)); e.Block != 0 {
			return e
		}
	}
	return describeResident(op, r)
}

// misuseAt resolves addr and then calls misuse. It is for callers that have not resolved the
// address, or whose resident is out of date.
func (a *Allocator) misuseAt(op operation, addr uintptr) error {
	a.init() // gives a an identity if the program has not used it yet
	r := resolve(addr, a.id)
	return a.misuse(op, &r)
}

// misuseAnywhere describes why op, which has no Allocator, cannot work on the address of r. It enters
// the gate of the Allocator that owns the memory, because Close frees what the description reads.
func misuseAnywhere(op operation, r *resident) error {
	if a := r.allocator(); a != nil && a.gate.enter() {
		defer a.gate.leave()
		return a.misuseAt(op, r.addr)
	}
	return describeResident(op, &resident{addr: r.addr})
}

// describeResident describes why op cannot work on the address of r.
func describeResident(op operation, r *resident) *MisuseError {
	e := newMisuse(InvalidPointer, op, r.addr, "inside a large object, not at its start")
	switch {
	case r.kind == kindNone:
		e.Kind, e.Detail = ForeignPointer, unknownDetail
	case r.kind == kindForeign:
		e.Kind, e.Detail = WrongAllocator, "the block belongs to another Allocator: free it through that one"
	case r.header().Kind == pagemap.Span:
		describeSmall(e, op, r)
	case r.header().Kind == pagemap.Guarded:
		guardTableAt(r.d).inspect(e, op)
	case r.kind != kindInside:
		o := r.object().Describe()
		e.Kind, e.Detail = freedAs(op), freedDetail
		e.of(o.Base, int(o.Size), o.State.String())
	}
	return e
}

const freedDetail = "the block is free already"

const unknownDetail = "not memory of this Allocator: it is Go memory, a stack, static data or foreign, " +
	"or was given back to the kernel after its last block was freed"

// describeSmall writes to e what is at the address of r, which is in a span.
func describeSmall(e *MisuseError, op operation, r *resident) {
	h := *r.header()
	i := h.Index(r.addr)
	if !hasBlock(&h, i) {
		e.Detail = "beyond the last block of a span: never an address of a block"
		return
	}
	block := h.Base + uintptr(i)*uintptr(h.Size)
	e.of(block, int(h.Size), smallheap.Describe(*smallheap.StateOf(r.d, i)))
	if r.kind == kindFreed && e.State == "live" { // a shadow
		e.State = "free"
	}
	switch {
	case block != r.addr:
		e.Detail = insideBlock(int(r.addr - block))
	case e.State == "free":
		e.Kind, e.Detail = freedAs(op), freedDetail
	default:
		e.Detail = "the block was never handed out: the address was made up, or comes from an overwritten pointer"
	}
}

func insideBlock(n int) string { return bytesOf(n) + " inside a block, not at its start" }

// describeLarge converts err, the large heap's report of what is wrong with addr.
func describeLarge(op operation, addr uintptr, err error) *MisuseError {
	e := newMisuse(ForeignPointer, op, addr, unknownDetail)
	var v *largeheap.Violation
	if !errors.As(err, &v) {
		e.Detail = err.Error()
		return e
	}
	if o := v.Object; o.Base != 0 {
		e.Kind = largeKind(op, v)
		e.of(o.Base, int(o.Size), o.State.String())
		e.Detail = v.Reason.String()
		if v.Detail != "" {
			e.Detail += ": " + v.Detail
		}
	}
	return e
}

// largeKind returns the kind of misuse for a violation whose object is known.
func largeKind(op operation, v *largeheap.Violation) MisuseKind {
	switch {
	case v.Reason == largeheap.HeaderOverwritten:
		return DamagedHeader
	case v.Reason == largeheap.NotAnObject && v.Addr != v.Object.Base:
		return InvalidPointer
	}
	return freedAs(op) // the object was freed or moved, or another call works on it
}

// freeingTwice reports a block that another goroutine is freeing at this moment.
func freeingTwice(op operation, addr uintptr, size int) *MisuseError {
	return newMisuse(freedAs(op), op, addr, "another goroutine frees this block at the same time").of(addr, size, "free")
}

// freedTwiceAtOnce reports a block that two goroutines freed at the same moment. Each of them
// saw the block live and put it into a magazine. The caller found the second of the two
// magazine slots before the Allocator could hand out the block twice.
func freedTwiceAtOnce(op operation, addr uintptr, c sizeclass.Class) *MisuseError {
	return newMisuse(DoubleFree, op, addr, "two goroutines freed this block at the same time, earlier; "+
		"its second entry was found, and dropped, now").of(addr, c.Size(), "free or handed out again")
}

// sharedLocal reports that two goroutines use one Local at the same time.
func sharedLocal(op operation) *MisuseError {
	return newMisuse(SharedLocal, op, 0, "another goroutine uses this Local at the same time: "+
		"blocks may have been handed out twice, or lost; give each goroutine a Local of its own")
}
