// SPDX-License-Identifier: Apache-2.0

//go:build !race

package suite

// raceDetector reports whether the race detector is on.
const raceDetector = false
