// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
	"unsafe"
)

// A fifo is a cache of values of many sizes that evicts the oldest value first.
type fifo struct {
	a                *Allocator
	values           map[int]unsafe.Pointer // by key
	oldest, youngest int                    // live keys: oldest ≤ key < youngest
	evicted          int
	value            []byte // the stored bytes
	sizes            *rand.Rand
}

func newFifo(a *Allocator) *fifo {
	return &fifo{a: a, values: map[int]unsafe.Pointer{}, value: make([]byte, 4<<10), sizes: rand.New(rand.NewPCG(1, 2))}
}

func (c *fifo) evict() bool {
	p, ok := c.values[c.oldest]
	if !ok {
		return false
	}
	delete(c.values, c.oldest)
	c.oldest++
	c.evicted++
	c.a.Free(p)
	return true
}

// size returns a random size from 64 bytes to 2 KiB; each power of two is equally frequent.
func (c *fifo) size() int { return 1<<(6+c.sizes.IntN(6)) + c.sizes.IntN(64) }

// set stores a value. It evicts others while the allocator fails, or while there are more
// than keep.
func (c *fifo) set(b *testing.B, keep int) {
	size := c.size()
	p, err := c.a.Malloc(size)
	for errors.Is(err, ErrLimit) && c.evict() {
		p, err = c.a.Malloc(size)
	}
	if err != nil {
		b.Fatal(err)
	}
	copy(bytesAt(p, size), c.value)
	c.values[c.youngest] = p
	c.youngest++
	for len(c.values) > keep {
		c.evict()
	}
}

// BenchmarkAtLimit compares a cache that evicts when its allocator fails with ErrLimit to a
// cache on an allocator without a limit, which evicts by the number of values. Both hold
// the same number of values. "of-unlimited" is the throughput of the former divided by that
// of the latter; the goal is at least 0.5.
func BenchmarkAtLimit(b *testing.B) {
	const never = math.MaxInt
	for _, v := range []struct {
		name    string
		onLimit bool // the callback evicts; otherwise the caller of Malloc does
	}{{"evict=caller", false}, {"evict=OnLimit", true}} {
		b.Run(v.name, func(b *testing.B) {
			var limited *fifo
			o := Options{Limit: 64 << 20}
			if v.onLimit {
				o.OnLimit = func(int) bool { return limited.evict() }
			}
			limited = newFifo(open(b, o))
			for range 200_000 { // until the limit is reached
				limited.set(b, never)
			}
			unlimited := newFifo(open(b, Options{}))
			keep := len(limited.values)
			for range 200_000 {
				unlimited.set(b, keep)
			}
			var times [2][]time.Duration // of several rounds
			const round = 1000
			limited.evicted = 0
			b.ResetTimer()
			for done := 0; done < b.N; done += round {
				for i, c := range []*fifo{limited, unlimited} {
					start := time.Now()
					for range round {
						c.set(b, []int{never, keep}[i])
					}
					times[i] = append(times[i], time.Since(start))
				}
			}
			for i := range times {
				slices.Sort(times[i])
			}
			middle := len(times[0]) / 2 // medians, because the machine may be busy
			b.ReportMetric(float64(times[1][middle])/float64(times[0][middle]), "of-unlimited")
			b.ReportMetric(float64(times[0][middle])/round, "ns/set")
			b.ReportMetric(float64(limited.evicted)/float64(len(times[0])*round), "evicted/set")
			b.ReportMetric(float64(keep), "values")
		})
	}
}

// BenchmarkFailAtLimit measures an allocation that fails at the limit while nothing is
// freed.
func BenchmarkFailAtLimit(b *testing.B) {
	for _, size := range []int{100, 300_000} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			a := open(b, Options{Limit: 8 << 20})
			for err := error(nil); err == nil; {
				_, err = a.Malloc(size)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if _, err := a.Malloc(size); err == nil {
					b.Fatal("there is room")
				}
			}
		})
	}
}
