package main

import (
	"bytes"
	"hash/maphash"
)

type heapEntry struct {
	value   []byte
	expires int64
}

// A heapStore keeps everything on the Go heap.
type heapStore struct {
	sharded[map[string]*heapEntry]
}

func newHeapStore() *heapStore {
	s := &heapStore{}
	s.seed = maphash.MakeSeed()
	for i := range s.shards {
		s.shards[i].index = map[string]*heapEntry{}
	}
	return s
}

func (s *heapStore) get(dst, key []byte, now int64) ([]byte, bool) {
	shard := &s.shards[maphash.Bytes(s.seed, key)%shards]
	shard.Lock()
	defer shard.Unlock()
	e := shard.index[string(key)]
	if e == nil {
		return dst, false
	}
	if expired(e.expires, now) {
		delete(shard.index, string(key))
		return dst, false
	}
	return append(dst, e.value...), true
}

func (s *heapStore) set(key, value []byte, expires int64) error {
	shard := &s.shards[maphash.Bytes(s.seed, key)%shards]
	e := &heapEntry{bytes.Clone(value), expires}
	shard.Lock()
	defer shard.Unlock()
	shard.index[string(key)] = e
	return nil
}

func (s *heapStore) remove(key []byte) bool {
	shard := &s.shards[maphash.Bytes(s.seed, key)%shards]
	shard.Lock()
	defer shard.Unlock()
	_, ok := shard.index[string(key)]
	delete(shard.index, string(key))
	return ok
}

func (s *heapStore) sweep(i int, now int64) {
	shard := &s.shards[i]
	shard.Lock()
	defer shard.Unlock()
	for key, e := range shard.index {
		if expired(e.expires, now) {
			delete(shard.index, key)
		}
	}
}

func (s *heapStore) len() (n int) {
	for i := range s.shards {
		shard := &s.shards[i]
		shard.Lock()
		n += len(shard.index)
		shard.Unlock()
	}
	return n
}

func (s *heapStore) close() (int64, error) { return 0, nil }
