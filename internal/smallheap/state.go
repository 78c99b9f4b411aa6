package smallheap

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
//	0x80 | code  live         the user's; the low six bits are its size code
//
// 0 is the state of no block: metadata that was purged or cleared reads as that.
// A live block that needs more than the fast path of Free has the bit Special, 0x40,
// as well.
//
// The values make one subtraction and one comparison answer each question of the fast
// paths.
type State = uint8

const (
	Used    State = 1 << 0 // with Cached or Idle: the block was used before
	Cached  State = 1 << 1 // in a magazine
	Idle    State = 1 << 2 // in its span
	Special State = 1 << 6 // with Live: the slow path of Free has something to do
	Live    State = 1 << 7 // the user's

	CodeMask = Special - 1 // the bits of the size code
)

// IsCached reports whether a block in state s may be taken from a magazine.
func IsCached(s State) bool { return s-Cached <= Used }

// IsIdle reports whether a block in state s is in its span.
func IsIdle(s State) bool { return s&^Used == Idle }

// IsLive reports whether a block in state s is live and not special. Then s−Live is its
// size code.
func IsLive(s State) bool { return s-Live < Special }

// Describe names a state in a report.
func Describe(s State) string {
	switch {
	case s&Live != 0:
		return "live"
	case s&Used != 0:
		return "free"
	default:
		return "never allocated"
	}
}
