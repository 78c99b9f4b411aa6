// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// TestCacheChangingLengths: a Cache whose values change their lengths uses most of its budget for keys, values
// and 24 bytes an entry.
func TestCacheChangingLengths(t *testing.T) {
	uneven := func(i, times int) int {
		return int(16 * math.Pow(float64(times), float64(uint32(i)*0x9e3779b1)/(1<<32)))
	}
	for _, test := range []struct {
		name   string
		length func(r *rand.Rand, key int) int
	}{
		{"any", func(r *rand.Rand, _ int) int { return r.IntN(2048) }},
		{"a little", func(r *rand.Rand, key int) int { n := uneven(key, 64); return n + r.IntN(n/10+1) }},
		{"some large", func(r *rand.Rand, _ int) int { return uneven(int(r.Uint32()), 1250) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			var a alloc.Allocator
			defer a.Close()
			c, err := NewCache[string, []byte](&a, CacheOptions{Bytes: 8 << 20})
			must(t, err)
			defer c.Close()
			r := rand.New(rand.NewPCG(1, 2))
			value := make([]byte, 20_000)
			keys, sets := 60_000, 150_000
			for i := range keys {
				must(t, c.Set(strconv.Itoa(i), value[:test.length(r, i)], 0))
			}
			for range sets {
				i := r.IntN(keys)
				must(t, c.Set(strconv.Itoa(i), value[:test.length(r, i)], 0))
			}
			must(t, c.c.check())
			s := c.Stats()
			use := s.Live + 24*s.Entries
			t.Logf("memory is %.3f of keys, values and 24 bytes an entry", float64(s.Bytes)/float64(use))
			if use < s.Limit*82/100 || s.Bytes > s.Limit {
				t.Errorf("%d bytes of memory, of %d", s.Bytes, s.Limit)
			}
		})
	}
}
