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
//	┌─────────┬──────────┬────────┬────────┬─────┬────────────┬─────┐
//	│ next, n │ sentinel │ slot 0 │ slot 1 │  …  │ slot room−1│ end │     0 ≤ n ≤ room ≤ slots ≤ MaxRoom
//	└─────────┴──────────┴────────┴────────┴─────┴────────────┴─────┘
//
// The sentinel is a slot whose block is never free. The fast path tests whether the top
// block is free, and this test fails at the sentinel. So the fast path needs no second test
// for an empty magazine. The end is a slot with an address that no block has. It shows the
// fast path that a magazine is full.
//
// While a class cache has the magazine loaded, the number of filled slots follows from the
// top of the class cache; otherwise it is n.
type magazine struct {
	next     uintptr                  // in the depot's lists
	n        uint32                   // slots filled
	room     uint32                   // slots that may be filled: the one after them has the endMark
	slots    uint32                   // slots in memory, except the last one, which is for the endMark
	_        [3 * (wordSize - 4)]byte // aligns the slots
	sentinel slot
}

// A slot holds the addresses of a block and of its state byte, so that taking the block
// needs no look-up.
type slot struct {
	addr  uintptr
	state uintptr
}

const (
	slotSize   = unsafe.Sizeof(slot{})
	slotsStart = unsafe.Sizeof(magazine{}) // offset of slot 0

	// A magazine holds blocks of magazineBytes in total, but minSlots to MaxSlots blocks.
	// With more slots, exchanges with the depot are rarer. With fewer slots, less memory
	// is out of the reach of other processors.
	magazineBytes = 64 << 10
	minSlots      = 2
)

// MaxSlots is the largest number of blocks that a magazine has room for, unless its class has grown
// (see growth).
const MaxSlots = 128

// noBlock is the state to which a sentinel points.
var noBlock = Idle

func sentinelState() uintptr { return raw.Addr(unsafe.Pointer(&noBlock)) }

// Capacity returns the number of slots of a magazine of class c, unless the class has grown.
func Capacity(c sizeclass.Class) uint32 {
	return uint32(min(max(magazineBytes/c.Size(), minSlots), MaxSlots))
}

// MaxRoom returns the largest number of slots of a magazine of class c.
func MaxRoom(c sizeclass.Class) uint32 {
	return max(min(Capacity(c)<<maxGrown, uint32(magazineBytes<<maxGrown/c.Size())), Capacity(c))
}

func magazineAt(m uintptr) *magazine { return raw.At[magazine](m) }

// slotOf returns slot i of magazine m.
func slotOf(m uintptr, i uint32) *slot {
	return raw.At[slot](m + slotsStart + uintptr(i)*slotSize)
}

// endMark is the address in the slot after the last one.
const endMark = 1

const (
	// startBytes is the room of the first magazine of a class cache, in bytes of blocks.
	startBytes = 4 << 10

	// shortPart is the part of its capacity that a short magazine has.
	shortPart = 4
)

// ShortRoom returns the room of magazines in a sparse class (see Depot.sparse), and of those of
// many Locals. With short magazines, blocks return to their spans and to others sooner.
func ShortRoom(c sizeclass.Class) uint32 { return max(Capacity(c)/shortPart, 1) }

// startRoom returns the room of the first magazine that a class cache of class c gets.
func startRoom(c sizeclass.Class) uint32 {
	return min(max(startBytes/uint32(c.Size()), 1), Capacity(c))
}

// setRoom changes the room of magazine m, as far as it has slots. m must not hold more blocks.
func setRoom(m uintptr, room uint32) {
	room = min(room, magazineAt(m).slots)
	slotOf(m, magazineAt(m).room).addr = 0
	magazineAt(m).room = room
	slotOf(m, room).addr = endMark
}

func magazineSize(slots uint32) uintptr { return slotsStart + uintptr(slots+1)*slotSize }

func newMagazine(slots uint32) (uintptr, error) {
	m, err := metadata.Alloc(magazineSize(slots))
	if err == nil {
		magazineAt(m).sentinel.state = sentinelState()
		magazineAt(m).slots = slots
		setRoom(m, slots)
	}
	return m, err
}

// move moves the topmost k blocks of magazine from to the top of magazine to, which must have room.
func move(to, from uintptr, k uint32) {
	a, b := magazineAt(from), magazineAt(to)
	a.n -= k
	for i := range k {
		*slotOf(to, b.n+i) = *slotOf(from, a.n+i)
	}
	b.n += k
}

func freeMagazine(m uintptr) { metadata.Free(m, magazineSize(magazineAt(m).slots)) }

// HasBlocks reports whether magazine m, which no class cache has loaded, holds blocks.
func HasBlocks(m uintptr) bool { return magazineAt(m).n > 0 }

// Shuffle puts the blocks of magazine m into a random order. m belongs to the caller.
func Shuffle(m uintptr) {
	n := magazineAt(m).n
	for i := uint32(1); i < n; i++ {
		x, y := slotOf(m, i), slotOf(m, rand.Uint32N(i+1))
		*x, *y = *y, *x
	}
}
