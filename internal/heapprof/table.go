// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/addrmap"
	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// The bounds of a table: about 18 MiB of records, 5 MiB of stacks, 3 MiB of buckets and
// 0.5 MiB of labels.
const (
	maxRecords = 1 << 18
	maxStacks  = 8 << 10
	maxBuckets = 32 << 10
	maxLabels  = 1 << 9
)

// A Kind is the kind of a sampled block.
type Kind uint8

// The kinds.
const (
	Small Kind = iota
	Large
	Arena
)

func (k Kind) String() string { return [...]string{"small", "large", "arena"}[k] }

// A Sample describes a sampled block.
type Sample struct {
	Addr   uintptr
	Size   uintptr // bytes
	Kind   Kind
	Weight float64 // blocks that it stands for
	Labels string  // of the goroutine, encoded (package proflabel)
	Stack  uint64  // key of the stack from callstack.Key; 0: none
}

// A Table holds samples. The zero value is an empty one.
type Table struct {
	mu      interleave.Mutex
	records addrmap.Map[record]
	stacks  stacks
	labels  labelSets
	list    list
	seq     uint64  // samples kept since the start
	live    float64 // bytes, estimated
	peak    float64 // live bytes at the last note
	used    int64   // bytes of metadata, without the records
	dropped Dropped
	closed  bool
}

// Dropped counts samples for which there was no room.
type Dropped struct {
	Samples        int64
	Objects, Bytes float64 // of all blocks that the samples stand for, and those of stacks that were evicted
}

// Usage is the size of a table's contents.
type Usage struct {
	Samples, Stacks int64 // live samples; stacks in the table
	Bytes           int64 // of metadata
	Dropped         Dropped
}

// A bucket contains the sums of one stack, kind, size and set of labels. The size is 0
// for blocks without a size class: large objects and large chunks of arenas.
type bucket struct {
	next                     uintptr // next bucket of the stack
	labels                   uintptr
	size                     uint32
	kind                     Kind
	live                     int64 // records
	allocObjects, allocBytes float64
	liveObjects, liveBytes   float64
	peakObjects, peakBytes   float64
}

const bucketSize = unsafe.Sizeof(bucket{})

func bucketAt(b uintptr) *bucket { return raw.At[bucket](b) }

// AddKnown keeps a sample whose stack is named by its key, s.Stack. If the table does not
// know the key, known is false and AddKnown does nothing; call Add with the stack itself.
func (t *Table) AddKnown(s Sample) (kept, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	st := t.stacks.find(s.Stack)
	if st == 0 {
		return false, false
	}
	return t.add(s, st, 1, s.Size), true
}

// Add keeps a sample with the stack that allocated it and reports whether there was
// room. pcs are as runtime.Callers returns them.
func (t *Table) Add(s Sample, pcs []uintptr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.add(s, t.stackOf(s.Stack, pcs), 1, s.Size)
}

// AddGrown keeps a sample of a block that was allocated earlier, without a sample, and has now
// grown. It counts the added bytes, and no allocation.
func (t *Table) AddGrown(s Sample, by uintptr, pcs []uintptr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.add(s, t.stackOf(s.Stack, pcs), 0, by)
}

// add keeps a sample of stack st. st is 0 if there was no room for the stack.
func (t *Table) add(s Sample, st uintptr, objects float64, bytes uintptr) bool {
	b := t.bucketOf(s, st)
	if b == 0 || !t.insert(s, b) {
		t.dropped.Samples++
		t.dropped.Objects += objects * s.Weight
		t.dropped.Bytes += float64(bytes) * s.Weight
		return false
	}
	k := bucketAt(b)
	k.allocObjects += objects * s.Weight
	k.allocBytes += float64(bytes) * s.Weight
	t.count(k, 1, s.Weight, s.Weight*float64(s.Size))
	t.notePeak()
	return true
}

// count changes the sums of what is live.
func (t *Table) count(k *bucket, samples int64, objects, bytes float64) {
	k.live += samples
	k.liveObjects += objects
	k.liveBytes += bytes
	t.live += bytes
	if k.live == 0 { // the sums may have rounding errors, but nothing is live
		k.liveObjects, k.liveBytes = 0, 0
	}
	if t.records.Len() == 0 {
		t.live = 0
	}
}

// Remove removes the sample of the block at addr. It reports whether there was one.
func (t *Table) Remove(addr uintptr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := t.records.Unlink(addr)
	if at == 0 {
		return false
	}
	r := recordAt(at)
	t.unlist(r)
	t.count(bucketAt(r.bucket), -1, -r.weight, -r.weight*float64(r.size))
	t.records.Drop(at)
	return true
}

// A Detached is a record without an address. Its block still counts as live.
type Detached uintptr

// Detach removes the address of the record at addr while its block moves. It returns 0 if
// there is no record.
func (t *Table) Detach(addr uintptr) Detached {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Detached(t.records.Unlink(addr))
}

// Size returns the size and the weight of the block of a detached record.
func (t *Table) Size(h Detached) (size uintptr, weight float64) {
	r := recordAt(uintptr(h))
	return r.size, r.weight
}

// Attach gives a detached record the address, size and weight of s. If the block has
// grown, the added bytes count as allocated.
func (t *Table) Attach(h Detached, s Sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := recordAt(uintptr(h))
	k := bucketAt(r.bucket)
	t.records.Link(uintptr(h), s.Addr)
	if s.Size > r.size {
		k.allocBytes += float64(s.Size-r.size) * s.Weight
	}
	t.count(k, 0, s.Weight-r.weight, s.Weight*float64(s.Size)-r.weight*float64(r.size))
	r.size, r.weight = s.Size, s.Weight
	t.notePeak()
}

// notePeak records the sums if the live bytes exceed the last peak by a sixteenth.
func (t *Table) notePeak() {
	if t.live <= t.peak*17/16 {
		return
	}
	t.peak = t.live
	for _, b := range t.stacks.buckets() {
		k := bucketAt(b)
		k.peakObjects, k.peakBytes = k.liveObjects, k.liveBytes
	}
}

// Usage returns the size of the table's contents.
func (t *Table) Usage() Usage {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Usage{Samples: int64(t.records.Len()), Stacks: int64(t.stacks.n), Bytes: t.used + t.records.Used(), Dropped: t.dropped}
}

// Seq returns the number of the last sample that was kept; samples are numbered from 1.
func (t *Table) Seq() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seq
}

// Close frees everything. Afterwards the table keeps no samples.
func (t *Table) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.unlistAll()
	t.records.Close()
	t.stacks.close(t)
	t.labels.close(t)
	t.live, t.peak = 0, 0
}

// alloc returns zeroed metadata, or 0 if there is no memory.
func (t *Table) alloc(size uintptr) uintptr {
	p, err := metadata.Alloc(size)
	if err != nil {
		return 0
	}
	t.used += int64(metadata.Taken(size))
	return p
}

func (t *Table) free(p, size uintptr) {
	metadata.Free(p, size)
	t.used -= int64(metadata.Taken(size))
}
