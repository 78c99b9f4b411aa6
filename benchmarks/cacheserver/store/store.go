// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"time"
)

// ErrTooLarge means that a key and its value are larger than what a shard may hold.
var ErrTooLarge = errors.New("store: more than a shard of the store holds: raise the limit or have fewer shards")

// A Form appends a value to dst and returns the result.
type Form func(dst, value []byte) []byte

// A Store maps keys to values that expire. It is safe for concurrent use, apart from Close.
type Store interface {
	// Get appends the value of a key by form, if there is one that has not expired.
	Get(dst, key []byte, form Form) ([]byte, bool)
	// Set keeps a copy of value for the time ttl, or for ever if ttl is 0. The error is ErrTooLarge, or
	// one of package alloc for lack of memory. After an error the key has its old value or none.
	Set(key, value []byte, ttl time.Duration) error
	// Delete reports whether the key was there.
	Delete(key []byte) bool
	// Clear deletes everything.
	Clear()
	// Usage counts the entries, including those that have expired and were not found yet.
	Usage() Usage
	// Close frees everything. It returns an error if blocks are live after that.
	Close() error
}

// A Usage is what a store holds and has done.
type Usage struct {
	Keys    int64 // entries
	Bytes   int64 // keys and values together
	Evicted int64 // entries that were removed to make room
	Expired int64 // entries that were found expired
	Live    int64 // live blocks of the allocator; 0 on the Go heap
	OffHeap int64 // bytes that the allocator has from the kernel
}

func (u *Usage) add(other Usage) {
	u.Keys += other.Keys
	u.Bytes += other.Bytes
	u.Evicted += other.Evicted
	u.Expired += other.Expired
}

// Options choose how large a store is. Zero fields mean the defaults.
type Options struct {
	Bytes  int64 // that the store may hold; 64 MiB
	Shards int   // of the form on the Go heap, a power of two; 256
}

// Names are the names of the forms of a store, for Open.
var Names = [2]string{"ashlar", "goheap"}

// Open returns a new store of the form with this name.
func Open(name string, o Options) (Store, error) {
	if o.Shards == 0 {
		o.Shards = 256
	}
	if o.Shards < 1 || o.Shards > 1<<16 || o.Shards&(o.Shards-1) != 0 {
		return nil, fmt.Errorf("store: %d shards: want a power of two of at most 65536", o.Shards)
	}
	if o.Bytes <= 0 {
		o.Bytes = 64 << 20
	}
	switch name {
	case Names[0]:
		return newOffHeap(o.Bytes)
	case Names[1]:
		return newHeap(o.Shards, max(o.Bytes/int64(o.Shards), 1)), nil
	}
	return nil, fmt.Errorf("store: no form %q: want one of %q", name, Names)
}
