// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// ErrTooLarge means that an entry does not fit: the key has more than 65,535 bytes, the value has
// more than 16 MiB, or both together have more than a quarter of a shard's share of the budget.
var ErrTooLarge = errors.New("offheap: the entry is too large for the cache")

// Bytes are the types of the keys and values of a Cache.
type Bytes interface{ ~string | ~[]byte }

// CacheOptions are the options of a Cache.
type CacheOptions struct {
	// Name is the name of the alloc.Tag that counts the memory. The default is "cache".
	Name string

	// Bytes is the maximum of the memory of all entries with their index and history, in bytes. It
	// must be at least 64 KiB.
	Bytes int64
}

const minCache = 64 << 10

// A Cache keeps as many values as a byte budget allows, and evicts those that are used least. Any
// number of goroutines may use it at once. Keys and values are copied.
//
// Do not use a Cache for data that must not be lost: any entry may be evicted at any time. Do not use
// it for values that are Go objects: it would have to encode them. Do not use it if all entries
// fit: use a ShardedMap.
//
// Get copies the value, and View passes it without a copy. Readers do not wait for each other. A
// writer waits for the readers of the same shard, and they for it.
type Cache[K, V Bytes] struct{ c cache }

// A cache is a Cache of bytes.
type cache struct {
	shards []cacheShard // a power of two
	seed   maphash.Seed
	loads  loads
}

// NewCache returns an empty Cache whose memory comes from heap, or from alloc.Default if heap is
// nil. Close frees it. The error wraps alloc.ErrInvalidOption if an option is invalid.
func NewCache[K, V Bytes](heap *alloc.Allocator, o CacheOptions) (*Cache[K, V], error) {
	if o.Bytes < minCache {
		return nil, &alloc.Error{Op: "offheap.NewCache", Err: fmt.Errorf("%w: Bytes is %d, and must be at least %d",
			alloc.ErrInvalidOption, o.Bytes, minCache)}
	}
	c := new(Cache[K, V])
	c.c.init(memoryOf(heap, cmp.Or(o.Name, "cache")), o.Bytes)
	return c, nil
}

// shardsFor returns the number of shards: at least 32 for each processor, of 1 MiB to 4 GiB each.
func shardsFor(size int64) int {
	n := 1
	for n < 32*runtime.GOMAXPROCS(0) && size/int64(2*n) >= 1<<20 || size/int64(n) > 4<<30 {
		n *= 2
	}
	return n
}

func (c *cache) init(memory alloc.Memory, size int64) {
	c.seed, c.shards = maphash.MakeSeed(), make([]cacheShard, shardsFor(size))
	started, stripes := time.Now(), stripesFor(runtime.GOMAXPROCS(0))
	for i := range c.shards {
		s := &c.shards[i]
		s.access.stripes = make([]stripe, stripes)
		s.memory, s.seed, s.started, s.limit = memory, c.seed, started, size/int64(len(c.shards))
		for s.shift = 10; s.shift < 14 && s.limit>>s.shift >= 128*2*unit; s.shift++ {
		}
	}
}

func (s *cacheShard) hash(key []byte) uint64 { return maphash.Bytes(s.seed, key) }

// bytesOf returns the bytes of b, which must not be written to.
func bytesOf[B Bytes](b B) []byte {
	s := *(*string)(unsafe.Pointer(&b)) // a slice begins as a string does
	return unsafe.Slice(unsafe.StringData(s), len(s))
}

func (c *cache) shard(key []byte) (*cacheShard, uint64) {
	hash := maphash.Bytes(c.seed, key)
	return &c.shards[int(hash)&(len(c.shards)-1)], hash
}

// Set adds or replaces an entry. After ttl, rounded up to milliseconds, it is gone; a ttl of 0
// means never. Other entries are evicted to make room.
//
// The error is ErrTooLarge, or one of Malloc if no memory can be had even by evicting. Then the
// key has no entry.
func (c *Cache[K, V]) Set(key K, value V, ttl time.Duration) error {
	return c.c.set(bytesOf(key), bytesOf(value), ttl)
}

