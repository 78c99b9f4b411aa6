// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"sync"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// space is the account of all regions of the process.
var space vm.Space

// A frame is the address space of a region: what it shows, and what lies on either
// side of that without access.
type frame struct{ head, body, tail vm.Mapping }

// A footing says how a frame lies, in bytes.
type footing struct {
	lead  uintptr // of the body in front of what is aligned
	align uintptr // a power of two; the page size at least
	guard uintptr // on either side at least; 0: none wanted
	whole bool    // the pages are to be huge ones, up to the last
}

// footing returns how the frame of r lies.
func (r *Region) footing() footing {
	f := footing{lead: r.lead, align: max(uintptr(r.options.Align), vm.PageSize())}
	if r.kind == FileData {
		f.lead = 0 // a file's pages begin where they begin
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

// plain reports whether any address will do.
func (f footing) plain() bool { return f.guard == 0 && f.align <= vm.PageSize() }

// ahead returns how much of a reservation that is aligned lies in front of the body.
func (f footing) ahead() uintptr { return raw.AlignUp(f.lead+f.guard, f.align) - f.lead }

// newFrame maps size bytes of kind k as f says.
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
	placed, err := frame{body: m}.moved(size, f)
	if err != nil {
		remains.release(m)
		return frame{}, err
	}
	return placed, nil
}

// mapInPlace maps size bytes of kind k at once where f says. When a mapping moves, the
// kernel makes page tables for the part of it that shared one with its neighbours, and
// small pages in those: so a mapping for huge pages is not moved to its first place.
// It fails where another mapping of the process, or an old kernel, comes in between.
func mapInPlace(k vm.Kind, size uintptr, f footing) (frame, error) {
	ahead := f.ahead()
	start, reservation, err := space.Reserve(ahead+size+f.guard, f.align)
	if err != nil {
		return frame{}, err
	}
	var w frame
	w.head, w.body, w.tail, err = space.MapInto(reservation, start+ahead, size, k)
	if err != nil {
		_ = w.release() // what is refused remains
		return frame{}, err
	}
	return w.guarded(f), nil
}

// guarded returns the frame without what lies on either side, unless that guards it.
func (w frame) guarded(f footing) frame {
	if f.guard == 0 {
		remains.release(w.head)
		remains.release(w.tail)
		w.head, w.tail = vm.Mapping{}, vm.Mapping{}
	}
	return w
}

// resized returns the frame with a body of size bytes, the pages kept and moved if
// they must be. On failure it is as it was.
func (w frame) resized(size uintptr, f footing) (frame, error) {
	if !f.plain() {
		return w.moved(size, f)
	}
	body, err := space.Remap(w.body, size)
	return frame{body: body}, err
}

// moved reserves a new place, moves the body there and gives the old place up. A
// page without access, and not a hole, lies on either side at any time.
func (w frame) moved(size uintptr, f footing) (frame, error) {
	ahead := f.ahead()
	start, reservation, err := space.Reserve(ahead+size+f.guard, f.align)
	if err != nil {
		return w, err
	}
	var to frame
	to.head, to.body, to.tail, err = space.Place(w.body, reservation, start+ahead, size)
	if err != nil {
		remains.release(reservation)
		return w, err
	}
	remains.release(w.head)
	remains.release(w.tail)
	return to.guarded(f), nil
}

// release gives all of the frame back; what the kernel refuses remains.
func (w frame) release() error {
	return errors.Join(remains.release(w.body), remains.release(w.head), remains.release(w.tail))
}

// size returns the bytes of address space.
func (w frame) size() uintptr { return w.head.Size + w.body.Size + w.tail.Size }

// refusals are mappings that the kernel did not take back: nobody's any more, to
// be tried again whenever a region is made, resized or closed.
type refusals struct {
	mu       sync.Mutex
	mappings []vm.Mapping
}

var remains refusals

// release gives a mapping back. What is refused gives up its RAM at least.
func (r *refusals) release(m vm.Mapping) error {
	if m.Size == 0 {
		return nil
	}
	err := space.Release(m)
	if err != nil {
		_ = space.Purge(m.Base, m.Size, false)
		r.mu.Lock()
		r.mappings = append(r.mappings, m)
		r.mu.Unlock()
	}
	return err
}

// retry tries again what was refused.
func (r *refusals) retry() {
	r.mu.Lock()
	tried := r.mappings
	r.mappings = nil
	r.mu.Unlock()
	for _, m := range tried {
		_ = r.release(m)
	}
}

// bytes returns how much was refused.
func (r *refusals) bytes() (n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.mappings {
		n += int64(m.Size)
	}
	return n
}
