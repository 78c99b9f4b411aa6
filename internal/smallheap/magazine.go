// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"math/rand/v2"
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
// The sentinel is a slot whose block is never free. So an empty magazine needs no test
// of its own: taking a block from it fails as taking a block fails that is not free.
//
// While a magazine is loaded in a class cache, the class cache knows how full it is;
// otherwise n does.
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

	// A magazine holds this many bytes of blocks, within these bounds. More slots make
	// exchanges with the depot rarer. Fewer slots keep less memory out of other
	// processors' reach.
	magazineBytes = 64 << 10
	minSlots      = 2
)

// MaxSlots is the most blocks that a magazine has room for.
const MaxSlots = 128

// noBlock is the state of the block that a sentinel names.
var noBlock = Idle

// Capacity returns the number of slots of a magazine of class c.
func Capacity(c sizeclass.Class) uint32 {
	return uint32(min(max(magazineBytes/c.Size(), minSlots), MaxSlots))
}

func magazineAt(m uintptr) *magazine { return raw.At[magazine](m) }

// slotOf returns slot i of magazine m.
func slotOf(m uintptr, i uint32) *slot {
	return raw.At[slot](m + slotsStart + uintptr(i)*slotSize)
}

func magazineSize(c sizeclass.Class) uintptr {
	return slotsStart + uintptr(Capacity(c))*slotSize
}

func newMagazine(c sizeclass.Class) (uintptr, error) {
	m, err := metadata.Alloc(magazineSize(c))
	if err == nil {
		magazineAt(m).sentinel.state = raw.Addr(unsafe.Pointer(&noBlock))
	}
	return m, err
}

func freeMagazine(c sizeclass.Class, m uintptr) { metadata.Free(m, magazineSize(c)) }

// HasBlocks reports whether magazine m, which no class cache has loaded, holds blocks.
func HasBlocks(m uintptr) bool { return magazineAt(m).n > 0 }

// Shuffle brings the blocks of magazine m, which is the caller's, into a random order.
func Shuffle(m uintptr) {
	n := magazineAt(m).n
	for i := uint32(1); i < n; i++ {
		x, y := slotOf(m, i), slotOf(m, rand.Uint32N(i+1))
		*x, *y = *y, *x
	}
}
