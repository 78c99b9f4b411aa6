// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"hash/maphash"
	"sync"

	"github.com/ashlar-go/ashlar/alloc"
)

// An offHeap is a store on ashlar.
type offHeap struct {
	seed   maphash.Seed
	memory *alloc.Allocator
	shards []offHeapShard
}

type offHeapShard struct {
	mu    sync.Mutex
	table table
	limit int64 // of Usage.Bytes
	usage Usage
	_     [64]byte // the next shard is not on this one's cache line
}

func newOffHeap(seed maphash.Seed, shards int, limit int64) (*offHeap, error) {
	o := &offHeap{seed: seed, memory: new(alloc.Allocator), shards: make([]offHeapShard, shards)}
	for i := range o.shards {
		s := &o.shards[i]
		s.limit = limit
		var err error
		if s.table, err = newTable(o.memory, minSlots, uint64(i)+1); err != nil {
			return nil, errors.Join(err, o.memory.Close())
		}
	}
	return o, nil
}

func (o *offHeap) find(key []byte) (*offHeapShard, uint64) {
	hash := maphash.Bytes(o.seed, key)
	return &o.shards[shardOf(hash, len(o.shards))], hash
}

func (o *offHeap) Get(dst, key []byte, now int64, form Form) ([]byte, bool) {
	s, hash := o.find(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.table.find(hash, key)
	if !ok {
		return dst, false
	}
	e := s.table.entry(i)
	if now >= e.expires {
		s.expire(i)
		return dst, false
	}
	return form(dst, e.value()), true
}

func (o *offHeap) Set(key, value []byte, now, expires int64) error {
	s, hash := o.find(key)
	size := int64(len(key) + len(value))
	if size > s.limit {
		return ErrTooLarge
	}
	e, err := newEntry(o.memory, key, value, expires)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.table.reserve(); err != nil {
		o.memory.Free(e.pointer())
		return err
	}
	if i, ok := s.table.find(hash, key); ok {
		s.remove(i)
	}
	for s.usage.Bytes > s.limit-size {
		s.evict(now)
	}
	s.table.insert(hash, e)
	s.usage.Keys++
	s.usage.Bytes += size
	return nil
}

// evict removes that one of some entries that expires first.
func (s *offHeapShard) evict(now int64) {
	i := s.table.firstToExpire(sampled)
	if now >= s.table.entry(i).expires {
		s.expire(i)
		return
	}
	s.remove(i)
	s.usage.Evicted++
}

func (s *offHeapShard) expire(i int) {
	s.remove(i)
	s.usage.Expired++
}

// remove frees the entry in slot i.
func (s *offHeapShard) remove(i int) {
	e := s.table.entry(i)
	s.usage.Keys--
	s.usage.Bytes -= e.size()
	s.table.remove(i)
	s.table.memory.Free(e.pointer())
}

func (o *offHeap) Delete(key []byte, now int64) bool {
	s, hash := o.find(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.table.find(hash, key)
	switch {
	case !ok:
	case now >= s.table.entry(i).expires:
		s.expire(i)
		return false
	default:
		s.remove(i)
	}
	return ok
}

func (o *offHeap) Clear() {
	for i := range o.shards {
		s := &o.shards[i]
		s.mu.Lock()
		s.table.clear()
		s.usage.Keys, s.usage.Bytes = 0, 0
		s.mu.Unlock()
	}
}

func (o *offHeap) Usage() (sum Usage) {
	for i := range o.shards {
		s := &o.shards[i]
		s.mu.Lock()
		sum.add(s.usage)
		s.mu.Unlock()
	}
	numbers := o.memory.Stats()
	sum.Live, sum.OffHeap = numbers.Live(), numbers.Footprint.Now
	return sum
}

func (o *offHeap) Close() error {
	for i := range o.shards {
		o.shards[i].table.free()
	}
	var leak error
	if n := o.Usage().Live; n != 0 {
		leak = fmt.Errorf("store: %d blocks are live after all entries were freed", n)
	}
	return errors.Join(leak, o.memory.Close())
}
