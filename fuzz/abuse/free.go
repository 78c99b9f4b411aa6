// SPDX-License-Identifier: Apache-2.0

package abuse

import (
	"math"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
)

var doubleFrees = []Case{
	{Name: "free twice in a row", Category: doubleFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.blockAt(s.freed(s.small())) },
		Want: panics(alloc.DoubleFree, "", smallSize, "free", "free already")},
	{Name: "free twice, other frees between", Category: doubleFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			p, q, r := s.small(), s.small(), s.small()
			s.a.Free(p)
			s.a.Free(q)
			s.a.Free(r)
			return s.blockAt(p)
		},
		Want: panics(alloc.DoubleFree, "", smallSize, "free", "free already")},
	{Name: "free twice, one reused between", Category: doubleFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			p, q := s.small(), s.small()
			s.a.Free(p)
			s.a.Free(q)
			s.small() // q, most likely
			s.at = raw.Addr(p)
			s.small()
			return s.blockAt(s.freed(s.small()))
		},
		Want: panics(alloc.DoubleFree, "", smallSize, "free", "free already")},
	{Name: "free twice, a thousand frees between", Category: doubleFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			var all []unsafe.Pointer
			for range 1000 {
				all = append(all, s.small())
			}
			for _, p := range all {
				s.a.Free(p)
			}
			return s.blockAt(all[3])
		},
		Want: panics(alloc.DoubleFree, "", smallSize, "free", "free already")},
	{Name: "free twice, pages purged between", Category: doubleFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			p := s.freed(s.small())
			s.a.Trim()
			return s.nobodys(p)
		},
		Want: panics(alloc.ForeignPointer, "", 0, "", "not memory of this Allocator", "given back to the kernel")},
	{Name: "free twice, block allocated again between", Category: staleFree,
		Do: func(s *Fixture) error {
			p := s.freed(s.small())
			q := s.reuse(p)
			s.a.Free(p) // cannot be distinguished from the new owner's Free
			s.a.Free(s.blockAt(q))
			return nil
		},
		Want: later("at the new owner's Free", alloc.DoubleFree, "Free", smallSize, "free", "free already")},
	{Name: "free twice, from two goroutines at once", Category: doubleFree, Do: freeTogether(smallSize),
		Want: panics(alloc.DoubleFree, "Free|Malloc", smallSize, "free")},
	{Name: "free twice, large", Category: doubleFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.blockAt(s.freed(s.large())) },
		Want: panics(alloc.DoubleFree, "", largeSize, "free", "freed already")},
	{Name: "free twice, large, others between", Category: doubleFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			p := s.freed(s.large())
			s.freed(must(s.a.Malloc(3 * largeSize)))
			s.freed(s.small())
			return s.blockAt(p)
		},
		Want: panics(alloc.DoubleFree, "", largeSize, "free", "freed already")},
	{Name: "free twice, large, unmapped between", Category: doubleFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			p := s.freed(s.large())
			s.a.Trim()
			return s.blockAt(p)
		},
		Want: panics(alloc.DoubleFree, "", largeSize, "returned to the kernel", "freed already", "returned to the kernel")},
	{Name: "free twice, large, from two goroutines at once", Category: doubleFree, Do: freeTogether(largeSize),
		Want: panics(alloc.DoubleFree, "Free", largeSize, "free|released")},
	{Name: "free a block that Realloc moved", Category: doubleFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			p := s.small()
			must(s.a.Realloc(p, 1000))
			return s.blockAt(p)
		},
		Want: panics(alloc.DoubleFree, "", smallSize, "free", "free already")},
	{Name: "free a block that Realloc freed", Category: doubleFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			p := s.small()
			_, _ = s.a.Realloc(p, 0)
			return s.blockAt(p)
		},
		Want: panics(alloc.DoubleFree, "", smallSize, "free", "free already")},
}

// reuse allocates until it gets the block p again. It frees the other blocks a few at a
// time, because p may wait in a quarantine.
func (s *Fixture) reuse(p unsafe.Pointer) unsafe.Pointer {
	var others [50]unsafe.Pointer
	for range 1000 {
		for i := range others {
			if others[i] = s.small(); others[i] == p {
				return p
			}
		}
		for _, q := range others {
			s.a.Free(q)
		}
	}
	panic("the block is never reused")
}

// freeTogether frees one block from two goroutines, until a report names it.
func freeTogether(size int) func(*Fixture) error {
	return func(s *Fixture) error {
		for range 1000 {
			p := must(s.a.Malloc(size))
			s.blockAt(p)
			if v := race(func() { s.a.Free(p) }, func() { s.a.Free(p) }); v != nil {
				panic(v)
			}
			for range 400 { // both frees succeeded: the second entry appears now, or in another cache
				must(s.a.Malloc(size))
			}
		}
		return nil
	}
}

// race runs f and g concurrently and returns the value of a panic in either.
func race(f, g func()) (v any) {
	var all sync.WaitGroup
	var mu sync.Mutex
	start := make(chan struct{})
	for _, f := range []func(){f, g} {
		all.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					mu.Lock()
					v = r
					mu.Unlock()
				}
			}()
			<-start
			f()
		})
	}
	runtime.Gosched()
	close(start)
	all.Wait()
	return v
}

