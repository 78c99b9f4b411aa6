// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A Span describes a run of pages that is cut into blocks of one class. It lives in
// metadata, apart from the blocks. A state byte for each block follows it:
//
//	span     ┌────────────┬───────────────┬─────┬─────┬───┬─────┬─────┐
//	         │ header     │ list, counts  │ st0 │ st1 │ … │ stn │ pad │
//	         └────────────┴───────────────┴─────┴─────┴───┴─────┴─────┘
//	          read by all  depot's lock    the block's owner
//	pages    ┌───────────┬───────────┬─────┬───────────┬──────┐
//	         │ block 0   │ block 1   │  …  │ block n−1 │ tail │
//	         └───────────┴───────────┴─────┴───────────┴──────┘
//
//	idle = |{i : state i is idle}|
//	bin = away, or the bin of idle (see bins)
//	purged ⊆ pages of the span that no block in another state than idle touches
//
// State n stands for the tail, the bytes of the span after its last block: sizeclass.Index
// returns n for an address in the tail. State n and the padding are always 0, so nothing
// carves or frees them.
type Span struct {
	pagemap.Header
	_ [64 - unsafe.Sizeof(pagemap.Header{})]byte

	next, prev uintptr // spans in the depot's list; the depot's lock guards these fields
	idle       uint32
	hint       uint32   // no idle block lies below this multiple of 8
	purged     pageMask // pages whose RAM was given back, and which no block uses since
	limit      uint32   // with more idle blocks the span belongs in another bin
	carved     uint32   // the depot's tick at which blocks were last carved
	bin        uint8    // list of the depot in which the span is
	changed    bool     // a block came back since Purge last looked for idle pages
	Split      bool     // the guard page after the span split a mapping: see vm.Space.Guard
}

// StatesStart is the offset of state 0 in a span's descriptor, in bytes.
const StatesStart = 128

// SpanAt returns the descriptor at address s.
func SpanAt(s uintptr) *Span { return raw.At[Span](s) }

// IdleBlocks returns how many blocks are idle. The caller need not hold the depot's lock.
func (s *Span) IdleBlocks() int { return int(atomic.LoadUint32(&s.idle)) }

// statesSize returns the length of a span's state array in bytes: one for each block and
// one for the tail, rounded up to a multiple of 8.
func statesSize(c sizeclass.Class) uintptr { return raw.AlignUp(uintptr(c.Blocks())+1, 8) }

func spanSize(c sizeclass.Class) uintptr { return StatesStart + statesSize(c) }

// StateOf returns the state byte of block i of the span at s.
func StateOf(s uintptr, i uint32) *State { return (*State)(raw.Pointer(statesOf(s) + uintptr(i))) }

// LiveBlocks returns how many blocks of the span at s are live. It reads the states
// while their owners change them.
func LiveBlocks(s uintptr) int {
	live := 0
	for _, st := range raw.Bytes(statesOf(s), uintptr(SpanAt(s).Class.Blocks())) {
		if IsLive(st) {
			live++
		}
	}
	return live
}

// statesOf returns the address of the state bytes.
func statesOf(s uintptr) uintptr { return s + StatesStart }

// NewSpan makes the descriptor of a span of class c at base and enters it in the page map.
// The caller has reserved room in the page map. clean says that the span's pages are zero.
func NewSpan(owner uintptr, c sizeclass.Class, base uintptr, clean bool) (uintptr, error) {
	s, err := metadata.Alloc(spanSize(c))
	if err != nil {
		return 0, err
	}
	row := c.Info()
	*SpanAt(s) = Span{
		Header: pagemap.Header{
			Owner: owner, Base: base, Kind: pagemap.Span,
			Magic: row.Magic, Size: row.Size, Blocks: row.Blocks, Class: c, Row: PutRow(c),
		},
		idle: row.Blocks,
	}
	st := Idle
	if !clean {
		st |= Used
	}
	setStates(raw.Bytes(statesOf(s), uintptr(row.Blocks)), st)
	pagemap.Set(base, uintptr(row.Span), s)
	return s, nil
}

// FreeSpan removes the span from the page map and frees its descriptor. The pages belong to
// the caller then.
func FreeSpan(c sizeclass.Class, s uintptr) {
	pagemap.Set(SpanAt(s).Base, uintptr(c.SpanBytes()), 0)
	if interleave.Enabled {
		interleave.Point()
	}
	*SpanAt(s) = Span{}
	metadata.Free(s, spanSize(c))
}

// setStates sets all states to st.
func setStates(states []State, st State) {
	word := uint64(st) * eachState
	for ; len(states) >= 8; states = states[8:] {
		binary.LittleEndian.PutUint64(states, word)
	}
	for i := range states {
		states[i] = st
	}
}

// eachState times a byte is a word of eight states.
const eachState = 0x0101010101010101

// carve moves up to want idle blocks of span s into magazine m. It passes over the blocks that
// lie in the pages of avoid.
func carve(s, m uintptr, want uint32, avoid pageMask) {
	sp, mag := SpanAt(s), magazineAt(m)
	states := raw.Bytes(statesOf(s), statesSize(sp.Class))
	n, end, size := mag.n, mag.n+want, uintptr(sp.Size)
	var g geometry
	if avoid != 0 {
		g = geometryOf(sp)
	}
	skipped := false
	for at := sp.hint; n < end && at < sp.Blocks; at += 8 {
		if !skipped {
			sp.hint = at
		}
		idle := idleIn(states[at:])
		free := idle
		if avoid != 0 {
			free = g.outside(at, idle, avoid)
			skipped = skipped || free != idle
		}
		first, state := sp.Base+uintptr(at)*size, statesOf(s)+uintptr(at)
		if free == eachState && end-n >= 8 {
			carveEight(raw.At[[8]slot](raw.Addr(unsafe.Pointer(slotOf(m, n)))), first, state, size)
			n += 8
			continue
		}
		for ; free != 0 && n < end; free &= free - 1 {
			i := uintptr(bits.TrailingZeros64(free) / 8)
			*raw.At[State](state + i) ^= Idle | Cached
			raceannotate.Release(first + i*size)
			*slotOf(m, n) = slot{first + i*size, state + i}
			n++
		}
	}
	sp.idle -= n - mag.n
	mag.n = n
}

// carveEight moves eight idle blocks into the slots of to. The first block is at addr and its state
// is at state; the others follow. Nobody else changes these states, so they are changed as a word.
func carveEight(to *[8]slot, addr, state, size uintptr) {
	*raw.At[uint64](state) ^= uint64(Idle|Cached) * eachState
	for i := range to {
		raceannotate.Release(addr)
		to[i] = slot{addr, state + uintptr(i)}
		addr += size
	}
}

// idleIn returns a word in which the lowest bit of byte i is set if state i of the first
// eight is idle. The owners of other blocks may change their states meanwhile. An idle state
// changes only under the depot's lock.
func idleIn(states []byte) uint64 {
	w := binary.LittleEndian.Uint64(states)
	return w >> 2 &^ (w >> 6) &^ (w >> 7) & eachState
}
