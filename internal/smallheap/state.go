// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"encoding/binary"
	"sync/atomic"
	"unsafe"

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
//	0x40 | code  traced       live, and a trace knows it
//	0x80 | code  live         live, and nobody else's business
//	0xC0 | code  profiled     live, and the heap profile has a record of it
//
// The low six bits of a live block's state are its size code, the high two bits say why
// Free has to do more than put it into a magazine: only a block with the bits Live alone
// is taken back by the fast path. 0 is the state of no block: metadata that was purged or
// cleared reads as that.
//
// The values make one subtraction and one comparison answer each question of the fast
// paths.
type State = uint8

const (
	Used     State = 1 << 0 // with Cached or Idle: the block was used before
	Cached   State = 1 << 1 // in a magazine
	Idle     State = 1 << 2 // in its span
	Freeing  State = 1 << 3 // being taken back
	Traced   State = 1 << 6 // live, and a trace knows it
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

// IsLive reports whether a block in state s is the user's, whatever else it is.
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

// Change makes the state at st become to if it is from, and reports whether it was. Of
// several goroutines that change one state at once, one succeeds. It does not see the
// fast path of another goroutine that writes the same state at the same moment: what
// that one put into a magazine twice is found when it is taken out.
func Change(st *State, from, to State) bool {
	addr := raw.Addr(unsafe.Pointer(st))
	word := raw.At[uint32](raw.AlignDown(addr, 4)) // the array of states is a whole number of words
	for {
		was := atomic.LoadUint32(word)
		var states [4]byte
		binary.NativeEndian.PutUint32(states[:], was)
		if states[addr%4] != from {
			return false
		}
		states[addr%4] = to
		if atomic.CompareAndSwapUint32(word, was, binary.NativeEndian.Uint32(states[:])) {
			return true
		}
	}
}
