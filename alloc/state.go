package alloc

// A state byte says what a block is doing. It is written by whoever owns the
// block at that moment: the depot while it is idle, the cache whose magazine
// holds it, the goroutine that allocates or frees it. No two of these act on a
// block at once unless the program frees it twice.
//
//	value        name         memory
//	0x02         cached       in a magazine, zero: never used since the kernel gave it
//	0x03         cached|used  in a magazine
//	0x04         idle         in its span, zero
//	0x05         idle|used    in its span
//	0x80 | code  live         the user's; the low six bits are its fit code
//
// 0 is the state of no block: metadata that was purged or cleared reads as that.
// Live blocks that need more than the fast path of Free have the bit 0x40, special,
// as well: sampled ones (special.go) and those that a trace knows (record.go).
//
// The values are such that one subtraction and one comparison answer each question
// of the fast paths.
type state = uint8

const (
	used    state = 1 << 0
	cached  state = 1 << 1
	idle    state = 1 << 2
	special state = 1 << 6
	live    state = 1 << 7

	codeMask = special - 1
)

// isCached reports whether a block in state s may be taken from a magazine.
func isCached(s state) bool { return s-cached <= used }

// isIdle reports whether a block in state s is in its span.
func isIdle(s state) bool { return s&^used == idle }

// isLive reports whether a block in state s is live and has nothing special.
// s−live is its fit code then.
func isLive(s state) bool { return s-live < special }

// describe names a state in a report.
func describe(s state) string {
	switch {
	case s&live != 0:
		return "live"
	case s&used != 0:
		return "free"
	default:
		return "never allocated"
	}
}
