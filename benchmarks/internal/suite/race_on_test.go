//go:build race

package suite

// raceDetector says whether the race detector watches.
const raceDetector = true
