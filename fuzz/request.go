// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A request contains the arguments of an allocation, in bytes.
type request struct {
	size  int
	align int // 0 if the operation has no alignment
	kept  int // the alignment that a Realloc which moves the block may have to keep
	zero  bool

	checked bool // by a checked Allocator
}

// valid reports whether the request is valid.
func (r request) valid() bool {
	return r.size >= 0 && r.align >= 0 && r.align&(r.align-1) == 0 && r.align <= alloc.MaxAlign
}

// place returns the block that the request should get, without its address: whether it is
// small or large, and its requested and usable sizes.
func (r request) place() block {
	if r.checked {
		return r.placeChecked()
	}
	n := max(r.size, 1)
	if r.align <= sizeclass.PageSize {
		n = int(raw.AlignUp(uintptr(n), uintptr(max(r.align, 1))))
	}
	if r.size < sizeclass.LargeMin && n < sizeclass.LargeMin && r.align <= sizeclass.PageSize {
		return block{requested: n, small: true, class: sizeclass.Of(n)}
	}
	return block{requested: max(r.size, 1)}
}

// block returns the block at an address if it is one that the request should get.
func (r request) block(at unsafe.Pointer) (block, error) {
	b := r.place()
	b.addr, b.usable = raw.Addr(at), alloc.UsableSize(at)
	if b.addr%r.aligned(b.small || r.checked && r.size < sizeclass.LargeMin) != 0 {
		return b, fmt.Errorf("size %d, alignment %d: got %p", r.size, r.align, at)
	}
	switch {
	case b.usable < r.size:
		return b, fmt.Errorf("%d bytes requested, %d usable", r.size, b.usable)
	case r.checked && b.usable != r.size:
		return b, fmt.Errorf("%d bytes requested, %d usable", b.requested, b.usable)
	case b.usable != b.requested && guarded(b.addr), !r.checked && b.small && b.usable != b.class.Size() && !guarded(b.addr):
		return b, fmt.Errorf("%d bytes requested, %d usable, want %d", b.requested, b.usable, b.class.Size())
	}
	if r.zero {
		if i := nonZero(b.bytes(r.size)); i >= 0 {
			return b, fmt.Errorf("%d bytes at %p: byte %d is not zero", r.size, at, i)
		}
	}
	return b, nil
}

// aligned returns the number of which the address must be a multiple.
func (r request) aligned(small bool) uintptr {
	if small {
		return uintptr(max(r.align, sizeclass.Granule))
	}
	return uintptr(max(r.align, 64))
}

// maxUsable returns the maximum usable size of a large block for the request. It is also the
// maximum by which the request can raise the footprint.
func (r request) maxUsable() int {
	n := r.size + r.align
	if r.checked {
		n += r.align
	}
	return (n+4*64<<10)/8*9 + 256<<10
}

// hopeless reports whether the request exceeds the memory of any machine, or of this one.
func (r request) hopeless() bool {
	if bits.UintSize == 32 {
		return r.size >= 16<<20 || r.align >= 16<<20 || r.kept >= 16<<20
	}
	return r.size >= math.MaxInt-1<<20
}

// settle makes an allocation. If there is a block, it adds the block to the shadow and fills
// all of it with a pattern.
func (p *runner) settle(r request, get func() (unsafe.Pointer, error)) error {
	b, err := p.take(r, get)
	if b == nil || err != nil {
		return err
	}
	b.known = min(b.usable, maxBytes) // on a 32-bit machine the block may take almost all memory
	return p.enter(b, true)
}

// enter adds a new block to the shadow and fills it.
func (p *runner) enter(b *block, fresh bool) error {
	b.id = p.newID()
	if err := p.add(b, fresh); err != nil {
		return err
	}
	b.fill()
	return nil
}

// judge returns the block that an allocation got, not yet part of the shadow.
func (p *runner) judge(r request, at unsafe.Pointer) (*block, error) {
	r.checked = p.checked
	if !r.valid() || at == nil {
		return nil, fmt.Errorf("size %d, alignment %d: got %p without an error", r.size, r.align, at)
	}
	b, err := r.block(at)
	return &b, err
}

// refusal returns nil if the request may fail with err.
func (p *runner) refusal(r request, err error) error {
	r.checked = p.checked
	var e *alloc.Error
	ok := false
	switch {
	case !errors.As(err, &e):
	case !r.valid():
		ok = errors.Is(err, alloc.ErrInvalidSize)
	case errors.Is(err, alloc.ErrLimit):
		ok = p.limited && p.overLimit(r)
	case errors.Is(err, alloc.ErrOutOfMemory):
		ok = r.hopeless() || p.faults.fired.Load() > p.fired // p.fired is set at the start of the operation, or is 0 if there are several runners
	}
	if !ok {
		return fmt.Errorf("size %d, alignment %d: %w", r.size, r.align, err)
	}
	return nil
}

// overLimit reports whether the request could exceed the limit.
func (p *runner) overLimit(r request) bool {
	if !p.alone || r.hopeless() {
		return true
	}
	s, err := p.snapshot()
	return err == nil && s.Footprint.Now+int64(r.maxUsable()) > s.Limit
}
