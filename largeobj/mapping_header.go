package largeobj

import (
	"fmt"
	"math/bits"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A regionHeader is the 64 bytes in front of a region that is ours, at the end of
// the page in front of it. That of a private region is there for whoever reads a
// core dump, and to tell of underflows. That of a shared object is what processes
// agree by; it changes under the lock of the file only.
type regionHeader [headerSize / 8]uint64

// The words of a regionHeader. As with objects, the guards come last, where an
// underflow strikes first.
const (
	regionMagic   = iota
	regionVersion // of this layout
	regionLead    // bytes from the beginning of the object to those of the region
	regionLength  // bytes of the region
	regionSeal    // drawn at random when the region was made
	regionCheck   // of the words above
	regionGuard   // the check's complement, twice
	regionGuard2
)

const (
	magicRegion   = 0x475272616c687361 // "ashlarRG"
	formatVersion = 1
)

// newRegionHeader returns the header of a region of length bytes.
func newRegionHeader(lead, length uintptr, seal uint64) (h regionHeader) {
	h[regionMagic], h[regionVersion] = magicRegion, formatVersion
	h[regionLead], h[regionLength], h[regionSeal] = uint64(lead), uint64(length), seal
	check := h.sum()
	h[regionCheck], h[regionGuard], h[regionGuard2] = check, ^check, ^check
	return h
}

// sum mixes the words that the check is of: the 128-bit products of each with what
// came before, folded.
func (h *regionHeader) sum() uint64 {
	sum := uint64(magicRegion)
	for _, word := range h[:regionCheck] {
		hi, lo := bits.Mul64(sum^word, 0x9e3779b97f4a7c15)
		sum = hi ^ lo ^ word
	}
	return sum
}

// load reads the header in front of the region at base; each word is read once,
// for other processes may be writing.
func loadRegionHeader(base uintptr) (h regionHeader) {
	words := raw.At[regionHeader](base - headerSize)
	for i := range words {
		h[i] = atomic.LoadUint64(&words[i])
	}
	return h
}

// store writes the header in front of the region at base.
func (h *regionHeader) store(base uintptr) {
	words := raw.At[regionHeader](base - headerSize)
	for i := range words {
		atomic.StoreUint64(&words[i], h[i])
	}
}

// verify tells what is wrong with a header that was read, in an object of size
// bytes where lead bytes are in front of the region.
func (h *regionHeader) verify(lead uintptr, size uint64) error {
	switch check := h[regionCheck]; {
	case h[regionMagic] != magicRegion:
		return fmt.Errorf("%w: it does not begin with the magic number", ErrForeign)
	case h[regionVersion] != formatVersion:
		return fmt.Errorf("%w: version %d, this is %d", ErrVersion, h[regionVersion], formatVersion)
	case check != h.sum() || h[regionGuard] != ^check || h[regionGuard2] != ^check:
		return fmt.Errorf("%w: its words do not fit together: %#x", ErrDamaged, *h)
	case h[regionLead] != uint64(lead):
		return fmt.Errorf("%w: the region begins at %d, the page size here is %d", ErrVersion, h[regionLead], lead)
	case h[regionLength] == 0 || size < uint64(lead) || h[regionLength] > size-uint64(lead):
		return fmt.Errorf("%w: %d bytes in an object of %d", ErrMismatch, h[regionLength], size)
	}
	return nil
}

// write writes the header of a region that is ours, as long as it is.
func (r *Region) writeHeader() {
	h := newRegionHeader(r.lead, r.length, r.seal)
	h.store(r.base())
}

// intact tells of an underflow of a private region.
func (r *Region) intact() error {
	got, want := loadRegionHeader(r.base()), newRegionHeader(r.lead, r.length, r.seal)
	if got == want {
		return nil
	}
	return fmt.Errorf("%w: it is %#x, should be %#x; suspect a write in front of its first byte %#x",
		ErrDamaged, got, want, r.base())
}
