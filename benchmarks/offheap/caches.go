// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"
	"unsafe"

	"github.com/VictoriaMetrics/fastcache"
	"github.com/allegro/bigcache/v3"
	"github.com/ashlar-go/ashlar/alloc/offheap"
	"github.com/coocood/freecache"
	"github.com/dgraph-io/ristretto/v2"
	"github.com/maypok86/otter/v2"
)

// A cache is a contender. Get returns a byte of the value. Set copies key and value.
type cache interface {
	Get(dst, key []byte) (b byte, ok bool)
	Set(key, value []byte, ttl time.Duration)
	Wait() // until what was set is there
}

var cacheNames = []string{"ashlar", "otter", "ristretto", "fastcache", "freecache", "bigcache"}

// overhead is what an entry costs besides key and value, for caches that count costs.
const overhead = 24

// newCache returns a contender with a budget in bytes.
func newCache(name string, budget int64, churn bool) (cache, error) {
	switch name {
	case "ashlar":
		c, err := offheap.NewCache[[]byte, []byte](nil, offheap.CacheOptions{Bytes: budget})
		return ours{c}, err
	case "otter":
		o := &otter.Options[string, []byte]{MaximumWeight: uint64(budget),
			Weigher: func(key string, value []byte) uint32 { return uint32(len(key) + len(value) + overhead) }}
		if churn {
			o.ExpiryCalculator = otter.ExpiryWriting[string, []byte](time.Second)
		}
		c, err := otter.New(o)
		return otterCache{c}, err
	case "ristretto":
		c, err := ristretto.NewCache(&ristretto.Config[string, []byte]{NumCounters: budget / 250 * 10, MaxCost: budget,
			BufferItems: 64, IgnoreInternalCost: true})
		return ristrettoCache{c}, err
	case "fastcache":
		return fast{fastcache.New(int(budget))}, nil
	case "freecache":
		return free{freecache.NewCache(int(budget))}, nil
	case "bigcache":
		o := bigcache.DefaultConfig(time.Hour)
		if churn {
			o.LifeWindow, o.CleanWindow = time.Second, time.Second
		}
		o.Verbose, o.HardMaxCacheSize, o.MaxEntrySize = false, int(budget>>20), 300
		c, err := bigcache.New(context.Background(), o)
		return big{c}, err
	}
	return nil, fmt.Errorf("there is no cache %q", name)
}

// view returns b as a string, for lookups.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

type ours struct {
	c *offheap.Cache[[]byte, []byte]
}

func (o ours) Get(_, key []byte) (b byte, ok bool) {
	ok = o.c.View(key, func(value []byte) { b = value[len(value)-1] })
	return b, ok
}
func (o ours) Set(key, value []byte, ttl time.Duration) { _ = o.c.Set(key, value, ttl) }
func (ours) Wait()                                      {}

type otterCache struct{ c *otter.Cache[string, []byte] }

func (o otterCache) Get(_, key []byte) (byte, bool) {
	v, ok := o.c.GetIfPresent(view(key))
	if !ok {
		return 0, false
	}
	return v[len(v)-1], true
}
func (o otterCache) Set(key, value []byte, _ time.Duration) { o.c.Set(string(key), bytes.Clone(value)) }
func (o otterCache) Wait()                                  { o.c.CleanUp() }

type ristrettoCache struct {
	c *ristretto.Cache[string, []byte]
}

func (r ristrettoCache) Get(_, key []byte) (byte, bool) {
	v, ok := r.c.Get(view(key))
	if !ok {
		return 0, false
	}
	return v[len(v)-1], true
}
func (r ristrettoCache) Set(key, value []byte, ttl time.Duration) {
	r.c.SetWithTTL(strings.Clone(view(key)), bytes.Clone(value), int64(len(key)+len(value)+overhead), ttl)
}
func (r ristrettoCache) Wait() { r.c.Wait() }

type fast struct{ c *fastcache.Cache }

func (f fast) Get(dst, key []byte) (byte, bool) {
	v, ok := f.c.HasGet(dst, key)
	if !ok {
		return 0, false
	}
	return v[len(v)-1], true
}
func (f fast) Set(key, value []byte, _ time.Duration) { f.c.Set(key, value) }
func (fast) Wait()                                    {}

type free struct{ c *freecache.Cache }

func (f free) Get(_, key []byte) (b byte, ok bool) {
	err := f.c.GetFn(key, func(value []byte) error { b = value[len(value)-1]; return nil })
	return b, err == nil
}
func (f free) Set(key, value []byte, ttl time.Duration) {
	_ = f.c.Set(key, value, int((ttl+time.Second-1)/time.Second))
}
func (free) Wait() {}

type big struct{ c *bigcache.BigCache }

func (b big) Get(_, key []byte) (byte, bool) {
	v, err := b.c.Get(view(key))
	if err != nil {
		return 0, false
	}
	return v[len(v)-1], true
}
func (b big) Set(key, value []byte, _ time.Duration) { _ = b.c.Set(view(key), value) }
func (big) Wait()                                    {}
