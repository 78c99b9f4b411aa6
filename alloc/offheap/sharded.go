// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"cmp"
	"iter"

	"github.com/ashlar-go/ashlar/alloc"
)

// A ShardedMap is a Map for any number of goroutines at once. It is divided into shards by the
// hash of the key, each with a lock. Readers of a shard do not wait for each other.
//
// Do not use it for one goroutine: a Map is faster. Do not use it if several keys must change
// together: each call locks one shard.
type ShardedMap[K comparable, V any] struct {
	shards []shard[K, V] // mapShards
	hasher hasher[K]
}

// mapShards is the number of shards of a ShardedMap, a power of two up to 512. A shard is locked
// while a table of it is split, so few readers must meet the shard of a writer.
const mapShards = 512

type shard[K comparable, V any] struct {
	access lock
	m      Map[K, V]
	_      [64]byte // the next shard's lock is on another cache line
}

// NewShardedMap returns an empty ShardedMap. Otherwise it is like NewMap. While it is empty it takes
// about a quarter of a MiB.
func NewShardedMap[K comparable, V any](heap *alloc.Allocator, o MapOptions) (*ShardedMap[K, V], error) {
	s := &ShardedMap[K, V]{shards: make([]shard[K, V], mapShards), hasher: newHasher[K]()}
	o.Name = cmp.Or(o.Name, "shardedmap")
	stripes := make([]stripe, mapShards)
	for i := range s.shards {
		s.shards[i].access.stripes = stripes[i : i+1]
		if err := s.shards[i].m.init(heap, o, func() hasher[K] { return s.hasher }); err != nil {
			for i := range s.shards[:i] {
				s.shards[i].m.Close()
			}
			return nil, err
		}
	}
	return s, nil
}

// find returns the shard and the hash of a key. The bits of the hash that choose the shard choose
// nothing else.
func (s *ShardedMap[K, V]) find(key *K) (*shard[K, V], uint64) {
	hash := s.hasher.hash(key)
	return &s.shards[hash>>48%mapShards], hash
}

// Get returns a copy of the value of key.
func (s *ShardedMap[K, V]) Get(key K) (value V, ok bool) {
	h, hash := s.find(&key)
	defer h.access.rlock().runlock()
	h.m.state.read("ShardedMap.Get")
	if at := h.m.find(hash, &key); at != nil {
		return *h.m.layout.value(at), true
	}
	return value, false
}

// View calls f with the value of key, in place, and reports whether the key is there. f must not
// change the value or the ShardedMap, and must not keep the pointer.
func (s *ShardedMap[K, V]) View(key K, f func(value *V)) bool {
	h, hash := s.find(&key)
	defer h.access.rlock().runlock()
	h.m.state.read("ShardedMap.View")
	at := h.m.find(hash, &key)
	if at == nil {
		return false
	}
	f(h.m.layout.value(at))
	return true
}

// Set sets the value of key. On an error, which is one of Malloc, the ShardedMap is unchanged.
func (s *ShardedMap[K, V]) Set(key K, value V) error {
	return s.update("ShardedMap.Set", &key, func(v *V, _ bool) { *v = value })
}

// Update calls f with the value of key, in place. If the key is absent, Update adds it with a
// value of zeros first, and found is false. Nobody else reads or writes the value meanwhile. f
// must not use the ShardedMap. On an error, which is one of Malloc, f is not called.
func (s *ShardedMap[K, V]) Update(key K, f func(value *V, found bool)) error {
	return s.update("ShardedMap.Update", &key, f)
}

func (s *ShardedMap[K, V]) update(op string, key *K, f func(value *V, found bool)) error {
	h, hash := s.find(key)
	h.access.lock()
	defer h.access.unlock()
	h.m.state.begin(op)
	defer h.m.state.end()
	return h.m.update(hash, key, f)
}

// Delete removes key, and reports whether it was there.
func (s *ShardedMap[K, V]) Delete(key K) bool {
	h, hash := s.find(&key)
	h.access.lock()
	defer h.access.unlock()
	h.m.state.begin("ShardedMap.Delete")
	defer h.m.state.end()
	return h.m.delete(hash, &key)
}

// Len returns the number of entries. While others write, the result is approximate.
func (s *ShardedMap[K, V]) Len() (n int) {
	for i := range s.shards {
		h := &s.shards[i]
		held := h.access.rlock()
		n += h.m.count
		held.runlock()
	}
	return n
}

// All returns copies of all keys and values, in no order. No lock is held while the body of the
// loop runs, so it may use the ShardedMap. An entry that is there during the whole iteration is
// returned once. One that is added, changed or deleted meanwhile may be returned in an old state.
func (s *ShardedMap[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		var copies []near[K, V]
		for i := range s.shards {
			for cursor, more := uint64(0), true; more; {
				copies, cursor, more = s.shards[i].copyTable(copies[:0], cursor)
				for _, c := range copies {
					if !yield(c.key, c.value) {
						return
					}
				}
			}
		}
	}
}

// copyTable appends the entries of the table at a cursor, and returns the next cursor.
func (h *shard[K, V]) copyTable(to []near[K, V], cursor uint64) ([]near[K, V], uint64, bool) {
	defer h.access.rlock().runlock()
	h.m.state.read("ShardedMap.All")
	t := h.m.tableAt(cursor)
	h.m.visit(t, func(key K, value *V) bool {
		to = append(to, near[K, V]{key, *value})
		return true
	})
	next, more := after(cursor, t.depth)
	return to, next, more
}

// Clear removes all entries and frees their memory, shard by shard. It stops at the first error,
// which is one of Malloc.
func (s *ShardedMap[K, V]) Clear() error {
	for i := range s.shards {
		h := &s.shards[i]
		h.access.lock()
		err := h.m.Clear()
		h.access.unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// Close frees all memory. Calls that are under way end first. Any later use except Len and Close
// panics with an *alloc.MisuseError of kind UseAfterClose.
func (s *ShardedMap[K, V]) Close() {
	for i := range s.shards {
		h := &s.shards[i]
		h.access.lock()
		h.m.Close()
		h.access.unlock()
	}
}
