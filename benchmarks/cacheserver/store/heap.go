// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"hash/maphash"
	"math"
	"sync"
	"time"
)

// A heap is a store on the Go heap.
type heap struct {
	seed    maphash.Seed
	started time.Time
	shards  []heapShard
}

type heapShard struct {
	mu      sync.Mutex
	entries map[string]heapEntry
	limit   int64 // of Usage.Bytes
	usage   Usage
	_       [64]byte // the next shard is not on this one's cache line
}

// A heapEntry's value is never written to, so whoever has it may read it without the lock.
type heapEntry struct {
	value   []byte
	expires time.Duration // after the start
}

const never = math.MaxInt64

func newHeap(shards int, limit int64) *heap {
	h := &heap{seed: maphash.MakeSeed(), started: time.Now(), shards: make([]heapShard, shards)}
	for i := range h.shards {
		h.shards[i].entries, h.shards[i].limit = map[string]heapEntry{}, limit
	}
	return h
}

func (h *heap) shard(key []byte) *heapShard {
	return &h.shards[maphash.Bytes(h.seed, key)&uint64(len(h.shards)-1)]
}

func (h *heap) now() time.Duration { return time.Since(h.started) }

func (h *heap) Get(dst, key []byte, form Form) ([]byte, bool) {
	s, now := h.shard(key), h.now()
	s.mu.Lock()
	e, ok := s.entries[string(key)]
	if ok && now >= e.expires {
		s.expire(string(key), e)
		ok = false
	}
	s.mu.Unlock()
	if !ok {
		return dst, false
	}
	return form(dst, e.value), true
}

func (h *heap) Set(key, value []byte, ttl time.Duration) error {
	s, now := h.shard(key), h.now()
	size := int64(len(key) + len(value))
	if size > s.limit {
		return ErrTooLarge
	}
	k, e := string(key), heapEntry{bytes.Clone(value), never}
	if ttl != 0 && ttl < never-now {
		e.expires = now + ttl
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.entries[k]; ok {
		s.usage.Keys--
		s.usage.Bytes -= int64(len(k) + len(old.value))
		if s.usage.Bytes > s.limit-size {
			delete(s.entries, k) // so that evict does not choose it
		}
	}
	for s.usage.Bytes > s.limit-size {
		s.evict(now)
	}
	s.entries[k] = e
	s.usage.Keys++
	s.usage.Bytes += size
	return nil
}

// sampled is how many entries are compared in order to evict one, as in Redis.
const sampled = 5

// evict removes that one of some entries that expires first.
func (s *heapShard) evict(now time.Duration) {
	var key string
	var first heapEntry
	n := 0
	for k, e := range s.entries { // in random order
		if n == 0 || e.expires < first.expires {
			key, first = k, e
		}
		if n++; n == sampled {
			break
		}
	}
	if now >= first.expires {
		s.expire(key, first)
		return
	}
	s.remove(key, first)
	s.usage.Evicted++
}

func (s *heapShard) expire(key string, e heapEntry) {
	s.remove(key, e)
	s.usage.Expired++
}

func (s *heapShard) remove(key string, e heapEntry) {
	delete(s.entries, key)
	s.usage.Keys--
	s.usage.Bytes -= int64(len(key) + len(e.value))
}

func (h *heap) Delete(key []byte) bool {
	s, now := h.shard(key), h.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.entries[string(key)]
	switch {
	case !ok:
	case now >= e.expires:
		s.expire(string(key), e)
		return false
	default:
		s.remove(string(key), e)
	}
	return ok
}

func (h *heap) Clear() {
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		s.entries = map[string]heapEntry{}
		s.usage.Keys, s.usage.Bytes = 0, 0
		s.mu.Unlock()
	}
}

func (h *heap) Usage() (sum Usage) {
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.Lock()
		sum.add(s.usage)
		s.mu.Unlock()
	}
	return sum
}

func (h *heap) Close() error {
	h.Clear()
	return nil
}
