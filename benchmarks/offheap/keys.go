// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/ashlar-go/ashlar/alloc"
)

const (
	keySize  = 16
	minValue = 16
	maxValue = 1 << 10
)

// fillKey writes the key with number i.
func fillKey(key []byte, i uint32) {
	binary.LittleEndian.PutUint64(key, uint64(i)*0x9e3779b97f4a7c15)
	binary.LittleEndian.PutUint64(key[8:], uint64(i))
}

// valueSize returns the size of the value of key i: log-uniform from minValue to maxValue.
func valueSize(i uint32) int {
	x := float64(bits.Reverse32(i*0x9e3779b1)) / (1 << 32)
	return int(minValue * math.Pow(maxValue/minValue, x))
}

// A zipf draws numbers below n, 0 most often (Gray et al., Quickly Generating Billion-Record
// Synthetic Databases, SIGMOD 1994).
type zipf struct {
	n                        float64
	zeta, alpha, eta, second float64
	random                   *rand.Rand
}

func newZipf(n int, seed uint64) *zipf {
	const theta = 0.99
	z := &zipf{n: float64(n), alpha: 1 / (1 - theta), second: 1 + math.Pow(0.5, theta), random: rand.New(rand.NewPCG(seed, 0))}
	for i := 1; i <= n; i++ {
		z.zeta += math.Pow(float64(i), -theta)
	}
	z.eta = (1 - math.Pow(2/z.n, 1-theta)) / (1 - z.second/z.zeta)
	return z
}

func (z *zipf) next() uint32 {
	u := z.random.Float64()
	switch uz := u * z.zeta; {
	case uz < 1:
		return 0
	case uz < z.second:
		return 1
	}
	return min(uint32(z.n*math.Pow(z.eta*u-z.eta+1, z.alpha)), uint32(z.n)-1)
}

// scatter maps the numbers below n to themselves, in a fixed random-looking order.
func scatter(i uint32, n int) uint32 { return uint32(uint64(i) * 2_654_435_761 % uint64(n)) }

// draws returns m keys below n by Zipf's law, off the Go heap.
func draws(n, m int) []uint32 {
	s := alloc.Must(alloc.MallocSlice[uint32](alloc.Default(), m, m))
	z := newZipf(n, 1)
	for i := range s {
		s[i] = scatter(z.next(), n)
	}
	return s
}

// valueSizes returns the sizes of the values of keys, off the Go heap.
func valueSizes(keys []uint32) []uint16 {
	s := alloc.Must(alloc.MallocSlice[uint16](alloc.Default(), len(keys), len(keys)))
	for i, k := range keys {
		s[i] = uint16(valueSize(k))
	}
	return s
}
