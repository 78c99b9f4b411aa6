package largeheap

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A header is the 64 bytes in front of each object. Nothing the allocator does
// depends on what it says: it is compared with the descriptor, which lies out of
// reach of the program's overruns, and a difference shows that something wrote
// there. The guards and the cookie come last, where an underflow of the object
// strikes first.
type header [headerSize / 8]uint64

// The words of a header.
const (
	wordMagic     = iota // tells a header to who reads a core dump
	wordAddress          // of the object
	wordTotal            // bytes of the region
	wordRequested        // bytes of the object
	wordState            // of the region
	wordGuard            // the cookie's complement, twice
	wordGuard2
	wordCookie // binds the header to its address: a copy elsewhere is no header
)

var wordNames = [...]string{
	"magic number", "address", "region length", "requested length", "state", "guard", "guard", "cookie",
}

// magic reads "ashlarLO" in memory, on little-endian machines.
const magic = 0x4f4c72616c687361

// mark writes a region's state into the header of the object at user.
//
//go:norace
func mark(user uintptr, s State) { headerAt(user)[wordState] = uint64(s) }

func headerAt(user uintptr) *header { return raw.At[header](user - headerSize) }

// cookieOf mixes an object's address and its region's length with a secret: the
// 128-bit product of the two, folded, as in wyhash. Every bit of both counts.
func cookieOf(secret uint64, user, total uintptr) uint64 {
	return fold(uint64(user)^secret, uint64(total)^bits.RotateLeft64(secret, 32))
}

// fold returns the two halves of the 128-bit product as one.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// header returns what the header of o should read.
func (o *object) header(s State) header {
	return header{
		magic, uint64(o.user()), uint64(o.total()), uint64(o.requested), uint64(s),
		^o.cookie, ^o.cookie, o.cookie,
	}
}

// seal binds the header to where the object now lies.
//
//go:norace
func (o *object) seal(secret uint64) {
	o.cookie = cookieOf(secret, o.user(), o.total())
	*headerAt(o.user()) = o.header(Live)
}

// intact reports whether the header of a live object is as it was written.
//
// It is spelt out because comparing arrays calls a routine that reads the words
// in pairs, which stalls on words that were written one by one just before.
//
// It reads the header of addr, not of o.user(), which is the same: so the header
// and the descriptor are fetched at the same time, and both tend to be far away.
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
		(got[wordGuard]^^o.cookie)|
		(got[wordGuard2]^^o.cookie)|
		(got[wordCookie]^o.cookie) == 0
}

// damage tells how the header of a live object differs from the descriptor.
//
//go:norace
func (o *object) damage() string {
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
