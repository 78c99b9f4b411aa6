// SPDX-License-Identifier: Apache-2.0

package abuse

import (
	"bytes"
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A Mode is a way to run an Allocator.
type Mode struct {
	Name    string
	Options alloc.Options
	Differs map[string]Report // what comes of a case, by its name, if not the same as in the first mode
}

// Modes are the columns of the table. Nothing happens by itself in any of them.
var Modes = []Mode{
	{"default", alloc.Options{Decay: -1}, nil},
	{"guarded", alloc.Options{Decay: -1, GuardRate: 1, ProfileRate: -1}, inGuarded},
	{"checked", alloc.Options{Decay: -1, Checked: true}, inChecked},
}

// The sizes of the blocks that cases are about, in bytes.
const (
	smallSize = 100
	largeSize = 1<<20 + 1000
)

// A Fixture is an Allocator on which one case is played.
type Fixture struct {
	a     *alloc.Allocator
	mode  *Mode
	leaks bytes.Buffer // what Close says is live
	l     *alloc.Local
	at    uintptr  // what is passed
	block uintptr  // the block it is in; 0: none
	ends  []func() // what to clean up, last first
	quiet func(addr uintptr)
}

// newFixture returns a Fixture in a mode.
func newFixture(m *Mode) (*Fixture, error) {
	s := &Fixture{mode: m, quiet: func(uintptr) {}}
	o := m.Options
	o.Leaks = &s.leaks
	var err error
	if s.a, err = alloc.NewAllocator(o); err != nil {
		return nil, err
	}
	s.l = s.a.NewLocal()
	return s, nil
}

// A failure is what a case could not do that had nothing to do with its mistake.
type failure struct{ error }

// must returns p.
func must(p unsafe.Pointer, err error) unsafe.Pointer {
	if err != nil {
		panic(failure{err})
	}
	return p
}

// small and large return live blocks. A guarded one lies at the end of its slot.
func (s *Fixture) small() unsafe.Pointer {
	p := must(s.a.Malloc(smallSize))
	for alloc.UsableSize(p) == smallSize && raw.Addr(p)%sizeclass.PageSize == 0 && s.mode.guarded() {
		s.a.Free(p)
		p = must(s.a.Malloc(smallSize))
	}
	return p
}

func (m *Mode) guarded() bool { return m.Options.GuardRate == 1 }

func (s *Fixture) large() unsafe.Pointer { return must(s.a.Malloc(largeSize)) }

// freed returns p, which it frees.
func (s *Fixture) freed(p unsafe.Pointer) unsafe.Pointer {
	s.a.Free(p)
	return p
}

// sizeOf returns what is said of the size of a block for which n bytes were asked.
func (s *Fixture) sizeOf(n int) int {
	if n == 0 || n >= sizeclass.LargeMin || s.mode.Options.Checked || s.mode.guarded() && n < sizeclass.PageSize {
		return n
	}
	return alloc.GoodSize(n)
}

// is says that p is passed, and that it lies in block, nil if in none.
func (s *Fixture) is(p, block unsafe.Pointer) unsafe.Pointer {
	s.at, s.block = raw.Addr(p), raw.Addr(block)
	return p
}

// block says that p is passed, at which a block begins.
func (s *Fixture) blockAt(p unsafe.Pointer) unsafe.Pointer { return s.is(p, p) }

// inside says that an address offset bytes from the start of block is passed.
func (s *Fixture) inside(block unsafe.Pointer, offset int) unsafe.Pointer {
	return s.is(at(block, offset), block)
}

// nobodys says that p is passed, of which no block is known.
func (s *Fixture) nobodys(p unsafe.Pointer) unsafe.Pointer { return s.is(p, nil) }

// at returns the address offset bytes from p.
func at(p unsafe.Pointer, offset int) unsafe.Pointer {
	return raw.Pointer(raw.Addr(p) + uintptr(offset))
}

// write writes n bytes from p on, one by one or by one copy.
func (s *Fixture) write(p unsafe.Pointer, n int, copied bool) {
	s.touch(p)
	to := unsafe.Slice((*byte)(p), n)
	if copied {
		copy(to, written[:n])
		return
	}
	for i := range to {
		to[i] = written[i]
	}
}

// read reads the byte at p.
func (s *Fixture) read(p unsafe.Pointer) byte {
	s.touch(p)
	return *(*byte)(p)
}

// touch tells what is going to be touched, should that be the end.
func (s *Fixture) touch(p unsafe.Pointer) {
	s.at = raw.Addr(p)
	s.quiet(s.at)
}

// written is what overruns write.
var written = func() []byte {
	b := make([]byte, 1<<20)
	for i := range b {
		b[i] = byte(i%251) + 1
	}
	return b
}()

// works reports what does not work any more after a case was played.
func (s *Fixture) works() error {
	var blocks []unsafe.Pointer
	seen := map[unsafe.Pointer]bool{}
	for i, size := range []int{0, 16, smallSize, 1000, 5000, 80000, 128 << 10, largeSize} {
		for j := range 6 {
			get := s.a.Malloc
			if j%2 == 1 {
				get = s.l.Malloc
			}
			p, err := get(size)
			if err != nil {
				return err
			}
			if seen[p] {
				return fmt.Errorf("the block %p of %d bytes was handed out twice", p, size)
			}
			seen[p] = true
			blocks = append(blocks, p)
			copy(unsafe.Slice((*byte)(p), size), written[i+j:])
		}
		for j := range 6 {
			p := blocks[len(blocks)-6+j]
			n := min(size, 1<<10)
			if got, want := unsafe.Slice((*byte)(p), n), written[i+j:][:n]; string(got) != string(want) {
				return fmt.Errorf("the block %p of %d bytes does not hold what was written", p, size)
			}
		}
	}
	for _, p := range blocks {
		s.a.Free(p)
	}
	return nil
}

// end closes the Fixture.
func (s *Fixture) end() error {
	for i := len(s.ends) - 1; i >= 0; i-- {
		s.ends[i]()
	}
	s.l.Close()
	return s.a.Close()
}

// wide says that addresses have bits to spare.
const wide = bits.UintSize == 64
