// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"fmt"
	"hash/maphash"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// An lruCache holds the values that were used last, until they expire. Keys and values are
// blocks outside the Go heap. The entries are a slice outside the Go heap. The index is a
// map without Go pointers, so the garbage collector does not scan it.
type lruCache struct {
	heap    *alloc.Allocator
	seed    maphash.Seed
	index   map[uint64]uint32 // hash of the key → entry
	entries []lruEntry        // entry 0 is the head of the list of all entries by use
	free    uint32            // first of the unused entries, which are linked by older
}

type lruEntry struct {
	hash         uint64
	newer, older uint32
	key, value   uint32        // bytes in the block: the key, followed by the value
	block        alloc.Address // 0: unused entry
	expires      int64
}

func newLRUCache(heap *alloc.Allocator, size int) (*lruCache, error) {
	entries, err := alloc.MakeSlice[lruEntry](heap, size+1, size+1)
	if err != nil {
		return nil, err
	}
	c := &lruCache{heap: heap, seed: maphash.MakeSeed(), index: make(map[uint64]uint32, size), entries: entries}
	for i := range entries[1:] {
		entries[i+1].older, c.free = c.free, uint32(i+1)
	}
	return c, nil
}

// Get returns the value of a key if the value has not expired at time now. The value
// belongs to the cache; use it only until the next Put.
func (c *lruCache) Get(key string, now int64) ([]byte, bool) {
	i := c.index[maphash.String(c.seed, key)]
	e := &c.entries[i]
	if i == 0 || unsafe.String((*byte)(e.block.Pointer()), e.key) != key {
		return nil, false
	}
	if now >= e.expires {
		c.remove(i)
		return nil, false
	}
	c.unlink(i)
	c.link(i)
	return unsafe.Slice((*byte)(e.block.Pointer()), e.key+e.value)[e.key:], true
}

// Put stores a value until a time. If the cache is full, it drops the value that was not
// used for the longest time.
func (c *lruCache) Put(key string, value []byte, expires int64) error {
	block, err := alloc.MakeSlice[byte](c.heap, len(key)+len(value), len(key)+len(value))
	if err != nil {
		return err
	}
	copy(block[copy(block, key):], value)
	hash := maphash.String(c.seed, key)
	if old := c.index[hash]; old != 0 { // the entry has the same key, or a key with the same hash
		c.remove(old)
	}
	if c.free == 0 {
		c.remove(c.entries[0].newer) // the other end of the ring: the oldest entry
	}
	i := c.free
	c.free = c.entries[i].older
	c.entries[i] = lruEntry{hash: hash, key: uint32(len(key)), value: uint32(len(value)), expires: expires,
		block: alloc.AddressOf(unsafe.Pointer(unsafe.SliceData(block)))}
	c.index[hash] = i
	c.link(i)
	return nil
}

func (c *lruCache) remove(i uint32) {
	e := &c.entries[i]
	c.heap.Free(e.block.Pointer())
	delete(c.index, e.hash)
	c.unlink(i)
	*e = lruEntry{older: c.free}
	c.free = i
}

// link makes entry i the newest.
func (c *lruCache) link(i uint32) {
	newest := c.entries[0].older
	c.entries[i].older, c.entries[i].newer = newest, 0
	c.entries[newest].newer, c.entries[0].older = i, i
}

func (c *lruCache) unlink(i uint32) {
	e := &c.entries[i]
	c.entries[e.newer].older, c.entries[e.older].newer = e.older, e.newer
}

// Close frees everything.
func (c *lruCache) Close() {
	for c.entries[0].older != 0 {
		c.remove(c.entries[0].older)
	}
	alloc.FreeSlice(c.heap, c.entries)
}

// This program uses a cache of the values used last, with a time to live.
func Example_lru() {
	var heap alloc.Allocator
	cache, err := newLRUCache(&heap, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, name := range []string{"granite", "marble", "slate"} {
		if err := cache.Put(name, fmt.Append(nil, "stone ", i), 100); err != nil {
			fmt.Println(err)
		}
		cache.Get("granite", 0)
	}
	for _, name := range []string{"granite", "marble", "slate"} {
		value, ok := cache.Get(name, 50)
		fmt.Printf("%s: %q %v\n", name, value, ok)
	}
	_, ok := cache.Get("slate", 100)
	fmt.Println("slate, later:", ok)
	cache.Close()
	fmt.Println(heap.Close())
	// Output:
	// granite: "stone 0" true
	// marble: "" false
	// slate: "stone 2" true
	// slate, later: false
	// <nil>
}
