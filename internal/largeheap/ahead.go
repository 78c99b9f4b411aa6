// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"errors"
	"math/bits"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// The first access to each fresh page is a page fault, and a page that is read before it is written
// costs two. One kernel call that brings in all pages of an object takes less than half of that time.
// But a page that the program never writes should not be in RAM. So the heap fills an object's fresh
// pages ahead only if the program was seen to fill the fresh pages of the last objects of similar
// lengths.
//
// A few pages of each object, the probes, are never filled ahead. Whether the program has written
// them tells whether it fills its objects, also of an object that was filled ahead. The heap looks at
// the probes of the last object when it makes the next one. It reads the kernel's table and touches no
// page, so it does not matter what has become of the last object.
//
//	all probes written   patience halves, and if it is 0 now, the next object is filled ahead
//	otherwise            the heap does not look for the next patience objects, and patience becomes
//	                     4·patience + 4, at most maxPatience; if the last object was filled ahead,
//	                     patience is at least vainPatience before that
//
// So a program that ceases to fill its objects gets one in vain, and the next one only after it has
// filled many objects in a row. A program that fills some objects and not others soon gets none.
type ahead struct {
	mu   interleave.Mutex // held together with no other
	bins [aheadBins]aheadBin
}

// An aheadBin is what is known of the objects with fresh pages of 2ᵏ to 2ᵏ⁺¹ − 1 bytes.
type aheadBin struct {
	begin, end uintptr // the fresh pages of the last one; 0 if there is none
	ahead      bool    // the last one was filled ahead
	patience   uint32
	wait       uint32 // objects for which the heap does not look at the probes
}

const (
	// Fewer bytes than minAhead do not pay for looking at the probes. More than maxAhead would
	// make the call that allocates too long.
	minAhead    = 1 << 20
	maxAhead    = 32 << 20
	minAheadLog = 20
	aheadBins   = 6 // 2²⁰ … 2²⁵

	aheadProbes   = 8
	firstPatience = 2 // two filled objects make it 0
	vainPatience  = 1 << 6
	maxPatience   = 1 << 10
)

func (a *ahead) init() {
	for i := range a.bins {
		a.bins[i].patience = firstPatience
	}
}

// fillAhead brings the fresh pages among the n bytes at addr into RAM, if the program is likely to
// write them. They belong to o, which belongs to the caller.
func (h *Heap) fillAhead(o *object, addr, n uintptr) {
	if n < minAhead || n > maxAhead || !vm.Able(vm.ProcessView|vm.Populating) || h.fitsHuge(o.total()) {
		return
	}
	page := vm.PageSize()
	begin, end := raw.AlignUp(addr, page), raw.AlignDown(addr+n, page)
	b := &h.ahead.bins[bits.Len(uint(n))-1-minAheadLog]
	last, look := h.ahead.enter(b, begin, end)
	if !look {
		return
	}
	probes := probesOf(last.begin, last.end)
	filled, err := h.space.Written(probes[:])
	if errors.Is(err, vm.ErrKernelLacks) {
		h.ahead.stop(b)
	} else if h.ahead.learn(b, filled && err == nil, last.ahead) {
		h.populate(begin, end)
	}
}

// enter notes that an object of bin b has the fresh pages from begin to end. It returns what was
// known before, and whether the caller looks at the probes of the last object.
func (a *ahead) enter(b *aheadBin, begin, end uintptr) (last aheadBin, look bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	last = *b
	b.begin, b.end, b.ahead = begin, end, false
	if b.wait > 0 {
		b.wait--
		return last, false
	}
	return last, last.end != 0
}

// learn notes whether all probes of the last object were written, and whether it was filled ahead. It
// reports whether the present object is filled ahead.
func (a *ahead) learn(b *aheadBin, filled, ahead bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if filled {
		b.patience /= 2
		b.ahead = b.patience == 0
		return b.ahead
	}
	if ahead {
		b.patience = max(b.patience, vainPatience)
	}
	b.wait, b.patience = b.patience, min(4*b.patience+4, maxPatience)
	return false
}

// stop makes the heap look at no probes for a long time, because the kernel does not tell.
func (a *ahead) stop(b *aheadBin) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b.wait, b.patience = maxPatience, maxPatience
}

// probesOf returns the addresses of the probes among the pages from begin to end.
func probesOf(begin, end uintptr) (probes [aheadProbes]uintptr) {
	page := vm.PageSize()
	pages := (end - begin) / page
	for i := range probes {
		probes[i] = begin + pages*uintptr(2*i+1)/(2*aheadProbes)*page
	}
	return probes
}

// populate brings all pages from begin to end into RAM, except the probes. If the kernel refuses,
// each page is a fault later.
func (h *Heap) populate(begin, end uintptr) {
	page := vm.PageSize()
	for _, probe := range probesOf(begin, end) {
		if h.space.Advise(begin, probe-begin, vm.PopulateWrite) != nil {
			return
		}
		begin = probe + page
	}
	_ = h.space.Advise(begin, end-begin, vm.PopulateWrite)
}
