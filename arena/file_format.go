// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/bits"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A file is an array of pages of 4 KiB, even if the kernel's pages are larger:
//
//	0        4 KiB    8 KiB        64 KiB           data                data + pages     end of file
//	┌────────┬────────┬────────────┬────────────────┬───────────────────┬────────────────┐
//	│ header │ header │ zero       │ table: a sum   │ data: the target  │ zero, or the   │
//	│ slot 0 │ slot 1 │            │ for each page  │ of refs           │ journal        │
//	└────────┴────────┴────────────┴────────────────┴───────────────────┴────────────────┘
//	                                capacity / 1024   used, rounded up
//
// Table and data have room for the capacity. Parts that were never written are holes, which
// take no space on the disk. Numbers are in the byte order of the machine. Checksums are
// CRC-32C.
const (
	filePage  = 4096
	tableAt   = 64 << 10
	dataAlign = 64 << 10 // the largest page size of a kernel: mappings begin at a multiple
	sumSize   = 4
	perTable  = filePage / sumSize // checksums in one page of the table

	fileMagic   = 0x0a66_7261_6c68_7361 // "ashlarf\n", low byte first
	fileVersion = 1
)

// A header is the state of a file after a commit. Both slots hold the same header while no
// commit is running. Of two valid headers the one with the higher sequence number counts.
// See recover for a header with a journal in slot 1 alone.
type header struct {
	Magic    uint64
	Version  uint32
	_        uint32
	Sequence uint64
	Capacity uint64 // largest number of bytes of data, a multiple of 64 KiB
	Used     uint64 // bytes of data
	Root     uint64 // offset of the root in the data; 0: none
	RootType fingerprint
	File     [16]byte // a random number that identifies this file

	// The number of places in the index of the journal; 0: there is no journal.
	JournalPages uint64
	JournalSum   uint32
	_            uint32
	Before       uint64 // Used of the previous commit, if there is a journal
}

// castagnoli returns the table of the checksum. The first call makes it, which takes a quarter of a millisecond
// that programs without checksums should not pay at their start.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func sum(p []byte) uint32 { return crc32.Checksum(p, castagnoli()) }

// encode returns the page of a header: the structure, zeros, and their checksum.
func (h *header) encode() []byte {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.NativeEndian, h) // a Buffer accepts every write
	page := make([]byte, filePage)
	copy(page, b.Bytes())
	binary.NativeEndian.PutUint32(page[filePage-sumSize:], sum(page[:filePage-sumSize]))
	return page
}

// read reads a header from its page without a check.
func (h *header) read(page []byte) {
	_ = binary.Read(bytes.NewReader(page), binary.NativeEndian, h) // cannot fail: the page is long enough
}

// decode reads a header from its page and checks it.
func (h *header) decode(page []byte) error {
	h.read(page)
	switch {
	case h.Magic == bits.ReverseBytes64(fileMagic):
		return fmt.Errorf("%w: it was made on a machine with another byte order", ErrForeign)
	case h.Magic != fileMagic:
		return fmt.Errorf("%w: it does not begin with the magic number", ErrForeign)
	case sum(page[:filePage-sumSize]) != binary.NativeEndian.Uint32(page[filePage-sumSize:]):
		return fmt.Errorf("%w: the checksum of a header", ErrDamaged)
	case h.Version > fileVersion:
		return fmt.Errorf("%w: it has format %d, and this version reads formats up to %d", ErrVersion, h.Version, fileVersion)
	case h.Capacity%dataAlign != 0 || h.Capacity > maxCapacity || h.Used > h.Capacity || h.Root > h.Used || h.Before > h.Capacity:
		return fmt.Errorf("%w: the header contradicts itself", ErrDamaged)
	}
	return nil
}

// maxCapacity is so small that offsets and lengths cannot overflow.
const maxCapacity = 1 << 46

// dataAt returns where the data begin in the file.
func (h *header) dataAt() int64 {
	table := h.Capacity / filePage * sumSize
	return int64((tableAt + table + dataAlign - 1) &^ (dataAlign - 1))
}

// pages returns the number of pages with data.
func (h *header) pages() uint64 { return pagesOf(h.Used) }

// end returns the length of the file without its journal.
func (h *header) end() int64 { return h.dataAt() + int64(h.pages()*filePage) }

// journalAt returns where the journal begins: beyond the data of this state and of the
// state before.
func (h *header) journalAt() int64 {
	return h.dataAt() + int64(max(h.pages(), pagesOf(h.Before))*filePage)
}

func pagesOf(n uint64) uint64 { return (n + filePage - 1) / filePage }

// place returns where page i of the data is in the file. tablePlace returns where the page
// of the table with its checksum is.
func (h *header) place(i uint64) int64      { return h.dataAt() + int64(i*filePage) }
func (h *header) tablePlace(i uint64) int64 { return tableAt + int64(i/perTable*filePage) }

// fits reports whether the address space suffices to map an arena of this capacity.
func fits(capacity uint64) bool { return capacity <= 1<<(bits.UintSize-2) }

// dataFloor is the offset of the first object in the data. The offset 0 means nil.
const dataFloor = 64

// zeroPage is a page of zeros. zeroSum is its checksum.
var (
	zeroPage = make([]byte, filePage)
	zeroSum  = sum(zeroPage)
)

func isZero(p []byte) bool { return string(p) == string(zeroPage[:len(p)]) }

func memory(base uintptr, page uint64) []byte {
	return raw.Bytes(base+uintptr(page)*filePage, filePage)
}
