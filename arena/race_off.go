// SPDX-License-Identifier: Apache-2.0

//go:build !race

package arena

// raceEnabled says whether the race detector watches.
const raceEnabled = false
