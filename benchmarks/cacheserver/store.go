package main

import (
	"fmt"
	"hash/maphash"
	"sync"
	"time"
)

// A store keeps values by key until they expire. It is safe for concurrent use.
type store interface {
	// get appends the value of a key to dst.
	get(dst, key []byte, now int64) (value []byte, ok bool)
	// set keeps a copy of both until expires; 0: for ever.
	set(key, value []byte, expires int64) error
	// remove reports whether there was such a key.
	remove(key []byte) bool
	// sweep removes what has expired from one of the shards.
	sweep(shard int, now int64)
	len() int
	// close frees everything; live is how many blocks are left, which is a leak.
	close() (live int64, err error)
}

const shards = 64

// stores are the kinds of stores, by name.
var stores = map[string]func() store{
	"goheap": func() store { return newHeapStore() },
	"ashlar": func() store { return newAshlarStore() },
}

func openStore(name string) (store, error) {
	open, known := stores[name]
	if !known {
		return nil, fmt.Errorf("no store is called %q: there are goheap and ashlar", name)
	}
	return open(), nil
}

// sweeping sweeps shard after shard until done is closed.
func sweeping(s store, done <-chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		case <-tick.C:
			s.sweep(i%shards, time.Now().UnixMilli())
		}
	}
}

// sharded is what both stores have in common: shards that are found by hash.
type sharded[M any] struct {
	seed   maphash.Seed
	shards [shards]struct {
		sync.Mutex
		index M
		_     [48]byte // no two in a cache line
	}
}

// expired reports whether something is over.
func expired(expires, now int64) bool { return expires != 0 && now >= expires }
