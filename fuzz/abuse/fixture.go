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
	Differs map[string]Report // by name of the case: reports that differ from the first mode
}

// Modes are the columns of the table. In all of them nothing happens in the background.
var Modes = []Mode{
	{"default", alloc.Options{Decay: -1}, nil},
	{"guarded", alloc.Options{Decay: -1, GuardRate: 1, ProfileRate: -1}, inGuarded},
	{"checked", alloc.Options{Decay: -1, Checked: true}, inChecked},
}

// The sizes in bytes of the blocks that cases use.
const (
	smallSize = 100
	largeSize = 1<<20 + 1000
)

// A Fixture is an Allocator on which one case runs.
type Fixture struct {
	a     *alloc.Allocator
	mode  *Mode
	leaks bytes.Buffer // the output of Close about live blocks
	l     *alloc.Local
	at    uintptr  // the address that is passed
	block uintptr  // the block that contains it; 0: none
	ends  []func() // cleanup functions; the last one runs first
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

// A failure is an error in a case that has nothing to do with its mistake.
type failure struct{ error }

// must returns p. It panics with a failure if err is not nil.
func must(p unsafe.Pointer, err error) unsafe.Pointer {
	if err != nil {
		panic(failure{err})
	}
	return p
}

// small and large return live blocks. A guarded block lies at the end of its slot.
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

// freed frees p and returns it.
func (s *Fixture) freed(p unsafe.Pointer) unsafe.Pointer {
	s.a.Free(p)
	return p
}

// sizeOf returns the size that a report contains for a block with n requested bytes.
func (s *Fixture) sizeOf(n int) int {
	if n == 0 || n >= sizeclass.LargeMin || s.mode.Options.Checked || s.mode.guarded() && n < sizeclass.PageSize {
		return n
	}
	return alloc.GoodSize(n)
}

// is records that p is passed, and that it lies in block, or in no block if block is nil.
func (s *Fixture) is(p, block unsafe.Pointer) unsafe.Pointer {
	s.at, s.block = raw.Addr(p), raw.Addr(block)
	return p
}

// block records that p is passed, the first byte of a block.
func (s *Fixture) blockAt(p unsafe.Pointer) unsafe.Pointer { return s.is(p, p) }

// inside records that an address at an offset in a block is passed.
func (s *Fixture) inside(block unsafe.Pointer, offset int) unsafe.Pointer {
	return s.is(at(block, offset), block)
}

// nobodys records that p is passed, which lies in no known block.
func (s *Fixture) nobodys(p unsafe.Pointer) unsafe.Pointer { return s.is(p, nil) }

// at returns the address offset bytes from p.
func at(p unsafe.Pointer, offset int) unsafe.Pointer {
	return raw.Pointer(raw.Addr(p) + uintptr(offset))
}

// write writes n bytes at p, one by one or with one copy.
func (s *Fixture) write(p unsafe.Pointer, n int, copied bool) {
	s.touch(p)
	to, data := unsafe.Slice((*byte)(p), n), written[:n]
	if n == 1 && to[0] == data[0] { // as the last byte of a header may be
		data = written[1:]
	}
	if copied {
		copy(to, data)
		return
	}
	for i := range to {
		to[i] = data[i]
	}
}

// read reads the byte at p.
func (s *Fixture) read(p unsafe.Pointer) byte {
	s.touch(p)
	return *(*byte)(p)
}

// touch prints the address of the next access, in case it ends the process.
func (s *Fixture) touch(p unsafe.Pointer) {
	s.at = raw.Addr(p)
	s.quiet(s.at)
}

// written is the data that overruns write.
var written = func() []byte {
	b := make([]byte, 1<<20)
	for i := range b {
		b[i] = byte(i%251) + 1
	}
	return b
}()

// works returns an error if the Allocator no longer works after a case.
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
				return fmt.Errorf("the block %p of %d bytes was allocated twice", p, size)
			}
			seen[p] = true
			blocks = append(blocks, p)
			copy(unsafe.Slice((*byte)(p), size), written[i+j:])
		}
		for j := range 6 {
			p := blocks[len(blocks)-6+j]
			n := min(size, 1<<10)
			if got, want := unsafe.Slice((*byte)(p), n), written[i+j:][:n]; string(got) != string(want) {
				return fmt.Errorf("the block %p of %d bytes has changed contents", p, size)
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

// wide reports whether addresses have unused high bits.
const wide = bits.UintSize == 64
