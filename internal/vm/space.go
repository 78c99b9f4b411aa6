// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/invariants"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// Gauge is a quantity and its highest value so far.
type Gauge struct{ now, peak atomic.Int64 }

// Add adds n to the quantity and updates the peak.
func (g *Gauge) Add(n int64) int64 {
	now := g.now.Add(n)
	g.raise(now)
	return now
}

// raise makes the peak at least n.
func (g *Gauge) raise(n int64) {
	for peak := g.peak.Load(); n > peak && !g.peak.CompareAndSwap(peak, n); {
		peak = g.peak.Load()
	}
}

// Now returns the current quantity.
func (g *Gauge) Now() int64 { return g.now.Load() }

// Peak returns the highest value so far.
func (g *Gauge) Peak() int64 { return g.peak.Load() }

// A Space is one owner's account of memory. The zero value is an empty account without a
// limit. It is safe for concurrent use.
type Space struct {
	Mapped    Gauge // bytes of address space
	Footprint Gauge // bytes charged: they may occupy RAM
	Mappings  Gauge // mappings made, plus those that guards and Place add, minus those released

	// Unannotated is set if the race detector is not to follow the memory: the module's own
	// structures, and blocks whose addresses a program keeps as numbers. In race builds the
	// memory then comes from the kernel. Set it before the first mapping.
	Unannotated bool

	limit    atomic.Int64 // of the footprint in bytes; 0: no limit
	acquired atomic.Int64 // part of the footprint in bytes that Acquire added and nobody may use yet
	calls    [NumOps]atomic.Uint64
}

// mappings counts the live mappings of all spaces, because the kernel's limit applies to
// the process.
var mappings atomic.Int64

// Mappings returns the number of live mappings that this package has made in the process.
// The kernel may count fewer, because it merges similar neighbours.
func Mappings() int64 { return mappings.Load() }

// Calls returns the number of kernel calls made for this space.
func (s *Space) Calls(op Op) uint64 { return s.calls[op].Load() }

// SetLimit limits the footprint to n bytes; 0 removes the limit. If the footprint is
// above the new limit, it stays, and further charges fail.
func (s *Space) SetLimit(n int64) { s.limit.Store(n) }

// Limit returns the limit of the footprint in bytes, 0 if there is none.
func (s *Space) Limit() int64 { return s.limit.Load() }

// Charge adds n bytes to the footprint. If this would exceed the limit, it returns
// ErrLimit and adds nothing.
func (s *Space) Charge(n uintptr) error {
	acquired := s.acquired.Load()
	now, err := s.take(n)
	if err == nil {
		s.raisePeak(now, acquired)
	}
	return err
}

// Acquire is Charge for bytes that the kernel may still refuse. They count for the limit,
// but not for the peak, until Confirm or Drop is called.
func (s *Space) Acquire(n uintptr) error {
	s.acquired.Add(int64(n))
	_, err := s.take(n)
	if err != nil {
		s.acquired.Add(-int64(n))
	}
	return err
}

// Confirm records that the kernel has supplied n bytes that Acquire added.
func (s *Space) Confirm(n uintptr) {
	acquired := s.acquired.Add(-int64(n))
	s.raisePeak(s.Footprint.Now(), acquired)
}

// Drop removes n bytes that Acquire added.
func (s *Space) Drop(n uintptr) {
	s.Refund(n)
	s.acquired.Add(-int64(n))
}

// take adds n bytes to the footprint and returns it, unless it would exceed the limit.
func (s *Space) take(n uintptr) (footprint int64, err error) {
	limit := s.limit.Load()
	if limit == 0 {
		return s.Footprint.now.Add(int64(n)), nil
	}
	for {
		now := s.Footprint.Now()
		if now > limit || uint64(n) > uint64(limit-now) { // written so that no sum overflows
			return 0, ErrLimit
		}
		if after := now + int64(n); s.Footprint.now.CompareAndSwap(now, after) {
			return after, nil
		}
	}
}

// raisePeak raises the peak to the footprint minus the acquired bytes. It subtracts the
// larger of two values of acquired, read before and after the footprint. Next to concurrent
// calls that may be too much, but it never makes a peak that did not occur.
func (s *Space) raisePeak(footprint, acquired int64) {
	s.Footprint.raise(footprint - max(acquired, s.acquired.Load()))
}

// Fits returns ErrLimit if a charge of n bytes would fail now. A caller that has to do
// work before the charge can use it to avoid useless work.
func (s *Space) Fits(n uintptr) error {
	if limit := s.limit.Load(); limit != 0 && uint64(n) > uint64(max(limit-s.Footprint.Now(), 0)) {
		return ErrLimit
	}
	return nil
}

// Recharge adds n bytes to the footprint, regardless of the limit. The peak does not count them:
// they are about to be refunded as a part of a larger range.
func (s *Space) Recharge(n uintptr) { s.Footprint.now.Add(int64(n)) }

// Refund removes n bytes from the footprint.
func (s *Space) Refund(n uintptr) { s.Footprint.Add(-int64(n)) }

