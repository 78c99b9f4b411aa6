// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"iter"
	"runtime"
	"strings"
	"unsafe"

	"hash/maphash"

	"github.com/ashlar-go/ashlar/internal/addrmap"
	"github.com/ashlar-go/ashlar/internal/callstack"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Depth is the largest number of program counters that are kept of a stack.
const Depth = callstack.Depth

// A stack is the header of n program counters.
type stack struct {
	next    uintptr // in its chain
	hash    uint64  // of its frames
	buckets uintptr
	n       uint16
	used    bool // since evict came by
	kept    bool // it was given away by Known or Stack, and stays
}

// stacks is a hash table of stacks, by their frames, with chains.
type stacks struct {
	n, nBuckets int
	hand        uint64  // where evict goes on
	heads       uintptr // stackHeads words
	recent      uintptr // recentSize entries
}

// A recent is a recently used stack. It is found by its key or, if it has no key, by the hash
// of its program counters.
type recent struct {
	key   uint64
	stack uintptr
}

const (
	wordSize   = unsafe.Sizeof(uintptr(0))
	stackSize  = unsafe.Sizeof(stack{})
	stackHeads = 1 << 10
	headsSize  = stackHeads * wordSize
	recents    = 1 << 9
	recentSize = unsafe.Sizeof(recent{})
)

func stackAt(s uintptr) *stack { return raw.At[stack](s) }

func (s *stack) pcs() []uintptr {
	p := (*uintptr)(raw.Pointer(raw.Addr(unsafe.Pointer(s)) + stackSize))
	return unsafe.Slice(p, s.n)
}

func (s *stack) bytes() uintptr { return stackSize + uintptr(s.n)*wordSize }

// A Stack names a stack that its table keeps until Close. 0 is no stack.
type Stack uintptr

// Known returns the recently used stack with this key, or 0 if there is none.
func (t *Table) Known(key uint64) Stack {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.keep(t.stacks.find(key))
}

// Stack returns the stack of pcs, which are as runtime.Callers returns them, and remembers it
// by the key that callstack.Key returned. It returns 0 if there is no room.
func (t *Table) Stack(key uint64, pcs []uintptr) Stack {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.keep(t.stackOf(key, pcs))
}

// keep makes a stack, if it is one, stay in the table.
func (t *Table) keep(s uintptr) Stack {
	if s != 0 {
		stackAt(s).kept = true
	}
	return Stack(s)
}

// PCs returns the stack's program counters, which belong to the table.
func (s Stack) PCs() []uintptr { return stackAt(uintptr(s)).pcs() }

// bucketOf returns the bucket of a sample of stack st, or 0 if there is no room for one.
func (t *Table) bucketOf(s Sample, st uintptr) uintptr {
	if st == 0 {
		return 0
	}
	size := uint32(0)
	if s.Kind == Small || s.Kind == Arena && s.Size < sizeclass.LargeMin {
		size = uint32(s.Size)
	}
	labels := t.labelsOf(s.Labels)
	for b := stackAt(st).buckets; b != 0; b = bucketAt(b).next {
		if k := bucketAt(b); k.kind == s.Kind && k.size == size && k.labels == labels {
			return b
		}
	}
	if t.stacks.nBuckets == maxBuckets && !t.evict(st) {
		return 0
	}
	b := t.alloc(bucketSize)
	if b == 0 {
		return 0
	}
	t.stacks.nBuckets++
	*bucketAt(b) = bucket{next: stackAt(st).buckets, labels: labels, size: size, kind: s.Kind}
	stackAt(st).buckets = b
	return b
}

// find returns the recently used stack with this key, or 0 if there is none.
func (ss *stacks) find(key uint64) uintptr {
	if key == 0 || ss.recent == 0 {
		return 0
	}
	if lately := ss.lately(key); lately.key == key {
		stackAt(lately.stack).used = true
		return lately.stack
	}
	return 0
}

func (ss *stacks) lately(key uint64) *recent {
	return raw.At[recent](ss.recent + uintptr(key%recents)*recentSize)
}

// stackOf returns the stack with the frames that pcs resolve to, and remembers it by its key.
// It returns 0 if there is no room.
func (t *Table) stackOf(key uint64, pcs []uintptr) uintptr {
	ss := &t.stacks
	if t.closed || !t.tables() {
		return 0
	}
	if key == 0 {
		key = hashOf(pcs)
	}
	if st := ss.find(key); st != 0 {
		return st
	}
	st := t.resolve(pcs)
	if st != 0 {
		*ss.lately(key) = recent{key, st}
	}
	return st
}

