// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A backend does the work of an Allocator's slow paths. There are two backends: unchecked, and
// checked (Options.Checked). The Allocator chooses its backend when it starts. No other code
// tests which backend is in use.
//
//	Malloc ─► fast path ─► slowMalloc ─► gate, retry, record ─► backend.malloc
//	Free   ─► fast path ─► slowFree   ─► gate, record        ─► backend.free
//
// A checked backend is built on an unchecked one and obtains the memory of its blocks from it.
type backend interface {
	// malloc returns a block of size bytes at a multiple of align. If needZero is set, large
	// objects are returned zeroed. zeroed reports whether the block is known to be zero.
	malloc(h holder, op operation, size, align int, needZero bool) (addr uintptr, zeroed bool, err error)
	// realloc moves or resizes the block at addr. It preserves the first kept bytes of the block.
	realloc(h holder, op operation, addr, kept uintptr, size int) (unsafe.Pointer, error)
	// free takes back the block at addr, or panics with a *MisuseError.
	free(h holder, op operation, addr uintptr)
	// freeValue frees the block of a value of size bytes. If exact is set, the block has exactly
	// size bytes.
	freeValue(h holder, addr uintptr, size int, exact bool)
	// traced reports whether the block at addr is live and intact, and may be in a trace.
	traced(addr uintptr) bool

	// owner returns the identity of the Allocator whose blocks Free's fast path may take back.
	// id is the identity of the backend's Allocator.
	owner(id uintptr) uintptr
	// samplesAll reports whether every request takes the slow path.
	samplesAll() bool
	// yield gives back the blocks that the backend keeps from reuse. It reports whether there
	// were any.
	yield(op operation) bool
	// damages reports all memory that the program overwrote and was not allowed to write. It
	// joins the errors into one.
	damages(op operation) error
	// leaks returns a report of all live blocks. It returns nil if there are none.
	leaks() []byte
	// counts returns the counts that the spans do not keep of the blocks in them. It returns nil
	// if there are no such counts.
	counts() *checkedCounts
	// splits returns how many blocks have guard pages that split a mapping.
	splits() int64
	// close drops the backend's records of all blocks and returns what was wrong with the blocks.
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
	if b.a.options.Hardening.ZeroOnFree { // Free zeroes every block on its slow path
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

// freeValue frees the block of m at p, which holds a value of size bytes. If exact is not set,
// the value has at most size bytes. If Free's fast path does not take back the blocks of the
// Allocator, freeValue passes the size to the Allocator's backend.
func freeValue(m Memory, p unsafe.Pointer, size int, exact bool) {
	if a, ok := m.(*Allocator); ok && a.freesFast() { // the most frequent case, in a few instructions
		a.Free(p)
		return
	}
	freeSized(m, p, size, exact)
}

func freeSized(m Memory, p unsafe.Pointer, size int, exact bool) {
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
	if !a.gate.enter() {
		a.freedLate(opFree, raw.Addr(p))
		return
	}
	defer a.gate.leave()
	h.begin(opFree)
	defer h.end()
	a.recordFree(raw.Addr(p))
	a.backend.freeValue(h, raw.Addr(p), size, exact)
}
