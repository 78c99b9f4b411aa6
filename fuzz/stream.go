// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// maxInput is the maximum number of bytes of an input that are used. It bounds a run to
// about a thousand operations.
const maxInput = 4 << 10

// A stream reads the bytes of an input as choices. After the end it returns zeros.
type stream struct{ rest []byte }

func newStream(data []byte) stream { return stream{data[:min(len(data), maxInput)]} }

func (s *stream) more() bool { return len(s.rest) > 0 }

// next returns the next byte.
func (s *stream) next() int {
	if len(s.rest) == 0 {
		return 0
	}
	b := s.rest[0]
	s.rest = s.rest[1:]
	return int(b)
}

// below returns a number below n, 0 < n ≤ 65536. It reads one byte if that suffices,
// otherwise two.
func (s *stream) below(n int) int {
	x := s.next()
	if n > 256 {
		x |= s.next() << 8
	}
	return x % n
}

// sizeForms are the forms of sizes, with the number of values of the first byte that
// select each.
const (
	formClasses = 2 * sizeclass.Count // at most 4 bytes from a class bound, or in a class; 1: 0 to 255
	formLarge   = 72                  // 128 KiB to 1.2 MiB, near a page bound
	formBig     = 4                   // 1 to 12 MiB
	formWrong   = 2                   // negative
	// The other two values select sizes that no machine has.
)

// size reads a number of bytes from two bytes of the stream. It is often close to a bound
// at which the behaviour changes, and rarely impossible.
func (s *stream) size() int {
	a, b := s.next(), s.next()
	switch {
	case a == 1:
		return b
	case a < formClasses:
		c := sizeclass.Class(a / 2)
		if a%2 == 0 {
			return max(c.Size()+b%9-4, 0)
		}
		return c.Size() - b*c.Size()/(16*256)
	case a < formClasses+formLarge:
		a -= formClasses
		return sizeclass.LargeMin + (a/8)*(128<<10) + (a%8)*(8<<10) + b%129 - 64
	case a < formClasses+formLarge+formBig:
		a -= formClasses + formLarge
		return (a+1)<<20 + b<<15
	case a < formClasses+formLarge+formBig+formWrong:
		return -1 - b
	default:
		return math.MaxInt - b
	}
}

// align reads an alignment from one byte: a power of two up to 2^bits. One byte in
// sixteen selects an invalid alignment.
func (s *stream) align(bits int) int {
	a := s.next()
	if a%16 == 15 {
		return [...]int{0, -8, 3, 48, math.MinInt, math.MaxInt}[a/16%6]
	}
	return 1 << (a % (bits + 1))
}
