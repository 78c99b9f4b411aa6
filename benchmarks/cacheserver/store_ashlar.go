package main

import (
	"bytes"
	"hash/maphash"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/stats"
)

// An ashlarStore keeps keys and values in blocks outside the Go heap. The index has no
// Go pointers: the collector does not look into it. Of two keys with one hash, of 64
// bits, the later replaces the earlier; a cache may forget.
type ashlarStore struct {
	heap alloc.Allocator
	sharded[map[uint64]alloc.Ref]
}

// An item begins a block; the key follows, then the value.
type item struct {
	expires    int64
	key, value uint32 // bytes
}

const itemSize = int(unsafe.Sizeof(item{}))

func newAshlarStore() *ashlarStore {
	s := &ashlarStore{}
	s.seed = maphash.MakeSeed()
	for i := range s.shards {
		s.shards[i].index = map[uint64]alloc.Ref{}
	}
	return s
}

// open returns the parts of a block.
func open(r alloc.Ref) (e *item, key, value []byte) {
	e = (*item)(r.Pointer())
	all := unsafe.Slice((*byte)(r.Pointer()), itemSize+int(e.key)+int(e.value))[itemSize:]
	return e, all[:e.key], all[e.key:]
}

func (s *ashlarStore) get(dst, key []byte, now int64) ([]byte, bool) {
	hash := maphash.Bytes(s.seed, key)
	shard := &s.shards[hash%shards]
	shard.Lock()
	defer shard.Unlock()
	r, ok := shard.index[hash]
	if !ok {
		return dst, false
	}
	e, k, value := open(r)
	switch {
	case !bytes.Equal(k, key):
		return dst, false
	case expired(e.expires, now):
		delete(shard.index, hash)
		s.heap.Free(r.Pointer())
		return dst, false
	}
	return append(dst, value...), true
}

func (s *ashlarStore) set(key, value []byte, expires int64) error {
	p, err := s.heap.Malloc(itemSize + len(key) + len(value))
	if err != nil {
		return err
	}
	*(*item)(p) = item{expires, uint32(len(key)), uint32(len(value))}
	r := alloc.RefOf(p)
	_, k, v := open(r)
	copy(k, key)
	copy(v, value)
	hash := maphash.Bytes(s.seed, key)
	shard := &s.shards[hash%shards]
	shard.Lock()
	old := shard.index[hash]
	shard.index[hash] = r
	shard.Unlock()
	s.heap.Free(old.Pointer()) // nobody else can reach it any more
	return nil
}

func (s *ashlarStore) remove(key []byte) bool {
	hash := maphash.Bytes(s.seed, key)
	shard := &s.shards[hash%shards]
	shard.Lock()
	defer shard.Unlock()
	r, ok := shard.index[hash]
	if ok {
		_, k, _ := open(r)
		ok = bytes.Equal(k, key)
	}
	if ok {
		delete(shard.index, hash)
		s.heap.Free(r.Pointer())
	}
	return ok
}

func (s *ashlarStore) sweep(i int, now int64) {
	shard := &s.shards[i]
	shard.Lock()
	defer shard.Unlock()
	for hash, r := range shard.index {
		if e, _, _ := open(r); expired(e.expires, now) {
			delete(shard.index, hash)
			s.heap.Free(r.Pointer())
		}
	}
}

func (s *ashlarStore) len() (n int) {
	for i := range s.shards {
		shard := &s.shards[i]
		shard.Lock()
		n += len(shard.index)
		shard.Unlock()
	}
	return n
}

func (s *ashlarStore) close() (int64, error) {
	for i := range s.shards {
		shard := &s.shards[i]
		shard.Lock()
		for _, r := range shard.index {
			s.heap.Free(r.Pointer())
		}
		clear(shard.index)
		shard.Unlock()
	}
	var snapshot stats.Snapshot
	s.heap.Stats(&snapshot)
	return snapshot.Live(), s.heap.Close()
}
