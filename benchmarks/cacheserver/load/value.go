// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
)

// Sizes describes how the lengths of values are distributed, between Min and Max bytes.
type Sizes struct {
	Min, Max int
	// Shape is the shape of a bounded Pareto distribution: the larger it is, the more values are
	// short. 0 is log-uniform: as many between 64 and 128 bytes as between 4096 and 8192.
	Shape float64
}

// Draw returns a length in bytes.
func (s Sizes) Draw(random *rand.Rand) int {
	u, low, high := random.Float64(), float64(s.Min), float64(s.Max)
	if s.Shape == 0 {
		return int(low * math.Pow(high/low, u))
	}
	// The inverse of the distribution function.
	n := low * math.Pow(1-u*(1-math.Pow(low/high, s.Shape)), -1/s.Shape)
	return int(min(n, high))
}

// Mean is the mean length in bytes.
func (s Sizes) Mean() float64 {
	low, high, a := float64(s.Min), float64(s.Max), s.Shape
	switch {
	case low == high:
		return low
	case a == 0:
		return (high - low) / math.Log(high/low)
	case a == 1:
		return low * math.Log(high/low) / (1 - low/high)
	}
	return math.Pow(low, a) / (1 - math.Pow(low/high, a)) * a / (a - 1) * (math.Pow(low, 1-a) - math.Pow(high, 1-a))
}

// headBytes is the length of a value's head: the number of the key, and the length.
const headBytes = 16

// Check returns an error if the lengths cannot be those of values.
func (s Sizes) Check() error {
	if s.Min < headBytes || s.Max < s.Min || s.Max > longestValue || !(s.Shape >= 0) || math.IsInf(s.Shape, 1) {
		return fmt.Errorf("load: values of %d to %d bytes, shape %v: want %d to %d, a shape of at low 0",
			s.Min, s.Max, s.Shape, headBytes, longestValue)
	}
	return nil
}

const (
	longestValue = 1 << 20
	variants     = 256 // of the bytes after the head
)

// noise has the bytes of values after their heads.
var noise = func() []byte {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, longestValue+variants)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}()

// appendKey appends the key with this number.
func appendKey(dst []byte, key uint64) []byte {
	return strconv.AppendUint(append(dst, "key:"...), key, 10)
}

// appendValue appends a key's value of n bytes.
func appendValue(dst []byte, key uint64, n int) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, key)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(n))
	return append(dst, rest(key, n)...)
}

// checkValue returns an error if a value does not belong to the key.
func checkValue(value []byte, key uint64) error {
	if n := len(value); n < headBytes || binary.LittleEndian.Uint64(value) != key ||
		binary.LittleEndian.Uint64(value[8:]) != uint64(n) || !bytes.Equal(value[headBytes:], rest(key, n)) {
		return fmt.Errorf("load: the value of key %d, of %d bytes, is not one that was set: %.32q", key, n, value)
	}
	return nil
}

func rest(key uint64, n int) []byte { return noise[key%variants:][:n-headBytes] }