var invalidFrees = []Case{
	{Name: "free inside a block", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.inside(s.small(), 16) },
		Want: panics(alloc.InvalidPointer, "", smallSize, "live", "16 bytes inside a block")},
	{Name: "free a misaligned address", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.inside(s.small(), 1) },
		Want: panics(alloc.InvalidPointer, "", smallSize, "live", "1 byte inside a block")},
	{Name: "free inside a freed block", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.inside(s.freed(s.small()), 8) },
		Want: panics(alloc.InvalidPointer, "", smallSize, "free", "8 bytes inside a block")},
	{Name: "free on another page of a block", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.inside(must(s.a.Malloc(80<<10)), 4<<10) },
		Want: panics(alloc.InvalidPointer, "", 80<<10, "live", "4096 bytes inside a block")},
	{Name: "free a block that was never allocated", Category: invalidFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			p := must(s.a.Malloc(144)) // the first block of a new span
			return s.blockAt(at(p, 144))
		},
		Want: panics(alloc.InvalidPointer, "", 144, "never allocated", "never handed out")},
	{Name: "free after the last block of a span", Category: invalidFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			last := must(s.a.Malloc(6000))
			for range 9 { // a span has ten blocks, which do not fill its last page
				if p := must(s.a.Malloc(6000)); raw.Addr(p) > raw.Addr(last) {
					last = p
				}
			}
			return s.nobodys(at(last, alloc.GoodSize(6000)))
		},
		Want: panics(alloc.InvalidPointer, "", 0, "", "beyond the last block of a span")},
	{Name: "free inside a large object", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.inside(s.large(), 16) },
		Want: panics(alloc.InvalidPointer, "", largeSize, "live", "16 bytes into")},
	{Name: "free on another page of a large object", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.inside(s.large(), 4<<10) },
		Want: panics(alloc.InvalidPointer, "", largeSize, "live", "4096 bytes into")},
	{Name: "free the header of a large object", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.inside(s.large(), -64) },
		Want: panics(alloc.InvalidPointer, "", largeSize, "live", "64 bytes in front of")},
	{Name: "free the end of a large object", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.inside(s.large(), largeSize) },
		Want: panics(alloc.InvalidPointer, "", largeSize, "live", "0 bytes beyond the end")},
	{Name: "free 1 GiB away from a block", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.nobodys(raw.Pointer(raw.Addr(s.small()) ^ 1<<30)) },
		Want: panics(alloc.ForeignPointer, "", 0, "", foreign)},
	{Name: "free an address with high bits", Category: invalidFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			high := uintptr(1) << 31
			if wide {
				high = math.MaxInt/2 + 1
			}
			return s.nobodys(raw.Pointer(raw.Addr(s.small()) ^ high))
		},
		Want: panics(alloc.ForeignPointer, "", 0, "", foreign)},
	{Name: "free a small number", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.nobodys(raw.Pointer(4096)) },
		Want: panics(alloc.ForeignPointer, "", 0, "", foreign)},
	{Name: "free an address after the last span", Category: invalidFree,
		Bad: func(s *Fixture) unsafe.Pointer {
			return s.nobodys(at(s.small(), 8<<20)) // in a chunk that has not been used so far
		},
		Want: panics(alloc.ForeignPointer, "", 0, "", foreign)},
}

// foreign is the Report for memory that belongs to no Allocator.
const foreign = "not memory of this Allocator"

// static is static data of the program.
var static [64]byte

var foreignFrees = []Case{
	{Name: "free Go memory", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.nobodys(unsafe.Pointer(new([64]byte))) },
		Want: panics(alloc.ForeignPointer, "", 0, "", foreign, "Go memory")},
	{Name: "free a variable on the stack", Category: invalidFree, Do: freeStack,
		Want: panics(alloc.ForeignPointer, "Free", 0, "", foreign, "a stack")},
	{Name: "free static data", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.nobodys(unsafe.Pointer(&static)) },
		Want: panics(alloc.ForeignPointer, "", 0, "", foreign, "static data")},
	{Name: "free another Allocator's block", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.nobodys(must(s.other().Malloc(smallSize))) },
		Want: panics(alloc.WrongAllocator, "", 0, "", "another Allocator")},
	{Name: "free another Allocator's large object", Category: invalidFree,
		Bad:  func(s *Fixture) unsafe.Pointer { return s.nobodys(must(s.other().Malloc(largeSize))) },
		Want: panics(alloc.WrongAllocator, "", 0, "", "another Allocator")},
	{Name: "free a block of a closed Allocator", Category: invalidFree, Do: freeClosed(smallSize),
		Want: panics(alloc.UseAfterClose, "Free", 0, "", "was closed")},
	{Name: "free a large object of a closed Allocator", Category: invalidFree, Do: freeClosed(largeSize),
		Want: panics(alloc.UseAfterClose, "Free", 0, "", "was closed")},
	{Name: "free through an Allocator never used", Category: invalidFree,
		Do: func(s *Fixture) error {
			var unused alloc.Allocator
			s.ends = append(s.ends, func() { _ = unused.Close() })
			unused.Free(s.nobodys(s.small()))
			return nil
		},
		Want: panics(alloc.WrongAllocator, "Free", 0, "", "another Allocator")},
}

// freeStack frees a variable that stays on the stack, because its address is only
// converted to a number.
func freeStack(s *Fixture) error {
	var x [64]byte
	s.at = uintptr(unsafe.Pointer(&x))
	s.a.Free(unsafe.Pointer(&x))
	return nil
}

// other returns another Allocator.
func (s *Fixture) other() *alloc.Allocator {
	a, err := alloc.NewAllocator(alloc.Options{Decay: -1})
	if err != nil {
		panic(failure{err})
	}
	s.ends = append(s.ends, func() { _ = a.Close() })
	return a
}

// freeClosed closes the Allocator and frees one of its blocks.
func freeClosed(size int) func(*Fixture) error {
	return func(s *Fixture) error {
		p, a := must(s.a.Malloc(size)), s.a
		if err := a.Close(); err != nil {
			panic(failure{err})
		}
		s.a = nil
		a.Free(s.nobodys(p))
		return nil
	}
}
