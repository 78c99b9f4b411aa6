// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// space counts the memory of all regions of the process.
var space vm.Space

// A frame is the address space of a region: the body, and an inaccessible mapping on either
// side of it, if there is one.
type frame struct{ head, body, tail vm.Mapping }

// A footing says where a frame may lie.
type footing struct {
	lead  uintptr // bytes of the body in front of the byte that is aligned
	align uintptr // alignment of that byte: a power of two, the page size at least
	guard uintptr // minimum length of the mappings on either side in bytes; 0: none
	whole bool    // all pages should be transparent huge pages, the last one too
}

// footing returns where the frame of r may lie.
func (r *Region) footing() footing {
	f := footing{lead: r.lead, align: max(uintptr(r.options.Align), vm.PageSize())}
	if r.kind == FileData {
		f.lead = 0 // Align aligns the page in which the window begins
	}
	if r.huge != SmallPages {
		f.align = max(f.align, vm.HugePageSize())
		f.whole = r.huge == TransparentPages
	}
	if r.options.GuardPages {
		f.guard = vm.PageSize()
	}
	return f
}

// plain reports whether the body can be at any address.
func (f footing) plain() bool { return f.guard == 0 && f.align <= vm.PageSize() }

// ahead returns how much of a reservation lies in front of the body, if the reservation is
// aligned.
func (f footing) ahead() uintptr { return raw.AlignUp(f.lead+f.guard, f.align) - f.lead }

// newFrame makes a mapping of size bytes and kind k where f allows.
func newFrame(k vm.Kind, size uintptr, f footing) (frame, error) {
	if f.whole {
		if w, err := mapInPlace(k, size, f); err == nil {
			return w, nil
		}
	}
	m, err := space.MapKind(size, k)
	if err != nil || f.plain() {
		return frame{body: m}, err
	}
	placed, err := frame{body: m}.moved(size, f, k)
	if err != nil {
		remains.release(m)
		return frame{}, err
	}
	return placed, nil
}

// mapInPlace makes the mapping of newFrame at its final address. Moving a mapping there would
// cost huge pages: for the part that shared a page table with its neighbours, the kernel
// makes page tables, and later small pages.
//
// mapInPlace fails if another thread maps the addresses meanwhile, and on old kernels.
func mapInPlace(k vm.Kind, size uintptr, f footing) (frame, error) {
	ahead := f.ahead()
	start, reservation, err := space.Reserve(ahead+size+f.guard, f.align, k)
	if err != nil {
		return frame{}, err
	}
	var w frame
	w.head, w.body, w.tail, err = space.MapInto(reservation, start+ahead, size, k)
	if err != nil {
		_ = w.release() // refusals keeps what the kernel refuses
		return frame{}, err
	}
	return w.guarded(f), nil
}

// guarded returns the frame without the mappings on either side, unless they guard it.
func (w frame) guarded(f footing) frame {
	if f.guard == 0 {
		remains.release(w.head)
		remains.release(w.tail)
		w.head, w.tail = vm.Mapping{}, vm.Mapping{}
	}
	return w
}

// resized returns the frame, whose body is of kind k, with a body of size bytes. It keeps the pages, and moves them if
// necessary. On failure the frame is unchanged.
func (w frame) resized(size uintptr, f footing, k vm.Kind) (frame, error) {
	if !f.plain() {
		return w.moved(size, f, k)
	}
	body, err := space.RemapKind(w.body, size, k)
	return frame{body: body}, err
}

// moved reserves new address space, moves the body there, and gives the old address space
// back. At any time there is an inaccessible page on either side of the body, and never a
// hole that another thread could map.
func (w frame) moved(size uintptr, f footing, k vm.Kind) (frame, error) {
	ahead := f.ahead()
	start, reservation, err := space.Reserve(ahead+size+f.guard, f.align, k)
	if err != nil {
		return w, err
	}
	var to frame
	to.head, to.body, to.tail, err = space.Place(w.body, reservation, start+ahead, size, k)
	if err != nil {
		remains.release(reservation)
		return w, err
	}
	remains.release(w.head)
	remains.release(w.tail)
	return to.guarded(f), nil
}

// release gives the whole frame back. refusals keeps what the kernel refuses.
func (w frame) release() error {
	return errors.Join(remains.release(w.body), remains.release(w.head), remains.release(w.tail))
}

// size returns the number of bytes of address space.
func (w frame) size() uintptr { return w.head.Size + w.body.Size + w.tail.Size }