// A Mapping is a range of address space from one call, in bytes. Because of alignment,
// the part that its owner uses may begin later.
type Mapping struct{ Base, Size uintptr }

// Map maps size clean bytes. It returns the mapping and start, the first multiple of
// align in it with size usable bytes. size must be a multiple of the page size, and align
// a power of two.
func (s *Space) Map(size, align uintptr) (start uintptr, m Mapping, err error) {
	if alignsItself && align > PageSize() {
		m, err = s.mmapAt(size, align)
		return m.Base, m, err
	}
	return s.mapAligned(size, align, s.mmap)
}

// mapAligned obtains size bytes at a multiple of align with mmap.
func (s *Space) mapAligned(size, align uintptr, mmap func(uintptr) (Mapping, error)) (start uintptr, m Mapping, err error) {
	page := PageSize()
	if align <= page {
		m, err = mmap(size)
		return m.Base, m, err
	}
	if size+align < size {
		return 0, Mapping{}, ErrOutOfMemory
	}
	m, err = mmap(size + align - page)
	if err != nil {
		return 0, Mapping{}, err
	}
	start = raw.AlignUp(m.Base, align)
	return start, s.trim(m, start, size), nil
}

// trim unmaps the bytes before start and after start+size. If the kernel refuses, they
// stay part of the mapping until it is released. They are clean, so they cost only
// address space.
func (s *Space) trim(m Mapping, start, size uintptr) Mapping {
	if !Able(Parts) {
		return m
	}
	if head := start - m.Base; head > 0 && s.munmap(m.Base, head) == nil {
		m = Mapping{start, m.Size - head}
	}
	end := start + size
	if tail := m.Base + m.Size - end; tail > 0 && s.munmap(end, tail) == nil {
		m.Size -= tail
	}
	return m
}

func (s *Space) mmap(size uintptr) (Mapping, error) { return s.mmapAt(size, 0) }

// mmapAt maps size bytes. The kernel aligns them if align is not 0.
func (s *Space) mmapAt(size, align uintptr) (Mapping, error) {
	if err := s.enter(OpMap); err != nil {
		return Mapping{}, err
	}
	base, err := obtain(size, align, s.Unannotated)
	if err != nil {
		return Mapping{}, err
	}
	s.add(size)
	m := Mapping{base, size}
	s.preferSmall(m)
	return m, nil
}

// add counts a new mapping of size bytes.
func (s *Space) add(size uintptr) {
	s.Mapped.Add(int64(size))
	s.count(1)
}

// count adds n to the count of mappings.
func (s *Space) count(n int64) {
	s.Mappings.Add(n)
	mappings.Add(n)
}

// Release unmaps m. If it fails, m is unchanged and still belongs to the caller.
func (s *Space) Release(m Mapping) error {
	if err := s.munmap(m.Base, m.Size); err != nil {
		return err
	}
	s.count(-1)
	return nil
}

func (s *Space) munmap(base, size uintptr) error {
	if err := s.enter(OpRelease); err != nil {
		return err
	}
	if err := giveBack(base, size); err != nil {
		return err
	}
	s.Mapped.Add(-int64(size))
	return nil
}

// Purge returns the RAM of a range to the kernel; the range stays mapped. Without lazy
// the range is clean afterwards and reads as zeros. With lazy the kernel takes the pages
// only when it needs them, so each page reads as zeros or as before. base and size must be
// multiples of the page size: the kernel would round the end of the range up, and purge what
// lies beyond it.
func (s *Space) Purge(base, size uintptr, lazy bool) error {
	if invariants.Enabled && (base|size)&(PageSize()-1) != 0 {
		panic("vm: a part of a page is purged")
	}
	if err := s.enter(OpPurge); err != nil {
		return err
	}
	return sysPurge(base, size, lazy)
}

// Remap resizes a mapping that Map made. A mapping that grows may move; one that shrinks
// stays at its address. Pages keep their contents, and added pages are clean. If Remap
// fails, the mapping is unchanged. Without Moving, a growth that moves the mapping copies
// it, and both copies occupy RAM for a moment.
func (s *Space) Remap(m Mapping, size uintptr) (Mapping, error) {
	if err := s.enter(OpRemap); err != nil {
		return m, err
	}
	base, err := changeSize(m.Base, m.Size, size)
	if err != nil {
		return m, err
	}
	s.Mapped.Add(int64(size) - int64(m.Size))
	return Mapping{base, size}, nil
}

// RemapKind is Remap for a mapping of kind k. Without Moving the contents are copied, as far
// as the file does not have them, and locks and advice are lost.
func (s *Space) RemapKind(m Mapping, size uintptr, k Kind) (Mapping, error) {
	if err := s.enter(OpRemap); err != nil {
		return m, err
	}
	base, err := sysRemapKind(m.Base, m.Size, size, &k)
	if err != nil {
		return m, describe(OpRemap, size, err)
	}
	s.Mapped.Add(int64(size) - int64(m.Size))
	return Mapping{base, size}, nil
}
