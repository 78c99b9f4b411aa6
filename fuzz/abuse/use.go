// SPDX-License-Identifier: Apache-2.0

package abuse

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
)

var reallocs = []Case{
	{Name: "reallocate after free", Category: doubleFree,
		Do:   func(s *Fixture) error { _, err := s.a.Realloc(s.blockAt(s.freed(s.small())), 2*smallSize); return err },
		Want: panics(alloc.UseAfterFree, "Realloc", smallSize, "free", "free already")},
	{Name: "reallocate after free, large", Category: doubleFree,
		Do:   func(s *Fixture) error { _, err := s.a.Realloc(s.blockAt(s.freed(s.large())), 2*largeSize); return err },
		Want: panics(alloc.UseAfterFree, "Realloc", largeSize, "free", "freed already")},
	{Name: "reallocate Go memory", Category: invalidFree,
		Do: func(s *Fixture) error {
			_, err := s.a.Realloc(s.nobodys(unsafe.Pointer(new([64]byte))), 100)
			return err
		},
		Want: panics(alloc.ForeignPointer, "Realloc", 0, "", foreign)},
	{Name: "ask for the usable size of a freed block", Category: usableSize,
		Do:   func(s *Fixture) error { alloc.UsableSize(s.blockAt(s.freed(s.small()))); return nil },
		Want: panics(alloc.UseAfterFree, "UsableSize", smallSize, "free", "free already")},
	{Name: "ask for the usable size inside a block", Category: usableSize,
		Do:   func(s *Fixture) error { alloc.UsableSize(s.inside(s.small(), 16)); return nil },
		Want: panics(alloc.InvalidPointer, "UsableSize", smallSize, "live", "16 bytes inside a block")},
	{Name: "ask for the usable size of Go memory", Category: usableSize,
		Do: func(s *Fixture) error {
			alloc.UsableSize(s.nobodys(unsafe.Pointer(new([64]byte))))
			return nil
		},
		Want: panics(alloc.ForeignPointer, "UsableSize", 0, "", foreign)},
}

// overruns contains writes beyond the ends of live blocks.
var overruns = func() []Case {
	var all []Case
	for _, n := range []int{1, 8, 32, 1 << 20} {
		for _, copied := range []bool{false, true} {
			all = append(all,
				Case{Name: "overflow by " + bytesBy(n, copied), Category: overflow, Want: unnoticed,
					Do: func(s *Fixture) error {
						p := s.small()
						s.write(at(p, alloc.UsableSize(p)), n, copied)
						s.a.Free(s.blockAt(p))
						return nil
					}},
				Case{Name: "underflow by " + bytesBy(n, copied), Category: underflow, Want: unnoticed,
					Do: func(s *Fixture) error {
						p := s.farther(n)
						s.write(at(p, -n), n, copied)
						s.a.Free(s.blockAt(p))
						return nil
					}})
		}
	}
	for _, n := range []int{1, 8, 32} {
		for _, copied := range []bool{false, true} {
			all = append(all,
				Case{Name: "overflow of a large object by " + bytesBy(n, copied), Category: overflowLarge, Want: unnoticed,
					Do: func(s *Fixture) error {
						p := s.large()
						s.write(at(p, largeSize), n, copied) // into the unused end of the last page
						s.a.Free(s.blockAt(p))
						return nil
					}},
				Case{Name: "underflow of a large object by " + bytesBy(n, copied), Category: underflow,
					Do: func(s *Fixture) error {
						p := s.large()
						s.write(at(p, -n), n, copied)
						s.a.Free(s.blockAt(p))
						return nil
					},
					Want: later("at its Free", alloc.DamagedHeader, "Free", largeSize, "live", "header was overwritten", "suspect an underflow of this object")})
		}
	}
	return append(all,
		Case{Name: "overflow of a large object into the next one", Category: overflowLarge, Do: intoNext,
			Want: later("at the next one's Free", alloc.DamagedHeader, "Free", largeSize, "live", "header was overwritten")},
		Case{Name: "overwrite the header of a large object", Category: underflow,
			Do: func(s *Fixture) error {
				p := s.large()
				s.write(at(p, -64), 16, false)
				_, err := s.a.Realloc(s.blockAt(p), 2*largeSize)
				return err
			},
			Want: later("at its Free or Realloc", alloc.DamagedHeader, "Realloc", largeSize, "live", "header was overwritten", "suspect a wild write")},
	)
}()

