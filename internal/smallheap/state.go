// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// A State is the byte that says what a block is doing. Whoever owns the block at
// that moment writes it: the depot while the block is idle, the holder of the class
// cache whose magazine names it, the goroutine that allocates or frees it. No two of
// these act on a block at once unless the program frees it twice.
//
//	value        name         the block is
//	0x02         cached       in a magazine, and zero: unused since the kernel gave it
//	0x03         cached|used  in a magazine
//	0x04         idle         in its span, and zero
//	0x05         idle|used    in its span
//	0x08         freeing      won by a slow Free, and not in a magazine yet
//	0x40 | code  traced       live, and a trace has recorded it, or it is the shadow of a guarded block
//	0x80 | code  live         live, and neither traced nor profiled
//	0xC0 | code  profiled     live, and the heap profile has a record of it
//
// The low six bits of a live block's state are its size code. The high two bits say whether
// Free has to do more than put the block into a magazine. The fast path takes a block back
// only if these bits are those of Live. No block has the state 0, which is what purged or
// cleared metadata contains.
//
// The values are chosen so that each test of the fast paths needs one subtraction and one
// comparison.
type State = uint8

const (
	Used     State = 1 << 0 // with Cached or Idle: the block was used before
	Cached   State = 1 << 1 // in a magazine
	Idle     State = 1 << 2 // in its span
	Freeing  State = 1 << 3 // being taken back
	Traced   State = 1 << 6 // live, and a trace has recorded it, or the shadow of a guarded block
	Live     State = 1 << 7 // live
	Profiled State = 3 << 6 // live, and profiled

	CodeMask = Traced - 1 // the bits of the size code
)

// IsCached reports whether a block in state s may be taken from a magazine.
func IsCached(s State) bool { return s-Cached <= Used }

// IsIdle reports whether a block in state s is in its span.
func IsIdle(s State) bool { return s&^Used == Idle }

// IsPlain reports whether a block in state s is live, and Free's fast path may take it
// back. Then s−Live is its size code.
func IsPlain(s State) bool { return s-Live < Profiled-Live }

// IsLive reports whether a block in state s belongs to the program: plain, traced or
// profiled.
func IsLive(s State) bool { return s >= Traced }

// Cause returns which of Traced, Live and Profiled a live block's state has.
func Cause(s State) State { return s &^ CodeMask }

// Describe names a state in a report.
func Describe(s State) string {
	switch {
	case IsLive(s):
		return "live"
	case s&(Used|Freeing) != 0:
		return "free"
	default:
		return "never allocated"
	}
}

// Change sets the state at st to to if it is from, and reports whether it was. If several
// goroutines change one state at once, one succeeds. Change does not notice that the fast
// path of another goroutine writes the state at the same moment. The block may then be in
// two magazines, which is detected when the block is taken out the second time.
func Change(st *State, from, to State) bool {
	addr := raw.Addr(unsafe.Pointer(st))
	word := raw.At[uint32](raw.AlignDown(addr, 4)) // the array of states consists of whole words
	for {
		was := atomic.LoadUint32(word)
		var states [4]byte
		binary.NativeEndian.PutUint32(states[:], was)
		if states[addr%4] != from {
			return false
		}
		states[addr%4] = to
		if interleave.Enabled {
			interleave.Point()
		}
		if atomic.CompareAndSwapUint32(word, was, binary.NativeEndian.Uint32(states[:])) {
			if interleave.Enabled {
				interleave.Point()
			}
			return true
		}
	}
}
