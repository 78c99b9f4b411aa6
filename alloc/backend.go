// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A backend is what the slow paths of an Allocator do: unchecked, or checked (Options.Checked).
// It is chosen when the Allocator starts, and nothing asks which it is.
//
//	Malloc ─► fast path ─► slowMalloc ─► gate, retry, record ─► backend.malloc
//	Free   ─► fast path ─► slowFree   ─► gate, record        ─► backend.free
//
// A checked backend is built on a unchecked one, from which it has the memory of its blocks.
type backend interface {
	// malloc returns a block of size bytes at a multiple of align. If needZero is set, large
	// objects are returned zeroed. zeroed reports whether the block is known to be zero.
	malloc(h holder, op operation, size, align int, needZero bool) (addr uintptr, zeroed bool, err error)
	// realloc moves or resizes the block at addr, of whose contents the first kept bytes count.
	realloc(h holder, op operation, addr, kept uintptr, size int) (unsafe.Pointer, error)
	// free takes back the block at addr, or panics with a *MisuseError.
	free(h holder, op operation, addr uintptr)
	// freeValue is free for a value of size bytes. If exact is set, the block has no more.
	freeValue(h holder, addr uintptr, size int, exact bool)
	// traced reports whether a trace may know the block at addr, which is live and intact.
	traced(addr uintptr) bool

	// owner returns the identity of the Allocator whose blocks Free's fast path may take back.
	owner(id uintptr) uintptr
	// samplesAll reports whether every request takes the slow path.
	samplesAll() bool
	// yield gives back blocks that are kept from reuse, and reports whether there were any.
	yield(op operation) bool
	// damages returns what was overwritten that was nobody's to write, all errors joined.
	damages(op operation) error
	// leaks returns a report of all live blocks; nil if there are none.
	leaks() []byte
	// counts returns what the spans do not know of the blocks in them; nil for nothing.
	counts() *checkedCounts
	// splits returns how many guards of blocks have split their mappings.
	splits() int64
	// close forgets all blocks and returns what was wrong with them.
	close() error
}

func newBackend(a *Allocator) backend {
	if a.options.Checked {
		return newChecker(a)
	}
	return unchecked{a}
}

// unchecked is the backend of an Allocator that is not checked.
type unchecked struct{ a *Allocator }

func (b unchecked) malloc(h holder, op operation, size, align int, needZero bool) (addr uintptr, zeroed bool, err error) {
	return b.a.obtain(h, op, size, align, needZero)
}

func (b unchecked) realloc(h holder, op operation, addr, kept uintptr, size int) (unsafe.Pointer, error) {
	return b.a.reallocBlock(h, op, addr, kept, size)
}

func (b unchecked) free(h holder, op operation, addr uintptr) { b.a.freeBlock(h, op, addr) }

func (b unchecked) freeValue(h holder, addr uintptr, _ int, _ bool) { b.a.freeBlock(h, opFree, addr) }

func (b unchecked) traced(addr uintptr) bool { return b.a.isTraced(addr) }

func (b unchecked) owner(id uintptr) uintptr {
	if b.a.options.Hardening.ZeroOnFree { // Free has more to do with every block
		return noOwner
	}
	return id
}

func (b unchecked) samplesAll() bool        { return false }
func (b unchecked) yield(operation) bool    { return false }
func (b unchecked) damages(operation) error { return nil }
func (b unchecked) leaks() []byte           { return b.a.leakEstimate() }
func (b unchecked) counts() *checkedCounts  { return nil }
func (b unchecked) splits() int64           { return 0 }
func (b unchecked) close() error            { return nil }

// freeValue frees a value of size bytes, or up to size bytes unless exact is set, of m. An
// Allocator whose blocks the fast path of Free does not take back is told the size.
func freeValue(m Memory, p unsafe.Pointer, size int, exact bool) {
	var a *Allocator
	var h holder
	switch m := m.(type) {
	case *Allocator:
		a, h = m, (*processors)(m)
	case *Local:
		m.use()
		a, h = m.a, m
	case *Tag:
		m.free(p, func() { freeValue(m.a, p, size, exact) })
		return
	}
	if p == nil || a == nil || a.freesFast() {
		m.Free(p)
		return
	}
	s := a.gate.enter()
	if s == nil {
		a.freedLate(opFree, raw.Addr(p))
		return
	}
	defer s.leave()
	h.begin(opFree)
	defer h.end()
	a.recordFree(raw.Addr(p))
	a.backend.freeValue(h, raw.Addr(p), size, exact)
}
