// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A header is the 64 bytes in front of each object. The heap makes no decision based on its
// contents. It compares them with the descriptor, which lies where an overrun of the program
// cannot reach it. A difference shows that the header was overwritten. The canaries and the
// cookie come last, because an underflow of the object overwrites the last bytes first.
type header [headerSize / 8]uint64

// The words of a header.
const (
	wordMagic     = iota // marks the header for the reader of a core dump
	wordAddress          // address of the object
	wordTotal            // bytes of the extent
	wordRequested        // bytes of the object
	wordState            // State of the extent
	wordCanary           // the complement of the cookie, twice
	wordCanary2
	wordCookie // depends on the address, so that a copy of the header elsewhere is invalid
)

var wordNames = [...]string{
	"magic number", "address", "extent length", "requested length", "state", "canary", "canary", "cookie",
}

// magic reads "ashlarLO" in memory, on little-endian machines.
const magic = 0x4f4c72616c687361

// mark writes state s into the header of the object at user.
//
//go:norace
func mark(user uintptr, s State) { headerAt(user)[wordState] = uint64(s) }

func headerAt(user uintptr) *header { return raw.At[header](user - headerSize) }

// cookieOf mixes the address of an object and the length of its extent with a secret:
// the 128-bit product of the two, folded, as in wyhash. Every bit of both counts.
func cookieOf(secret uint64, user, total uintptr) uint64 {
	return fold(uint64(user)^secret, uint64(total)^bits.RotateLeft64(secret, 32))
}

// fold returns the two halves of the 128-bit product as one.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// header returns what the header of o should be in state s.
func (o *object) header(s State) header {
	return header{
		magic, uint64(o.user()), uint64(o.total()), uint64(o.requested), uint64(s),
		^o.cookie, ^o.cookie, o.cookie,
	}
}

// seal writes the header of o, and binds it to the present address of the object.
//
//go:norace
func (o *object) seal(secret uint64) {
	o.cookie = cookieOf(secret, o.user(), o.total())
	*headerAt(o.user()) = o.header(Live)
}

// intact reports whether the header of a live object is as it was written.
//
// The code compares word by word. Comparing arrays would call a routine that reads the words
// in pairs, and such a read stalls if the words were written one by one just before.
//
// addr is o.user(). intact reads the header by addr so that the processor fetches the
// header and the descriptor at the same time. Both are often not in its caches.
//
//go:norace
func (o *object) intact(addr uintptr, secret uint64) bool {
	got := headerAt(addr)
	total := uintptr(got[wordTotal]) // half of the word, on 32-bit
	return (got[wordMagic]^magic)|
		(got[wordAddress]^uint64(addr))|
		(got[wordTotal]^uint64(total))|
		(cookieOf(secret, addr, total)^o.cookie)|
		(got[wordRequested]^uint64(o.requested))|
		(got[wordState]^uint64(Live))|
		(got[wordCanary]^^o.cookie)|
		(got[wordCanary2]^^o.cookie)|
		(got[wordCookie]^o.cookie) == 0
}

// describeDamage says how the header of a live object differs from the descriptor.
//
//go:norace
func (o *object) describeDamage() string {
	got, want := *headerAt(o.user()), o.header(Live)
	var b strings.Builder
	first, last := -1, 0
	for i := range got {
		if got[i] == want[i] {
			continue
		}
		if first < 0 {
			first = i
		} else {
			b.WriteString("; ")
		}
		last = i
		fmt.Fprintf(&b, "%s is %#x, should be %#x", wordNames[i], got[i], want[i])
	}
	suspect := fmt.Sprintf("suspect an underflow of this object, a write in front of its first byte %#x", o.user())
	if last != wordCookie {
		suspect = "the bytes next to the object are as they were: suspect a wild write, or a negative index"
	}
	return fmt.Sprintf("bytes %d to %d in front of the object were written (%s); %s",
		8*(len(got)-first), 8*(len(got)-last)-7, b.String(), suspect)
}
