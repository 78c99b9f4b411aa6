// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/stats"
)

// A Tag is a Memory for one purpose of the program, such as its memtables or its index. It
// counts the blocks and the requested bytes that are live, and Allocator.Stats, the metrics
// and the live page show them under the name. All methods are safe for concurrent use.
//
// Its blocks are the Allocator's. A block that was allocated through a Tag must be freed
// and resized through the same Tag, else it counts as live for ever.
//
// Counting costs an operation some ten to twenty nanoseconds. To know which code holds
// memory, without a cost for each operation, use the heap profile and its labels.
type Tag struct {
	a      *Allocator
	name   string
	shards [tagShards]tagShard
}

const tagShards = 16

// A tagShard counts for some processors, so that two do not pass a cache line to and fro.
// A shard alone may be negative: a block may be freed on another processor.
type tagShard struct {
	blocks, bytes atomic.Int64
	_             [48]byte // keeps neighbours apart
}

var _ Memory = (*Tag)(nil)

// tags are the Tags of an Allocator, in the order of their first use.
type tags struct {
	mu  sync.Mutex
	all []*Tag
}

// Tag returns the Allocator's Tag of a name. It makes the Tag at the first call; there is
// one for each name, for as long as the Allocator exists.
func (a *Allocator) Tag(name string) *Tag {
	a.tags.mu.Lock()
	defer a.tags.mu.Unlock()
	if i := slices.IndexFunc(a.tags.all, func(t *Tag) bool { return t.name == name }); i >= 0 {
		return a.tags.all[i]
	}
	t := &Tag{a: a, name: name}
	a.tags.all = append(a.tags.all, t)
	return t
}

// stats returns the numbers of all Tags.
func (t *tags) stats() []stats.Tag {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []stats.Tag
	for _, tag := range t.all {
		n := stats.Tag{Name: tag.name}
		for i := range tag.shards {
			n.Blocks += tag.shards[i].blocks.Load()
			n.Bytes += tag.shards[i].bytes.Load()
		}
		all = append(all, n)
	}
	return all
}

// add counts the block at p as live, if it is one, and returns p.
func (t *Tag) add(p unsafe.Pointer, err error) (unsafe.Pointer, error) {
	if n, live := requestedAt(raw.Addr(p)); live {
		t.count(1, int64(n))
	}
	return p, err
}

func (t *Tag) count(blocks, bytes int64) {
	id := percpu.Pin()
	percpu.Unpin(id) // it is only to spread the load
	s := &t.shards[id%tagShards]
	s.blocks.Add(blocks)
	s.bytes.Add(bytes)
}

// Malloc is Allocator.Malloc.
func (t *Tag) Malloc(size int) (unsafe.Pointer, error) { return t.add(t.a.Malloc(size)) }

// Calloc is Allocator.Calloc.
func (t *Tag) Calloc(n, size int) (unsafe.Pointer, error) { return t.add(t.a.Calloc(n, size)) }

// Memalign is Allocator.Memalign.
func (t *Tag) Memalign(align, size int) (unsafe.Pointer, error) {
	return t.add(t.a.Memalign(align, size))
}

// Realloc is Allocator.Realloc.
func (t *Tag) Realloc(p unsafe.Pointer, size int) (unsafe.Pointer, error) {
	n, live := requestedAt(raw.Addr(p))
	q, err := t.a.Realloc(p, size) // panics if p is misused
	if err == nil && live {
		t.count(-1, -int64(n))
	}
	if err != nil {
		return q, err
	}
	return t.add(q, nil)
}

// Free is Allocator.Free.
func (t *Tag) Free(p unsafe.Pointer) { t.free(p, func() { t.a.Free(p) }) }

// free frees the block p by a function that panics if it does not.
func (t *Tag) free(p unsafe.Pointer, free func()) {
	n, live := requestedAt(raw.Addr(p))
	free()
	if live {
		t.count(-1, -int64(n))
	}
}

// MallocBytes is Allocator.MallocBytes.
func (t *Tag) MallocBytes(n int) ([]byte, error) {
	p, err := t.Malloc(roomFor(n))
	return asBytes(p, n, err)
}

// CallocBytes is Allocator.CallocBytes.
func (t *Tag) CallocBytes(n int) ([]byte, error) {
	p, err := t.Calloc(1, roomFor(n))
	return asBytes(p, n, err)
}

// ReallocBytes is Allocator.ReallocBytes.
func (t *Tag) ReallocBytes(b []byte, n int) ([]byte, error) {
	if b == nil {
		return t.MallocBytes(n)
	}
	p, err := t.Realloc(unsafe.Pointer(unsafe.SliceData(b)), newSize(n))
	return asBytes(p, n, err)
}

// FreeBytes is Allocator.FreeBytes.
func (t *Tag) FreeBytes(b []byte) { FreeSlice(t, b) }
