package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A magazine holds blocks of one class that are ready to be handed out. It lives
// in metadata, followed by its slots:
//
//	┌─────────┬──────────┬────────┬────────┬─────┬────────────┐
//	│ next, n │ sentinel │ slot 0 │ slot 1 │  …  │ slot cap−1 │     0 ≤ n ≤ cap
//	└─────────┴──────────┴────────┴────────┴─────┴────────────┘
//
// The sentinel is a slot whose block is never free, so that an empty magazine
// needs no test of its own: taking from it fails as taking a block does that is
// not free.
//
// While a magazine is loaded in a rack, the rack knows how full it is; otherwise
// n does.
type magazine struct {
	next     uintptr // in the depot's lists
	n        uint32  // slots filled
	sentinel slot
}

// A slot names a block and its state byte, so that taking it needs no look-up.
type slot struct {
	addr  uintptr
	state uintptr
}

const (
	slotSize   = unsafe.Sizeof(slot{})
	slotsStart = unsafe.Sizeof(magazine{}) // offset of slot 0

	// A magazine holds so many bytes of blocks, within these bounds. More slots make
	// exchanges with the depot rarer, fewer keep less memory out of other
	// processors' reach.
	magazineBytes = 64 << 10
	magazineMin   = 2
	magazineMax   = 128
)

// noBlock is the state of the block that a sentinel names.
var noBlock = idle

// capacity returns the number of slots of a magazine of class c.
func capacity(c sizeclass.Class) uint32 {
	return uint32(min(max(magazineBytes/c.Size(), magazineMin), magazineMax))
}

func magazineAt(m uintptr) *magazine { return raw.At[magazine](m) }

// slotOf returns slot i of magazine m.
func slotOf(m uintptr, i uint32) *slot {
	return raw.At[slot](m + slotsStart + uintptr(i)*slotSize)
}

func magazineSize(c sizeclass.Class) uintptr {
	return slotsStart + uintptr(capacity(c))*slotSize
}

func newMagazine(c sizeclass.Class) (uintptr, error) {
	m, err := metadata.Alloc(magazineSize(c))
	if err == nil {
		magazineAt(m).sentinel.state = raw.Addr(unsafe.Pointer(&noBlock))
	}
	return m, err
}

func freeMagazine(c sizeclass.Class, m uintptr) { metadata.Free(m, magazineSize(c)) }
