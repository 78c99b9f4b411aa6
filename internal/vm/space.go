// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// Gauge is a quantity with the highest value it has had.
type Gauge struct{ now, peak atomic.Int64 }

// Add changes the quantity by n and raises the peak to match.
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

// Now returns the quantity.
func (g *Gauge) Now() int64 { return g.now.Load() }

// Peak returns the highest value that the quantity has had.
func (g *Gauge) Peak() int64 { return g.peak.Load() }

// A Space is one owner's account of memory. The zero value is an empty account
// without a limit. It is safe for concurrent use.
type Space struct {
	Mapped    Gauge // bytes of address space
	Footprint Gauge // bytes charged: those that may occupy RAM
	Mappings  Gauge // made, and made of others by guards and Place, less released

	// Unwatched says that the memory is not the race detector's to watch: structures of
	// the module itself, and blocks whose addresses a program keeps as numbers. In race
	// builds it is mapped then, and not Go's. Unwatched is set before the first mapping.
	Unwatched bool

	limit atomic.Int64 // of the footprint, bytes; 0: none
	held  atomic.Int64 // of the footprint: bytes that Hold added, and nobody may use yet
	calls [NumOps]atomic.Uint64
}

// mappings counts the live mappings of all spaces: the kernel's cap is one for
// the process.
var mappings atomic.Int64

// Mappings returns the number of live mappings of the process that this package
// made. The kernel may hold fewer, as it merges neighbours that are alike.
func Mappings() int64 { return mappings.Load() }

// Calls returns how often the kernel was called for this space.
func (s *Space) Calls(op Op) uint64 { return s.calls[op].Load() }

// SetLimit limits the footprint to n bytes; 0 removes the limit. A footprint
// above a new limit stays; it is further charges that fail.
func (s *Space) SetLimit(n int64) { s.limit.Store(n) }

// Limit returns the limit of the footprint in bytes, 0 if there is none.
func (s *Space) Limit() int64 { return s.limit.Load() }

// Charge adds n bytes to the footprint, or fails with ErrLimit and adds nothing.
func (s *Space) Charge(n uintptr) error {
	held := s.held.Load()
	now, err := s.take(n)
	if err == nil {
		s.raisePeak(now, held)
	}
	return err
}

// Hold is Charge for bytes that the kernel may still refuse: they count for the limit,
// but not for the peak. Confirm or Drop ends it.
func (s *Space) Hold(n uintptr) error {
	s.held.Add(int64(n))
	_, err := s.take(n)
	if err != nil {
		s.held.Add(-int64(n))
	}
	return err
}

// Confirm says that the kernel supplied n bytes that Hold added.
func (s *Space) Confirm(n uintptr) {
	held := s.held.Add(-int64(n))
	s.raisePeak(s.Footprint.Now(), held)
}

// Drop takes off again n bytes that Hold added.
func (s *Space) Drop(n uintptr) {
	s.Refund(n)
	s.held.Add(-int64(n))
}

// take adds n bytes to the footprint, and returns it, unless it would exceed the limit.
func (s *Space) take(n uintptr) (footprint int64, err error) {
	limit := s.limit.Load()
	if limit == 0 {
		return s.Footprint.now.Add(int64(n)), nil
	}
	for {
		now := s.Footprint.Now()
		if now > limit || uint64(n) > uint64(limit-now) { // a sum could overflow
			return 0, ErrLimit
		}
		if after := now + int64(n); s.Footprint.now.CompareAndSwap(now, after) {
			return after, nil
		}
	}
}

// raisePeak makes the peak at least a footprint without what was held. held was read
// before the footprint. The larger of what is held before and after it may be too much
// beside other calls, and makes no peak that never was.
func (s *Space) raisePeak(footprint, held int64) {
	s.Footprint.raise(footprint - max(held, s.held.Load()))
}

// Fits returns ErrLimit if a charge of n bytes would fail now. Whoever has work to do before
// the charge is spared it at the limit.
func (s *Space) Fits(n uintptr) error {
	if limit := s.limit.Load(); limit != 0 && uint64(n) > uint64(max(limit-s.Footprint.Now(), 0)) {
		return ErrLimit
	}
	return nil
}

// Refund takes n bytes off the footprint.
func (s *Space) Refund(n uintptr) { s.Footprint.Add(-int64(n)) }

// A Mapping is a range of address space that one call obtained, in bytes. What
// its owner uses of it may begin later, for alignment.
type Mapping struct{ Base, Size uintptr }

// Map maps size bytes, clean, and returns the mapping and the address in it,
// a multiple of align, from which size bytes are usable. size is a multiple of
// the kernel's page size and align a power of two.
func (s *Space) Map(size, align uintptr) (start uintptr, m Mapping, err error) {
	return s.mapAligned(size, align, s.mmap)
}

// mapAligned obtains size bytes at a multiple of align by way of mmap.
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

// trim unmaps what lies before start and behind start+size. What the kernel
// will not take back stays part of the mapping: it is clean, so it costs only
// address space, and goes when the mapping goes.
func (s *Space) trim(m Mapping, start, size uintptr) Mapping {
	if head := start - m.Base; head > 0 && s.munmap(m.Base, head) == nil {
		m = Mapping{start, m.Size - head}
	}
	end := start + size
	if tail := m.Base + m.Size - end; tail > 0 && s.munmap(end, tail) == nil {
		m.Size -= tail
	}
	return m
}

func (s *Space) mmap(size uintptr) (Mapping, error) {
	if err := s.enter(OpMap); err != nil {
		return Mapping{}, err
	}
	base, err := obtain(size, s.Unwatched)
	if err != nil {
		return Mapping{}, err
	}
	s.add(size)
	return Mapping{base, size}, nil
}

// add counts a new mapping of size bytes.
func (s *Space) add(size uintptr) {
	s.Mapped.Add(int64(size))
	s.count(1)
}

// count counts n mappings more.
func (s *Space) count(n int64) {
	s.Mappings.Add(n)
	mappings.Add(n)
}

// Release gives the mapping back to the kernel. If it fails the mapping is
// untouched and still the caller's.
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

// Purge gives the RAM behind the range back; the range stays mapped. With lazy
// the kernel takes pages only when it wants them, so the range then reads as
// zeros or as it was, page by page; otherwise it is clean: it reads as zeros.
func (s *Space) Purge(base, size uintptr, lazy bool) error {
	if err := s.enter(OpPurge); err != nil {
		return err
	}
	return sysPurge(base, size, lazy)
}

// Remap changes the size of a mapping, moving it if it must to grow, without
// copying: pages keep their contents and added ones are clean. A mapping that
// shrinks stays where it is. On failure the mapping is as it was.
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
