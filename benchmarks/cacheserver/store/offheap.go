// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/offheap"
)

// An offHeap is a store on ashlar: a Cache in an Allocator of its own.
type offHeap struct {
	memory *alloc.Allocator
	cache  *offheap.Cache[[]byte, []byte]
}

func newOffHeap(limit int64) (*offHeap, error) {
	memory := new(alloc.Allocator)
	cache, err := offheap.NewCache[[]byte, []byte](memory, offheap.CacheOptions{Bytes: limit})
	if err != nil {
		return nil, errors.Join(err, memory.Close())
	}
	return &offHeap{memory, cache}, nil
}

func (o *offHeap) Get(dst, key []byte, form Form) ([]byte, bool) {
	ok := o.cache.View(key, func(value []byte) { dst = form(dst, value) })
	return dst, ok
}

func (o *offHeap) Set(key, value []byte, ttl time.Duration) error {
	err := o.cache.Set(key, value, ttl)
	if errors.Is(err, offheap.ErrTooLarge) {
		return ErrTooLarge
	}
	return err
}

func (o *offHeap) Delete(key []byte) bool { return o.cache.Delete(key) }

func (o *offHeap) Clear() { o.cache.Clear() }

func (o *offHeap) Usage() Usage {
	s, numbers := o.cache.Stats(), o.memory.Stats()
	return Usage{Keys: s.Entries, Bytes: s.Live, Evicted: s.Evicted, Expired: s.Expired,
		Live: numbers.Live(), OffHeap: numbers.Footprint.Now}
}

func (o *offHeap) Close() error {
	o.cache.Close()
	var leak error
	if n := o.Usage().Live; n != 0 {
		leak = fmt.Errorf("store: %d blocks are live after all entries were freed", n)
	}
	return errors.Join(leak, o.memory.Close())
}
