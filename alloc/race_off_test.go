//go:build !race

package alloc

// raceEnabled reports whether the race detector is on.
const raceEnabled = false
