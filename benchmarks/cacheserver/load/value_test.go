// SPDX-License-Identifier: Apache-2.0

package load

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSizes: lengths are within their bounds, and have the mean that Mean returns.
func TestSizes(t *testing.T) {
	for name, s := range map[string]Sizes{
		"log-uniform": {Min: 64, Max: 8 << 10},
		"shape 1":     {Min: 64, Max: 8 << 10, Shape: 1},
		"shape 0.5":   {Min: 64, Max: 8 << 10, Shape: 0.5},
		"shape 2":     {Min: 100, Max: 200, Shape: 2},
		"one":         {Min: 64, Max: 64, Shape: 1},
	} {
		if err := s.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		random, sum, low, high := rand.New(rand.NewPCG(1, 2)), 0.0, math.MaxInt, 0
		const n = 400_000
		for range n {
			size := s.Draw(random)
			sum += float64(size)
			low, high = min(low, size), max(high, size)
		}
		if low < s.Min || high > s.Max {
			t.Errorf("%s: %d to %d bytes", name, low, high)
		}
		if ratio := sum / n / s.Mean(); ratio < 0.98 || ratio > 1.02 {
			t.Errorf("%s: the mean is %v, said to be %v", name, sum/n, s.Mean())
		}
	}
}

func TestBadSizes(t *testing.T) {
	for _, s := range []Sizes{{0, 10, 1}, {64, 63, 1}, {64, 1 << 30, 1}, {64, 100, -1}, {64, 100, math.NaN()}, {64, 100, math.Inf(1)}} {
		if s.Check() == nil {
			t.Errorf("%+v is let through", s)
		}
	}
}

// TestCheckValue: a value that does not belong to a key is found.
func TestCheckValue(t *testing.T) {
	v := appendValue(nil, 7, 100)
	if err := checkValue(v, 7); err != nil || len(v) != 100 {
		t.Fatalf("%d bytes, %v", len(v), err)
	}
	for i := range v {
		v[i] ^= 1
		if checkValue(v, 7) == nil {
			t.Errorf("a bit of byte %d has changed unseen", i)
		}
		v[i] ^= 1
	}
	for name, c := range map[string]struct {
		value []byte
		key   uint64
	}{"other key": {v, 8}, "cut": {v[:99], 7}, "stub": {v[:5], 7}, "none": {nil, 7}} {
		if checkValue(c.value, c.key) == nil {
			t.Errorf("%s: unseen", name)
		}
	}
}

// TestFill: the connections together set each key once, the most frequent one last.
func TestFill(t *testing.T) {
	m := Mix{Keys: 100, TTL: 1000, Sizes: Sizes{Min: 64, Max: 65}}
	seen := map[uint64]bool{}
	for i := range 7 {
		next, last := m.Fill(7)(i), m.Keys
		for o, ok := next(); ok; o, ok = next() {
			if o.Get || o.TTL < 500 || o.TTL > 1000 || o.Key >= last || seen[o.Key] {
				t.Errorf("connection %d: %+v after key %d", i, o, last)
			}
			seen[o.Key], last = true, o.Key
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d keys are set", len(seen))
	}
}

// TestMix: operations have the kinds and keys that the Mix describes.
func TestMix(t *testing.T) {
	m := Mix{Keys: 1000, Gets: 0.25, Zipf: 1.1, Sizes: Sizes{Min: 64, Max: 65}}
	next, gets, first := m.Source(0), 0, 0
	const n = 10_000
	for range n {
		o, ok := next()
		if !ok || o.Key >= m.Keys || o.TTL != 0 {
			t.Fatalf("%+v %v", o, ok)
		}
		if o.Get {
			gets++
		}
		if o.Key == 0 {
			first++
		}
	}
	if gets < n/5 || gets > n*3/10 || first < n/20 {
		t.Errorf("%d gets, and %d times the first key, of %d", gets, first, n)
	}
	for name, bad := range map[string]Mix{"no keys": {Zipf: 2}, "no exponent": {Keys: 1, Zipf: 1}, "gets": {Keys: 1, Zipf: 2, Gets: 2}} {
		if bad.Sizes = m.Sizes; bad.Check() == nil {
			t.Errorf("%s: let through", name)
		}
	}
}
