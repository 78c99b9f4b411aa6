// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// TestCacheChangingLengths: a Cache whose values change their lengths holds keys and values for
// most of its budget. A sixth may be dead, and each segment has some room left at its end.
func TestCacheChangingLengths(t *testing.T) {
	var a alloc.Allocator
	defer a.Close()
	c, err := NewCache[string, []byte](&a, CacheOptions{Bytes: 32 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := rand.New(rand.NewPCG(1, 2))
	keys := make([]string, 60_000)
	for i := range keys {
		keys[i] = strconv.Itoa(i)
	}
	value := make([]byte, 2048)
	for range 400_000 {
		if err := c.Set(keys[r.IntN(len(keys))], value[:1+r.IntN(len(value))], 0); err != nil {
			t.Fatal(err)
		}
	}
	if s := c.Stats(); s.Live < s.Limit*7/10 || s.Bytes > s.Limit {
		t.Errorf("%d bytes of keys and values, in %d bytes of memory, of %d", s.Live, s.Bytes, s.Limit)
	}
}
