// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/stats"
)

// An Attachment is a block that belongs to an object of the Go heap, its owner. It frees
// the block once: by Free, or when the owner was lost, that is when the collector finds
// that nothing leads to the owner any more. All methods are safe for concurrent use.
type Attachment struct {
	m       Memory
	p       unsafe.Pointer
	size    int  // bytes that the block is taken for
	exact   bool // it has no more
	made    uintptr
	done    atomic.Bool
	cleanup runtime.Cleanup
}

// Attach makes the block p, which New returned for m, belong to owner. It is for types
// that own memory and are not always closed:
//
//	c := &cursor{...}
//	c.rows = alloc.Attach(c, a, rows)
//
// and func (c *cursor) Close() { c.rows.Free() }. To rely on the collector alone wastes
// memory: it does not know how large the block is, and may come late. So blocks whose
// owners were lost are counted by the call site of Attach (stats.Snapshot.Lost).
//
// Use the block only while the owner is reachable: call runtime.KeepAlive(owner) after the
// last use if need be. The owner must not be reachable from what m or the block holds. A
// Local's block is freed through its Allocator. After Close of the Allocator an Attachment
// does nothing.
func Attach[O, T any](owner *O, m Memory, p *T) *Attachment {
	return attach(owner, m, unsafe.Pointer(p), elemSize[T](), true)
}

// AttachSlice is Attach for a slice, from MakeSlice or MallocBytes for example. s must
// begin where its block begins.
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

// Free frees the block, unless it is freed or detached already. Misuse panics as it does in
// Allocator.Free.
func (t *Attachment) Free() {
	if t.take() {
		t.free()
	}
}

// Detach makes the block the caller's, to be freed as if it had never been attached. It
// reports false if the block was freed or detached already.
func (t *Attachment) Detach() bool { return t.take() }

// take reports whether it is the first to take the block.
func (t *Attachment) take() bool {
	if !t.done.CompareAndSwap(false, true) {
		return false
	}
	t.cleanup.Stop()
	return true
}

// lost frees the block of an owner that was lost, and counts it.
func (t *Attachment) lost() {
	if !t.done.CompareAndSwap(false, true) {
		return
	}
	a := allocatorBehind(t.m)
	if n, live := requestedAt(raw.Addr(t.p)); live && a != nil {
		a.lost.add(t.made, int64(n))
	}
	t.free()
}

// free frees the block, unless the Allocator is closed, and its memory gone.
func (t *Attachment) free() {
	defer func() {
		r := recover()
		if e, ok := r.(*MisuseError); r != nil && (!ok || e.Kind != UseAfterClose) {
			panic(r)
		}
	}()
	freeValue(t.m, t.p, t.size, t.exact)
}

// lostBlocks counts blocks by the place where they were attached.
type lostBlocks struct {
	mu  sync.Mutex
	all []lostAt // of few places; the last stands for all others
}

type lostAt struct {
	made          uintptr // program counter; 0: of other places
	blocks, bytes int64
}

// maxLostPlaces is for how many places blocks are counted apart.
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
