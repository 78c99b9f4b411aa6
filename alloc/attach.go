// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/stats"
)

// An Attachment is a block that belongs to an object of the Go heap, its owner. It frees the
// block once: when Free is called, or when the owner is lost. An owner is lost when the garbage
// collector finds it unreachable. All methods are safe for concurrent use.
type Attachment struct {
	m       Memory
	p       unsafe.Pointer
	size    int     // expected size of the block in bytes
	exact   bool    // the block has exactly size bytes
	made    uintptr // program counter of the call of Attach
	done    atomic.Bool
	cleanup runtime.Cleanup
}

// Attach makes the block p belong to owner. p must come from New for m. Attach is for types
// that own memory and are not always closed:
//
//	c := &cursor{...}
//	c.rows = alloc.Attach(c, a, rows)
//
// and func (c *cursor) Close() { c.rows.Free() }. A program that relies on the collector alone
// wastes memory: the collector does not know the size of the block and may run late. Therefore
// stats.Snapshot.Lost counts the blocks of lost owners by the call site of Attach.
//
// Use the block only while the owner is reachable. If necessary, call runtime.KeepAlive(owner)
// after the last use. The owner must not be reachable from what m or the block holds. If m is a
// Local, the block is freed through the Local's Allocator. After the Allocator is closed, an
// Attachment does nothing.
func Attach[O, T any](owner *O, m Memory, p *T) *Attachment {
	return attach(owner, m, unsafe.Pointer(p), elemSize[T](), true)
}

// AttachSlice is Attach for a slice, for example from MakeSlice or MallocBytes. s must begin at
// the start of its block.
func AttachSlice[O, E any](owner *O, m Memory, s []E) *Attachment {
	return attach(owner, m, unsafe.Pointer(unsafe.SliceData(s)), cap(s)*elemSize[E](), false)
}

func attach[O any](owner *O, m Memory, p unsafe.Pointer, size int, exact bool) *Attachment {
	if l, local := m.(*Local); local {
		m = l.a
	}
	t := &Attachment{m: m, p: p, size: size, exact: exact}
	var pcs [1]uintptr
	runtime.Callers(3, pcs[:])
	t.made = pcs[0]
	t.cleanup = runtime.AddCleanup(owner, (*Attachment).lost, t)
	runtime.KeepAlive(owner) // until cleanup is set
	return t
}

// Free frees the block. If the block was already freed or detached, Free does nothing. Misuse
// panics as in Allocator.Free.
func (t *Attachment) Free() {
	if t.take() {
		t.free()
	}
}

// Detach gives the block to the caller, who frees it as if it had never been attached. It
// reports false if the block was already freed or detached.
func (t *Attachment) Detach() bool { return t.take() }

// take reports whether this call is the first that takes the block. It then stops the cleanup.
func (t *Attachment) take() bool {
	if !t.done.CompareAndSwap(false, true) {
		return false
	}
	t.cleanup.Stop()
	return true
}

// lost counts the block of a lost owner and frees it.
func (t *Attachment) lost() {
	if !t.done.CompareAndSwap(false, true) {
		return
	}
	a := underlying(t.m)
	if n, live := requestedAt(raw.Addr(t.p)); live && a != nil {
		a.lost.add(t.made, int64(n))
	}
	t.free()
}

// free frees the block. If the Allocator is closed, its memory is already released, and free does
// nothing.
func (t *Attachment) free() {
	defer func() {
		r := recover()
		if e, ok := r.(*MisuseError); r != nil && (!ok || e.Kind != UseAfterClose) {
			panic(r)
		}
	}()
	freeValue(t.m, t.p, t.size, t.exact)
}

// lostBlocks counts the blocks of lost owners by the call site of Attach.
type lostBlocks struct {
	mu  interleave.Mutex
	all []lostAt // at most maxLostPlaces call sites, then one entry for all others
}

type lostAt struct {
	made          uintptr // program counter of the call site; 0 for all other call sites
	blocks, bytes int64
}

// maxLostPlaces is the maximum number of call sites that are counted separately.
const maxLostPlaces = 32

func (l *lostBlocks) add(made uintptr, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := func() int { return slices.IndexFunc(l.all, func(p lostAt) bool { return p.made == made }) }
	if at() < 0 {
		if len(l.all) >= maxLostPlaces {
			made = 0
		}
		if at() < 0 {
			l.all = append(l.all, lostAt{made: made})
		}
	}
	p := &l.all[at()]
	p.blocks++
	p.bytes += bytes
}

func (l *lostBlocks) stats() []stats.LostBlocks {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []stats.LostBlocks
	for _, p := range l.all {
		made := "(other places)"
		if p.made != 0 {
			f, _ := runtime.CallersFrames([]uintptr{p.made}).Next()
			made = fmt.Sprintf("%s %s:%d", f.Function, f.File, f.Line)
		}
		all = append(all, stats.LostBlocks{Made: made, Blocks: p.blocks, Bytes: p.bytes})
	}
	return all
}
