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

// A file is an array of pages of 4 KiB, whatever the kernel's are:
//
//	0        4 KiB    8 KiB        64 KiB           data                data + pages     end of file
//	┌────────┬────────┬────────────┬────────────────┬───────────────────┬────────────────┐
//	│ header │ header │ zero       │ table: a sum   │ data: what refs   │ zero, or the   │
//	│ slot 0 │ slot 1 │            │ for each page  │ count bytes of    │ journal        │
//	└────────┴────────┴────────────┴────────────────┴───────────────────┴────────────────┘
//	                                capacity / 1024   used, rounded up
//
// Table and data have room for the capacity; what was not written of them is a hole
// that takes no space on the disk. Numbers are in the byte order of the machine. Sums
// are CRC-32C.
const (
	filePage  = 4096
	tableAt   = 64 << 10
	dataAlign = 64 << 10 // the largest page of a kernel: mappings begin with one
	sumSize   = 4
	perTable  = filePage / sumSize // pages whose sums are in one page of the table

	fileMagic   = 0x0a66_7261_6c68_7361 // "ashlarf\n", where the low byte comes first
	fileVersion = 1
)

// A header is the state of a file as of one commit. Both slots hold the same one
// while no commit is under way. The valid one with the higher sequence number counts,
// but see recover for one with a journal in slot 1 alone.
type header struct {
	Magic    uint64
	Version  uint32
	_        uint32
	Sequence uint64
	Capacity uint64 // bytes of data there is room for, a multiple of 64 KiB
	Used     uint64 // bytes of data
	Root     uint64 // offset of the root in the data; 0: none
	RootType fingerprint
	File     [16]byte // a random number that tells this file from others

	// The pages of the journal, which must be written to their places; 0: none.
	JournalPages uint64
	JournalSum   uint32
	_            uint32
	Before       uint64 // with a journal: Used of the commit before
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }

// encode returns the page of a header: the structure, zeros, and their sum.
func (h *header) encode() []byte {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.NativeEndian, h) // a buffer takes everything
	page := make([]byte, filePage)
	copy(page, b.Bytes())
	binary.NativeEndian.PutUint32(page[filePage-sumSize:], sum(page[:filePage-sumSize]))
	return page
}

// read reads a header from its page, whatever that holds.
func (h *header) read(page []byte) {
	_ = binary.Read(bytes.NewReader(page), binary.NativeEndian, h) // of a whole page
}

// decode reads a header from its page and checks it.
func (h *header) decode(page []byte) error {
	h.read(page)
	switch {
	case h.Magic == bits.ReverseBytes64(fileMagic):
		return fmt.Errorf("%w: it comes from a machine with another byte order", ErrForeign)
	case h.Magic != fileMagic:
		return fmt.Errorf("%w: it does not begin as one", ErrForeign)
	case sum(page[:filePage-sumSize]) != binary.NativeEndian.Uint32(page[filePage-sumSize:]):
		return fmt.Errorf("%w: that of a header", ErrDamaged)
	case h.Version > fileVersion:
		return fmt.Errorf("%w: format %d, this one knows %d", ErrVersion, h.Version, fileVersion)
	case h.Capacity%dataAlign != 0 || h.Capacity > maxCapacity || h.Used > h.Capacity || h.Root > h.Used || h.Before > h.Used:
		return fmt.Errorf("%w: the header contradicts itself", ErrDamaged)
	}
	return nil
}

// maxCapacity keeps offsets and lengths far from overflowing.
const maxCapacity = 1 << 46

// dataAt returns where in the file the data begin.
func (h *header) dataAt() int64 {
	table := h.Capacity / filePage * sumSize
	return int64((tableAt + table + dataAlign - 1) &^ (dataAlign - 1))
}

// pages returns how many pages have data.
func (h *header) pages() uint64 { return pagesOf(h.Used) }

// end returns how long the file is without its journal.
func (h *header) end() int64 { return h.dataAt() + int64(h.pages()*filePage) }

func pagesOf(n uint64) uint64 { return (n + filePage - 1) / filePage }

// place returns where page i of the data is in the file, tablePlace where the page
// of the table is that has its sum.
func (h *header) place(i uint64) int64      { return h.dataAt() + int64(i*filePage) }
func (h *header) tablePlace(i uint64) int64 { return tableAt + int64(i/perTable*filePage) }

// fits reports whether an arena of this capacity can be mapped.
func fits(capacity uint64) bool { return capacity <= 1<<(bits.UintSize-2) }

// dataFloor is the offset of the first thing in the data: 0 is that of none.
const dataFloor = 64

// zeroPage is a page of zeros, zeroSum its sum.
var (
	zeroPage = make([]byte, filePage)
	zeroSum  = sum(zeroPage)
)

func isZero(p []byte) bool { return string(p) == string(zeroPage[:len(p)]) }

func memory(base uintptr, page uint64) []byte {
	return raw.Bytes(base+uintptr(page)*filePage, filePage)
}