// tables makes the hash tables of the stacks, once.
func (t *Table) tables() bool {
	ss := &t.stacks
	if ss.heads == 0 {
		ss.heads = t.alloc(headsSize)
	}
	if ss.recent == 0 {
		ss.recent = t.alloc(recents * recentSize)
	}
	return ss.heads != 0 && ss.recent != 0
}

func hashOf(pcs []uintptr) uint64 {
	h := uint64(len(pcs))
	for _, pc := range pcs {
		h = addrmap.Mix(h + uint64(pc))
	}
	return h
}

// resolve finds the stack with the same frames, or adds it.
func (t *Table) resolve(pcs []uintptr) uintptr {
	hash := hashFrames(pcs)
	head := t.stacks.head(hash)
	for s := *head; s != 0; s = stackAt(s).next {
		if st := stackAt(s); st.hash == hash && sameFrames(st.pcs(), pcs) {
			st.used = true
			return s
		}
	}
	if t.stacks.n == maxStacks && !t.evict(0) {
		return 0
	}
	s := t.alloc(stackSize + uintptr(len(pcs))*wordSize)
	if s == 0 {
		return 0
	}
	t.stacks.n++
	*stackAt(s) = stack{next: *head, hash: hash, n: uint16(len(pcs))}
	copy(stackAt(s).pcs(), pcs)
	*head = s
	return s
}

var seed = maphash.MakeSeed()

func hashFrames(pcs []uintptr) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for f := range Frames(pcs) {
		_, _ = h.WriteString(f.Function)
		_, _ = h.WriteString(f.File)
		maphash.WriteComparable(&h, f.Line)
	}
	return h.Sum64()
}

func sameFrames(a, b []uintptr) bool {
	next, stop := iter.Pull(Frames(b))
	defer stop()
	for f := range Frames(a) {
		g, ok := next()
		if !ok || f.Function != g.Function || f.File != g.File || f.Line != g.Line {
			return false
		}
	}
	_, more := next()
	return !more
}

// Frames resolves program counters, the innermost first. It leaves out the frames of the
// allocator, with which every stack begins.
func Frames(pcs []uintptr) iter.Seq[runtime.Frame] {
	return func(yield func(runtime.Frame) bool) {
		if len(pcs) == 0 {
			return
		}
		inside := true
		frames := runtime.CallersFrames(pcs)
		for {
			f, more := frames.Next()
			inside = inside && ours(&f)
			if !inside && f.Function != "" && !yield(f) || !more {
				return
			}
		}
	}
}

// ours reports whether a frame belongs to the allocator, and not to a test of it.
func ours(f *runtime.Frame) bool {
	const module = "github.com/ashlar-go/ashlar/"
	rest, ok := strings.CutPrefix(f.Function, module)
	return ok && (strings.HasPrefix(rest, "alloc.") || strings.HasPrefix(rest, "arena.") ||
		strings.HasPrefix(rest, "internal/arenahost.")) && !strings.HasSuffix(f.File, "_test.go")
}

// all returns the stacks.
func (ss *stacks) all() []uintptr {
	var all []uintptr
	for i := uintptr(0); ss.heads != 0 && i < stackHeads; i++ {
		for s := *raw.At[uintptr](ss.heads + i*wordSize); s != 0; s = stackAt(s).next {
			all = append(all, s)
		}
	}
	return all
}

// buckets returns the buckets of all stacks.
func (ss *stacks) buckets() []uintptr {
	all := make([]uintptr, 0, ss.nBuckets)
	for _, s := range ss.all() {
		for b := stackAt(s).buckets; b != 0; b = bucketAt(b).next {
			all = append(all, b)
		}
	}
	return all
}

func (ss *stacks) close(t *Table) {
	for _, b := range ss.buckets() {
		t.free(b, bucketSize)
	}
	for _, s := range ss.all() {
		t.free(s, stackAt(s).bytes())
	}
	if ss.heads != 0 {
		t.free(ss.heads, headsSize)
	}
	if ss.recent != 0 {
		t.free(ss.recent, recents*recentSize)
	}
	*ss = stacks{}
}
