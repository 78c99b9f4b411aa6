// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"fmt"
	"math/bits"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// headerSize is the length of a header in bytes.
const headerSize = 64

// A header is the 64 bytes in front of the bytes of a region that shows no file, at the end
// of the page in front of them. The header of private memory shows underflows, and helps the
// reader of a core dump. The header of a shared object has the length on which processes
// agree. Only the length changes, under the lock of the file and by one store, because a
// process can be killed at any moment.
type header [headerSize / 8]uint64

// The words of a header. The canaries come last, because an underflow overwrites the last
// bytes first.
const (
	wordMagic   = iota
	wordVersion // version of this layout
	wordLead    // bytes of the object in front of the region's
	wordLength  // length of the region, and above it 16 bits to check it by
	wordSeal    // drawn at random when the region was made
	wordCheck   // mixed from the words above, except the length
	wordCanary  // the complement of the check, twice
	wordCanary2
)

const (
	magic         = 0x475272616c687361 // "ashlarRG"
	formatVersion = 1
)

// lengthBits is the number of bits of a length. No address space has more.
const lengthBits = 48

// newHeader returns the header of a region of length bytes.
func newHeader(lead, length uintptr, seal uint64) (h header) {
	h[wordMagic], h[wordVersion] = magic, formatVersion
	h[wordLead], h[wordSeal] = uint64(lead), seal
	check := h.sum()
	h[wordCheck], h[wordCanary], h[wordCanary2] = check, ^check, ^check
	h.setLength(length)
	return h
}

// sum mixes the words that the check covers.
func (h *header) sum() uint64 {
	sum := uint64(magic)
	for _, word := range [...]uint64{h[wordMagic], h[wordVersion], h[wordLead], h[wordSeal]} {
		sum = fold(sum^word, 0x9e3779b97f4a7c15) ^ word
	}
	return sum
}

// fold returns the two halves of the 128-bit product as one.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// setLength sets the length, and above it bits that depend on the length and on the check. So
// a length that was copied from another object is detected.
func (h *header) setLength(n uintptr) {
	h[wordLength] = uint64(n) | fold(uint64(n)^h[wordCheck], 0x9e3779b97f4a7c15)>>lengthBits<<lengthBits
}

// length returns the length. It returns false if the bits above the length are wrong.
func (h *header) length() (uintptr, bool) {
	n := h[wordLength] & (1<<lengthBits - 1)
	same := *h
	same.setLength(uintptr(n))
	return uintptr(n), same == *h
}

// loadHeader returns the header in front of the bytes at base. It reads each word once,
// because other processes may be writing.
func loadHeader(base uintptr) (h header) {
	words := raw.At[header](base - headerSize)
	for i := range words {
		h[i] = atomic.LoadUint64(&words[i])
	}
	return h
}

// store writes those words of the header in front of the bytes at base that have changed.
func (h *header) store(base uintptr) {
	words := raw.At[header](base - headerSize)
	for i := range words {
		if word := &words[i]; atomic.LoadUint64(word) != h[i] {
			atomic.StoreUint64(word, h[i])
		}
	}
}

// verify returns the length of a shared region from its header, or an error that says what
// is wrong with the header. The object has size bytes, of which lead are in front of the
// region.
func (h *header) verify(lead uintptr, size uint64) (uintptr, error) {
	check := h[wordCheck]
	length, fits := h.length()
	switch {
	case h[wordMagic] != magic:
		return 0, fmt.Errorf("%w: its header does not begin with the magic number", ErrForeign)
	case h[wordVersion] != formatVersion:
		return 0, fmt.Errorf("%w: version %d, this is %d", ErrVersion, h[wordVersion], formatVersion)
	case check != h.sum() || h[wordCanary] != ^check || h[wordCanary2] != ^check || !fits:
		return 0, fmt.Errorf("%w: its words contradict each other: %#x", ErrDamaged, *h)
	case h[wordLead] != uint64(lead):
		return 0, fmt.Errorf("%w: the region begins at byte %d of the object, and the page size is %d", ErrVersion, h[wordLead], lead)
	case length == 0 || size < uint64(lead) || uint64(length) > size-uint64(lead):
		return 0, fmt.Errorf("%w: %d bytes in an object of %d", ErrMismatch, length, size)
	}
	return length, nil
}

// writeHeader writes the header that the region should have now.
func (r *Region) writeHeader() {
	h := newHeader(r.lead, r.length, r.seal)
	h.store(r.base())
}

// intact returns an error if the header was overwritten. The length of a shared object may
// be the one that another process has set.
func (r *Region) intact() error {
	got, err := r.header()
	if err != nil {
		return err
	}
	want := newHeader(r.lead, r.length, r.seal)
	if n, fits := got.length(); r.kind == Shared && fits {
		want.setLength(n)
	}
	if got == want {
		return nil
	}
	return fmt.Errorf("%w: it is %#x, should be %#x; suspect a write in front of its first byte %#x",
		ErrDamaged, got, want, r.base())
}