// bytesBy formats a number of bytes and the way in which they are written.
func bytesBy(n int, copied bool) string {
	unit := "byte"
	if n > 1 {
		unit = "bytes"
	}
	text := fmt.Sprintf("%d %s", n, unit)
	if n == 1<<20 {
		text = "1 MiB"
	}
	if copied {
		return text + ", copied"
	}
	return text + ", stored"
}

// farther returns a small block that has n bytes of the Allocator's memory before it.
func (s *Fixture) farther(n int) unsafe.Pointer {
	first := s.small()
	for range 1 << 20 {
		if p := s.small(); raw.Addr(p)-raw.Addr(first) >= uintptr(n) && raw.Addr(p) > raw.Addr(first) {
			return p
		}
	}
	panic("the addresses of new blocks do not increase")
}

// intoNext overflows a large object into the object whose mapping follows.
func intoNext(s *Fixture) error {
	objects := []unsafe.Pointer{}
	for range 64 {
		p := s.large()
		for _, q := range objects {
			low, high := min(uintptr(p), uintptr(q)), max(uintptr(p), uintptr(q))
			if high-low < largeSize+64<<10 {
				from := raw.Pointer(low + largeSize)
				s.write(from, int(high-low)-largeSize, true)
				s.a.Free(s.blockAt(raw.Pointer(high)))
				return errors.New("the overflow was not noticed")
			}
		}
		objects = append(objects, p)
	}
	return errors.New("no two mappings are adjacent")
}

// afterFree contains uses of freed memory.
var afterFree = []Case{
	{Name: "write after free", Category: writeAfterFree, Want: unnoticed,
		Do: func(s *Fixture) error {
			s.write(s.blockAt(s.freed(s.small())), smallSize, true)
			return nil
		}},
	{Name: "write after free, and reuse", Category: writeAfterFree, Want: unnoticed,
		Do: func(s *Fixture) error {
			p := s.blockAt(s.freed(s.small()))
			s.write(p, smallSize, false)
			s.reuse(p)
			return nil
		}},
	{Name: "write after free, large", Category: largeAfterFree, Want: unnoticed,
		Do: func(s *Fixture) error {
			s.write(s.blockAt(s.freed(s.large())), smallSize, true)
			return nil
		}},
	{Name: "write after free, large, unmapped between", Category: largeAfterFree, Want: faults,
		Do: func(s *Fixture) error {
			p := s.freed(s.large())
			s.a.Trim()
			s.write(p, 1, false)
			return nil
		}},
	{Name: "read after free", Category: readAfterFree, Want: unnoticed,
		Do: func(s *Fixture) error {
			s.read(s.freed(s.small()))
			return nil
		}},
	{Name: "read after free, large", Category: largeAfterFree, Want: unnoticed,
		Do: func(s *Fixture) error {
			s.read(s.freed(s.large()))
			return nil
		}},
	{Name: "read after free, large, unmapped between", Category: largeAfterFree, Want: faults,
		Do: func(s *Fixture) error {
			p := s.freed(s.large())
			s.a.Trim()
			s.read(p)
			return nil
		}},
	{Name: "read or write a block of size zero", Category: overflow, Want: unnoticed,
		Do: func(s *Fixture) error {
			p := must(s.a.Malloc(0))
			s.read(p)
			s.write(p, 1, false)
			s.a.Free(s.blockAt(p))
			return nil
		}},
	{Name: "lose a block", Category: leak, Want: unnoticed,
		Do: func(s *Fixture) error {
			s.small()
			s.large()
			return nil
		}},
}
