// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ashlar-go/ashlar/alloc"
)

const cachesHeader = "| cache | fill, Mop/s | read, 1 | read, 16 | mixed, 16 | write, 16 | churn, 16 | memory | present | GC, s |"

// A load is a cache with the keys to use.
type load struct {
	c     cache
	keys  []uint32
	sizes []uint16 // of the keys' values
	value [maxValue]byte
	state []goroutine
}

// A goroutine is the state of one.
type goroutine struct {
	key   [keySize]byte
	dst   []byte
	sum   byte
	start int
	_     [64]byte
}

// key returns a goroutine with its i-th key, and the size of the value.
func (l *load) key(g, i int) (s *goroutine, size int) {
	s = &l.state[g]
	i = (s.start + i) % len(l.keys)
	fillKey(s.key[:], l.keys[i])
	return s, int(l.sizes[i])
}

func (l *load) get(g, i int) {
	s, _ := l.key(g, i)
	b, _ := l.c.Get(s.dst, s.key[:])
	s.sum += b
}

func (l *load) set(g, i int, ttl time.Duration) {
	s, size := l.key(g, i)
	l.c.Set(s.key[:], l.value[:size], ttl)
}

const goroutines = 16

func newLoad(c cache, keys []uint32, sizes []uint16) *load {
	l := &load{c: c, keys: keys, sizes: sizes, state: make([]goroutine, goroutines)}
	for g := range l.state {
		l.state[g].dst = make([]byte, 0, 2*maxValue)
		l.state[g].start = rand.IntN(len(keys))
	}
	return l
}

// measureCache measures one cache.
func measureCache(o *options, name string) (string, error) {
	keys := draws(o.n, 1<<22)
	sizes := valueSizes(keys)
	total := int64(0)
	for i := range uint32(o.n) {
		total += int64(keySize + valueSize(i) + overhead)
	}
	base := resident()
	c, err := newCache(name, total*11/10, false)
	if err != nil {
		return "", err
	}
	l := newLoad(c, keys, sizes)
	gc := collector()
	begun := time.Now()
	var key [keySize]byte
	for i := range uint32(o.n) {
		fillKey(key[:], i)
		c.Set(key[:], l.value[:valueSize(i)], 0)
	}
	c.Wait()
	fill := float64(o.n) / time.Since(begun).Seconds() / 1e6
	held := resident() - base
	present, bytes := 0, int64(0)
	for i := range uint32(o.n) {
		fillKey(key[:], i)
		if _, ok := c.Get(l.state[0].dst, key[:]); ok {
			present++
			bytes += int64(keySize + valueSize(i) + overhead)
		}
	}
	read1 := rate(1, o.d, l.get)
	read16 := rate(goroutines, o.d, l.get)
	mixed := rate(goroutines, o.d, func(g, i int) {
		if i%4 == 3 {
			l.set(g, i, 0)
		} else {
			l.get(g, i)
		}
	})
	write := rate(goroutines, o.d, func(g, i int) { l.set(g, i, 0) })
	spent := collector() - gc
	churn, err := measureChurn(o, name, keys, sizes, total/10)
	return fmt.Sprintf("| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.1f %% | %.2f |", name, fill, read1, read16, mixed,
		write, churn, float64(held)/float64(bytes), 100*float64(present)/float64(o.n), spent), err
}

// measureChurn sets and reads in a cache with a tenth of the budget, whose entries expire.
func measureChurn(o *options, name string, keys []uint32, sizes []uint16, budget int64) (float64, error) {
	c, err := newCache(name, budget, true)
	if err != nil {
		return 0, err
	}
	l := newLoad(c, keys, sizes)
	return rate(goroutines, o.d, func(g, i int) {
		if i%2 == 0 {
			l.set(g, i, time.Second)
		} else {
			l.get(g, i)
		}
	}), nil
}

const hitsHeader = "| cache | Zipf | scan | loop | mixed |"

// measureHits counts hits of four traces in caches for a tenth of their keys: Zipf's law; the
// same with a scan of new keys in every second half; a loop over keys a quarter more than fit;
// all three in turn.
func measureHits(o *options, name string) (string, error) {
	n := o.n / 10
	z := draws(n, 4*n)
	next := uint32(n)
	fresh := func() uint32 { next++; return next }
	loop := func(i int) uint32 { return uint32(1<<30 + i%(n/8)) }
	line := "| " + name
	for _, trace := range []func(i int) uint32{
		func(i int) uint32 { return z[i] },
		func(i int) uint32 {
			if i/(n/2)%2 == 1 && i%2 == 0 {
				return fresh()
			}
			return z[i]
		},
		loop,
		func(i int) uint32 {
			switch i / (n / 4) % 4 {
			case 1:
				return loop(i)
			case 2:
				return [2]uint32{z[i], fresh()}[i%2]
			}
			return z[i]
		},
	} {
		budget := int64(0)
		for i := range uint32(n) {
			budget += int64(keySize + valueSize(i) + overhead)
		}
		c, err := newCache(name, budget/10, false)
		if err != nil {
			return "", err
		}
		line += fmt.Sprintf(" | %.1f %%", 100*hits(c, 4*n, trace))
	}
	alloc.FreeSlice(alloc.Default(), z)
	return line + " |", nil
}

// hits returns the share of hits of the second half of a trace of m keys.
func hits(c cache, m int, trace func(i int) uint32) float64 {
	var key [keySize]byte
	var value [maxValue]byte
	dst := make([]byte, 0, 2*maxValue)
	hits := 0
	for i := range m {
		k := trace(i)
		fillKey(key[:], k)
		if _, ok := c.Get(dst, key[:]); !ok {
			c.Set(key[:], value[:valueSize(k)], 0)
		} else if i >= m/2 {
			hits++
		}
		if i%64 == 0 {
			c.Wait()
		}
	}
	return float64(hits) / float64(m-m/2)
}
