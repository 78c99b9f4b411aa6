// SPDX-License-Identifier: Apache-2.0

//go:build !race

package arena

// raceEnabled reports whether the program is built with the race detector.
const raceEnabled = false
