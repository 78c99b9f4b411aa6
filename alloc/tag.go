// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"slices"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/stats"
)

// A Tag is a Memory for one purpose of the program, such as its memtables or its index. It
// counts live blocks and their requested bytes. Allocator.Stats, the metrics and the live page
// show these numbers under the Tag's name. All methods are safe for concurrent use.
//
// The blocks come from the Allocator. Free and resize a block through the Tag that allocated
// it. Otherwise the Tag counts the block as live for ever.
//
// Counting adds about ten to twenty nanoseconds to each operation. The heap profile and its
// labels show which code holds memory without a cost for each operation.
type Tag struct {
	a      *Allocator
	name   string
	shards [tagShards]tagShard
}

const tagShards = 16

// A tagShard counts for some of the processors, so that processors rarely share a cache line.
// The numbers of one shard may be negative, because a block may be freed on another processor.
type tagShard struct {
	blocks, bytes atomic.Int64
	_             [48]byte // pads the shard to a cache line
}

var _ Memory = (*Tag)(nil)

// tags holds the Tags of an Allocator, in the order in which they were made.
type tags struct {
	mu  interleave.Mutex
	all []*Tag
}

// Tag returns the Allocator's Tag with the given name. The first call for a name makes the Tag.
// Later calls return the same Tag. A Tag exists as long as its Allocator.
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

// stats returns the counts of all Tags.
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

// add counts the block at p as live if p is a live block. It returns p and err unchanged.
func (t *Tag) add(p unsafe.Pointer, err error) (unsafe.Pointer, error) {
	if n, live := requestedAt(raw.Addr(p)); live {
		t.count(1, int64(n))
	}
	return p, err
}

func (t *Tag) count(blocks, bytes int64) {
	id := percpu.Pin()
	percpu.Unpin(id) // id only spreads the load over the shards
	s := &t.shards[id%tagShards]
	s.blocks.Add(blocks)
	s.bytes.Add(bytes)
}

// Malloc does what Allocator.Malloc does, and counts the block.
func (t *Tag) Malloc(size int) (unsafe.Pointer, error) { return t.add(t.a.Malloc(size)) }

// Calloc does what Allocator.Calloc does, and counts the block.
func (t *Tag) Calloc(n, size int) (unsafe.Pointer, error) { return t.add(t.a.Calloc(n, size)) }

// Memalign does what Allocator.Memalign does, and counts the block.
func (t *Tag) Memalign(align, size int) (unsafe.Pointer, error) {
	return t.add(t.a.Memalign(align, size))
}

// Realloc does what Allocator.Realloc does, and counts the block.
func (t *Tag) Realloc(p unsafe.Pointer, size int) (unsafe.Pointer, error) {
	return t.resize(p, func() (unsafe.Pointer, error) { return t.a.Realloc(p, size) })
}

// Recalloc does what Allocator.Recalloc does, and counts the block.
func (t *Tag) Recalloc(p unsafe.Pointer, kept, size int) (unsafe.Pointer, error) {
	return t.resize(p, func() (unsafe.Pointer, error) { return t.a.Recalloc(p, kept, size) })
}

// resize calls resize to resize the block p, and then counts the block as resized. The function
// resize panics if it does not resize p.
func (t *Tag) resize(p unsafe.Pointer, resize func() (unsafe.Pointer, error)) (unsafe.Pointer, error) {
	n, live := requestedAt(raw.Addr(p))
	q, err := resize()
	if err == nil && live {
		t.count(-1, -int64(n))
	}
	if err != nil {
		return q, err
	}
	return t.add(q, nil)
}

// Free does what Allocator.Free does, and counts the block.
func (t *Tag) Free(p unsafe.Pointer) { t.free(p, func() { t.a.Free(p) }) }

// free calls free to free the block p, and then counts it as freed. The function free panics if
// it does not free p.
func (t *Tag) free(p unsafe.Pointer, free func()) {
	n, live := requestedAt(raw.Addr(p))
	free()
	if live {
		t.count(-1, -int64(n))
	}
}

// MallocBatch does what Allocator.MallocBatch does, and counts the blocks.
func (t *Tag) MallocBatch(size int, blocks []unsafe.Pointer) (n int, err error) {
	n, err = t.a.MallocBatch(size, blocks)
	t.addBatch(blocks[:n])
	return n, err
}

// CallocBatch does what Allocator.CallocBatch does, and counts the blocks.
func (t *Tag) CallocBatch(size int, blocks []unsafe.Pointer) (n int, err error) {
	n, err = t.a.CallocBatch(size, blocks)
	t.addBatch(blocks[:n])
	return n, err
}

// addBatch counts live blocks.
func (t *Tag) addBatch(blocks []unsafe.Pointer) {
	bytes := uintptr(0)
	for _, p := range blocks {
		n, _ := requestedAt(raw.Addr(p))
		bytes += n
	}
	t.count(int64(len(blocks)), int64(bytes))
}

// FreeBatch does what Allocator.FreeBatch does, and counts the blocks.
func (t *Tag) FreeBatch(blocks []unsafe.Pointer) {
	n := 0
	defer inBatch(&n, len(blocks))
	for ; n < len(blocks); n++ {
		t.Free(blocks[n])
	}
}

// MallocBytes does what Allocator.MallocBytes does, and counts the block.
func (t *Tag) MallocBytes(n int) ([]byte, error) {
	p, err := t.Malloc(roomFor(n))
	return asBytes(p, n, err)
}

// CallocBytes does what Allocator.CallocBytes does, and counts the block.
func (t *Tag) CallocBytes(n int) ([]byte, error) {
	p, err := t.Calloc(1, roomFor(n))
	return asBytes(p, n, err)
}

// ReallocBytes does what Allocator.ReallocBytes does, and counts the block.
func (t *Tag) ReallocBytes(b []byte, n int) ([]byte, error) {
	if b == nil {
		return t.MallocBytes(n)
	}
	p, err := t.Realloc(unsafe.Pointer(unsafe.SliceData(b)), newSize(n))
	return asBytes(p, n, err)
}

// FreeBytes does what Allocator.FreeBytes does, and counts the block.
func (t *Tag) FreeBytes(b []byte) { FreeSlice(t, b) }
