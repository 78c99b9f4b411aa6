// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/largeobj/mmap"
	"github.com/ashlar-go/ashlar/stats"
)

// SharedOptions configure OpenShared. Set Size to make an arena. All other fields may be
// zero.
type SharedOptions struct {
	// Size is the length of a new arena, in bytes. It never changes. An arena that exists
	// keeps its size, and 0 accepts any.
	Size int

	// SharedOptions choose how to make or find the memory: its permissions, whether to take
	// its RAM at once, and so on.
	mmap.SharedOptions
}

// A sharedHeader is the first part of a shared arena. OpenShared writes it before other
// processes see the memory. One atomic operation changes each word, so a process that dies
// between two operations leaves nothing half done.
//
//	 0        64                                         used                      length
//	┌────────┬──────────────────────────────────────────┬─────────────────────────┐
//	│ header │ allocated, by whichever process          │ zero                    │
//	└────────┴──────────────────────────────────────────┴─────────────────────────┘
//
// used only grows. An allocation is a compare-and-swap of used; if several race, one wins
// and the others try again. If a process dies after its allocation, the allocated bytes
// stay unused.
type sharedHeader struct {
	magic    uint64 // sharedMagic
	used     uint64 // bytes, including the header
	root     uint64 // offset of the root; 0: none yet
	rootType uint64 // of the fingerprint of its type; 0: none yet
}

const sharedMagic = 0x01_73_7261_6c68_7361 // "ashlars", low byte first, then the format

// A SharedArena is an arena that several processes of one machine allocate from. Objects
// are reached from Root by refs. All memory is freed at once, after the name was removed
// and all processes have closed the arena.
//
// A SharedArena is safe for concurrent use, except Close. Processes must order their own
// reads and writes of objects: an AtomicRef publishes the object that it refers to.
type SharedArena struct {
	seen     view
	region   *mmap.Region
	name     string
	readOnly bool
}

// OpenShared opens the shared arena of a name, or makes it. With an empty name it makes an
// arena that other processes inherit as a descriptor (see File and OpenInherited). The name
// stays until mmap.RemoveShared removes it.
//
// The error is a *FileError. It wraps an error of package mmap if the memory cannot be
// opened. It wraps ErrForeign, ErrVersion or ErrDamaged if the memory does not hold an
// arena; the memory is not changed then.
func OpenShared(name string, o SharedOptions) (*SharedArena, error) {
	return openShared("OpenShared", name, o, func(m mmap.SharedOptions) (*mmap.Region, error) {
		return mmap.MapShared(name, o.Size, m)
	})
}

// OpenInherited opens the shared arena of an inherited descriptor. The caller still has to
// close f. The errors are those of OpenShared.
func OpenInherited(f *os.File, o SharedOptions) (*SharedArena, error) {
	return openShared("OpenInherited", f.Name(), o, func(m mmap.SharedOptions) (*mmap.Region, error) {
		return mmap.MapInherited(f, m)
	})
}

func openShared(op, name string, o SharedOptions, open func(mmap.SharedOptions) (*mmap.Region, error)) (*SharedArena, error) {
	s := &SharedArena{name: name, readOnly: o.ReadOnly}
	if o.Begin != nil {
		return nil, s.fail(op, fmt.Errorf("%w: SharedOptions.Begin is set", fs.ErrInvalid))
	}
	o.Begin = s.begin
	r, err := open(o.SharedOptions)
	if err != nil {
		return nil, s.fail(op, err)
	}
	s.region = r
	storeMemory.add(s.seen.base, uintptr(r.Len()))
	return s, nil
}