func (c *cache) set(key, value []byte, ttl time.Duration) error {
	s, hash := c.shard(key)
	at := s.expiry(ttl)
	s.lock("Cache.Set")
	defer s.access.unlock()
	return s.set(hash, key, value, at)
}

// now returns the time in milliseconds after the start of the Cache.
func (s *cacheShard) now() int64 { return time.Since(s.started).Milliseconds() }

// hasExpired reports whether the time of the entry e is over.
func (s *cacheShard) hasExpired(e *entry) bool { at := e.at(); return at != 0 && at <= s.now() }

// expiry returns the time at which an entry expires that is set now.
func (s *cacheShard) expiry(ttl time.Duration) int64 {
	if ttl == 0 {
		return 0
	}
	at := s.now() + int64(ttl/time.Millisecond)
	if ttl%time.Millisecond > 0 {
		at++
	}
	return min(max(at, 1), maxExpires)
}

// Get appends the value of key to dst, and returns the result. If the key is absent, it returns
// dst and false.
func (c *Cache[K, V]) Get(dst []byte, key K) (value []byte, ok bool) {
	return c.c.get(dst, bytesOf(key))
}

func (c *cache) get(dst, key []byte) ([]byte, bool) {
	e, held := c.read("Cache.Get", key)
	if e == nil {
		return dst, false
	}
	dst = append(dst, e.value()...)
	held.runlock()
	return dst, true
}

// View calls f with the value of key, without a copy, and reports whether the key is there. f must
// not change the value, keep it, or use the Cache.
func (c *Cache[K, V]) View(key K, f func(value []byte)) bool {
	e, held := c.c.read("Cache.View", bytesOf(key))
	if e == nil {
		return false
	}
	defer held.runlock()
	f(e.value())
	return true
}

// read returns the entry of a key and the stripe to unlock; nil if the key is absent.
func (c *cache) read(op string, key []byte) (*entry, *stripe) {
	s, hash := c.shard(key)
	held := s.rlock(op)
	_, e := s.find(hash, key)
	if e != nil && (e.at() == 0 || !s.hasExpired(e)) {
		e.use()
		held.hits.Add(1)
		return e, held
	}
	held.runlock()
	held.misses.Add(1)
	if e != nil {
		s.expire(op, hash, key)
	}
	return nil, nil
}

// expire removes an entry whose time is over.
func (s *cacheShard) expire(op string, hash uint64, key []byte) {
	s.lock(op)
	defer s.access.unlock()
	if i, e := s.find(hash, key); e != nil && s.hasExpired(e) {
		s.drop(i, e)
		s.expired++
	}
}

// Delete removes the entry of key, and reports whether there was one.
func (c *Cache[K, V]) Delete(key K) bool {
	b := bytesOf(key)
	s, hash := c.c.shard(b)
	s.lock("Cache.Delete")
	defer s.access.unlock()
	i, e := s.find(hash, b)
	if e == nil {
		return false
	}
	expired := s.hasExpired(e)
	s.drop(i, e)
	if expired {
		s.expired++
	}
	return !expired
}

// Clear removes all entries and frees their memory.
func (c *Cache[K, V]) Clear() {
	for i := range c.c.shards {
		c.c.shards[i].clear("Cache.Clear", false)
	}
}

// Close frees all memory. Calls that are under way end first. Any later use except Stats and Close
// panics with an *alloc.MisuseError of kind UseAfterClose.
func (c *Cache[K, V]) Close() {
	for i := range c.c.shards {
		c.c.shards[i].clear("Cache.Close", true)
	}
}

// clear removes all entries and frees all memory.
func (s *cacheShard) clear(op string, end bool) {
	s.access.lock()
	defer s.access.unlock()
	if s.closed && !end {
		panicClosed(op)
	}
	s.closed = s.closed || end
	for _, g := range s.segments {
		s.memory.Free(g.at.Pointer()) // nil is ignored
	}
	s.index.free(s.memory)
	alloc.FreeSlice(s.memory, s.ghosts.buckets)
	s.segments, s.unused, s.spare, s.probation, s.main, s.ghosts = nil, nil, nil, queue{}, queue{}, ghosts{}
	s.held, s.live, s.hand, s.next = 0, 0, 0, 0
}
