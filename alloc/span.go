package alloc

import (
	"encoding/binary"
	"math/bits"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/watch"
)

// A span describes a run of pages cut into blocks of one class. It lives in
// metadata, apart from the blocks, and is followed by a state byte for each:
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
//	idle > 0 ⇔ the span is on its depot's list of partial spans
//	         (else on the list of full ones)
//
// State n stands for the tail, whose offset divides by the block size when the
// tail is not empty; it and the padding are 0 for ever, so that they are neither
// carved nor freed.
type span struct {
	pagemap.Header
	_ [64 - headerSize]byte

	next, prev uintptr // spans in the depot's list; guarded by the depot's lock, as what follows
	idle       uint32
	hint       uint32 // no idle block lies below this multiple of 8
	split      bool   // the guard behind it: see vm.Space.Guard
}

const (
	headerSize  = 16 + 2*wordSize
	wordSize    = bits.UintSize / 8
	statesStart = 128 // offset of state 0
)

func spanAt(s uintptr) *span { return raw.At[span](s) }

// statesSize returns the bytes of the state array of a span: a state for each
// block and the tail, in whole words.
func statesSize(c sizeclass.Class) uintptr { return raw.AlignUp(uintptr(c.Blocks())+1, 8) }

func spanSize(c sizeclass.Class) uintptr { return statesStart + statesSize(c) }

// stateOf returns the state byte of block i.
func stateOf(s uintptr, i uint32) *state { return (*state)(raw.Pointer(statesOf(s) + uintptr(i))) }

// statesOf returns the address of the state bytes.
func statesOf(s uintptr) uintptr { return s + statesStart }

// newSpan makes the descriptor of a span of class c at base and enters it in the
// page map, which has room. clean says that its pages are zero.
func newSpan(owner uintptr, c sizeclass.Class, base uintptr, clean bool) (uintptr, error) {
	s, err := metadata.Alloc(spanSize(c))
	if err != nil {
		return 0, err
	}
	row := c.Info()
	*spanAt(s) = span{
		Header: pagemap.Header{
			Owner: owner, Base: base, Kind: pagemap.Span,
			Magic: row.Magic, Size: row.Size, Blocks: row.Blocks, Class: c,
		},
		idle: row.Blocks,
	}
	st := idle
	if !clean {
		st |= used
	}
	states := raw.Bytes(statesOf(s), statesSize(c))
	for i := range row.Blocks {
		states[i] = st
	}
	pagemap.Set(base, uintptr(row.Span), s)
	return s, nil
}

// freeSpan takes the span out of the page map and frees its descriptor. The
// pages are the caller's then.
func freeSpan(c sizeclass.Class, s uintptr) {
	pagemap.Set(spanAt(s).Base, uintptr(c.SpanBytes()), 0)
	*spanAt(s) = span{}
	metadata.Free(s, spanSize(c))
}

// carve moves up to want idle blocks of span s into magazine m.
func carve(s, m uintptr, want uint32) {
	sp, mag := spanAt(s), magazineAt(m)
	states := raw.Bytes(statesOf(s), statesSize(sp.Class))
	at := sp.hint
	for ; want > 0 && sp.idle > 0; at += 8 {
		for free := idleIn(states[at:]); free != 0 && want > 0; free &= free - 1 {
			i := at + uint32(bits.TrailingZeros64(free)/8)
			states[i] ^= idle | cached
			addr := sp.Base + uintptr(i)*uintptr(sp.Size)
			watch.Release(addr)
			*slotOf(m, mag.n) = slot{addr, statesOf(s) + uintptr(i)}
			mag.n++
			want--
			sp.idle--
		}
		sp.hint = at
	}
}

// idleIn returns a word with the lowest bit of byte i set if the i-th of the
// next eight states is idle. Their owners may change the other states meanwhile;
// an idle one changes under the depot's lock only.
func idleIn(states []byte) uint64 {
	w := binary.LittleEndian.Uint64(states)
	return w >> 2 &^ (w >> 7) & 0x0101010101010101
}
