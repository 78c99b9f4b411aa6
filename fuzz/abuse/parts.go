// SPDX-License-Identifier: Apache-2.0

package abuse

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// partFrees contains frees of parts of memory that can only be freed as a whole.
var partFrees = []Case{
	{Name: "free an object of an arena", Category: invalidFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			a := s.arena()
			first := unsafe.Pointer(arena.New[[64]byte](a)) // the start of the arena's chunk
			p := unsafe.Pointer(arena.New[[64]byte](a))
			return s.is(p, first)
		},
		Want: panics(alloc.InvalidPointer, "", 32<<10, "live", "64 bytes inside a block")},
	{Name: "free the first object of an arena", Category: invalidFree,
		Do: func(s *Fixture) error {
			a := s.arena()
			p := unsafe.Pointer(arena.New[[64]byte](a))
			s.a.Free(s.blockAt(p)) // frees the arena's chunk
			a.Free()
			return nil
		},
		Want: later("when the arena is freed", alloc.DoubleFree, "Free", 32<<10, "free", "free already")},
	{Name: "free the bytes of a region", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.nobodys(s.region()) },
		Want: panics(alloc.ForeignPointer, "", 0, "", foreign)},
	{Name: "free the header of a region", Category: invalidFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			return s.nobodys(raw.Pointer(raw.Addr(s.region()) - 64))
		},
		Want: panics(alloc.ForeignPointer, "", 0, "", foreign)},
}

// arena returns an arena on the Fixture's Allocator.
func (s *Fixture) arena() *arena.Arena {
	a, err := arena.NewArenaWithOptions(arena.Options{Allocator: s.a})
	if err != nil {
		panic(failure{err})
	}
	return a
}

// region returns the first byte of a Region.
func (s *Fixture) region() unsafe.Pointer {
	r, err := mmap.Map(1<<20, mmap.MapOptions{})
	if err != nil {
		panic(failure{err})
	}
	s.ends = append(s.ends, func() { _ = r.Close() })
	return unsafe.Pointer(unsafe.SliceData(r.Bytes()))
}