// begin writes the header of a new arena before others see it, and checks the header of an
// existing one. Memory without a valid header is not an arena.
func (s *SharedArena) begin(memory []byte, made bool) error {
	if len(memory) < dataFloor {
		return fmt.Errorf("%w: %d bytes", alloc.ErrInvalidSize, len(memory))
	}
	s.seen.base = raw.Addr(unsafe.Pointer(&memory[0]))
	h := s.header()
	s.seen.used = &h.used
	if made {
		h.magic, h.used = sharedMagic, dataFloor
	}
	const format = 0xff << 56
	switch magic := atomic.LoadUint64(&h.magic); {
	case magic == sharedMagic:
	case magic == bits.ReverseBytes64(sharedMagic):
		return fmt.Errorf("%w: it was made on a machine with another byte order", ErrForeign)
	case magic&^format == sharedMagic&^format && magic > sharedMagic:
		return fmt.Errorf("%w: format %d", ErrVersion, magic>>56)
	default:
		return fmt.Errorf("%w: the shared object holds something else", ErrForeign)
	}
	if used := atomic.LoadUint64(&h.used); used < dataFloor || used > uint64(len(memory)) {
		return fmt.Errorf("%w: the header says that %d of %d bytes are used", ErrDamaged, used, len(memory))
	}
	return nil
}

func (s *SharedArena) header() *sharedHeader { return raw.At[sharedHeader](s.seen.base) }

// take implements Store.
func (s *SharedArena) take(op string, size, align uint64) (uint64, error) {
	length := uint64(s.region.Len())
	switch {
	case length == 0:
		return 0, s.fail(op, alloc.ErrClosed)
	case s.readOnly:
		return 0, s.fail(op, ErrReadOnly)
	}
	align = max(align, minAlign)
	for {
		used := atomic.LoadUint64(s.seen.used)
		off := (used + align - 1) &^ (align - 1)
		if size > length || off > length-size {
			return 0, s.fail(op, fmt.Errorf("%w: %d bytes more than the %d in use exceed the size of %d",
				alloc.ErrLimit, size, used, length))
		}
		if atomic.CompareAndSwapUint64(s.seen.used, used, off+size) {
			return off, nil
		}
	}
}

// lengthen implements Store.
func (s *SharedArena) lengthen(off, size uint64) bool {
	length := uint64(s.region.Len())
	return !s.readOnly && off <= length && size <= length-off &&
		atomic.CompareAndSwapUint64(s.seen.used, off, off+size)
}

// findRoot implements Store. It sets the type first. If the process dies after that, the next
// one makes a root of the same type.
func (s *SharedArena) findRoot(op string, t fingerprint, size, align uint64) (uint64, error) {
	if s.region.Len() == 0 {
		return 0, s.fail(op, alloc.ErrClosed)
	}
	h, word := s.header(), t.word()
	if !s.readOnly {
		atomic.CompareAndSwapUint64(&h.rootType, 0, word)
	}
	switch known := atomic.LoadUint64(&h.rootType); {
	case known == 0:
		return 0, s.fail(op, fmt.Errorf("%w, and the arena has no root: open it for writing once", ErrReadOnly))
	case known != word:
		return 0, s.fail(op, ErrRootType)
	}
	if root := atomic.LoadUint64(&h.root); root != 0 {
		return root, nil
	}
	root, err := s.take(op, size, align)
	if err != nil {
		return 0, err
	}
	atomic.CompareAndSwapUint64(&h.root, 0, root)
	return atomic.LoadUint64(&h.root), nil
}

// File returns a new descriptor of the arena, for a process to inherit. The caller must
// close it.
func (s *SharedArena) File() (*os.File, error) {
	f, err := s.region.File()
	if err != nil {
		return nil, s.fail("File", err)
	}
	return f, nil
}

// Close unmaps the arena in this process. During and after Close nobody may use the arena
// or its objects. Further calls do nothing.
func (s *SharedArena) Close() error {
	s.seen.used = new(uint64) // from now on refs are invalid
	if n := s.region.Len(); n > 0 {
		storeMemory.remove(s.seen.base, uintptr(n))
	}
	if err := s.region.Close(); err != nil {
		return s.fail("Close", err)
	}
	return nil
}

// Stats returns the numbers of the arena. Reserved is its size, and Resets is 0.
func (s *SharedArena) Stats() stats.Arena {
	length, used := int64(s.region.Len()), int64(atomic.LoadUint64(s.seen.used))
	return stats.Arena{Name: s.name, Concurrent: true, Reserved: length,
		Used: used, Free: length - used, HighWater: used, Chunks: 1}
}

func (s *SharedArena) view() *view { return &s.seen }

func (s *SharedArena) fail(op string, err error) error {
	return &FileError{Op: op, Path: s.name, Err: err}
}
