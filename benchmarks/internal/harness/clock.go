// SPDX-License-Identifier: Apache-2.0

package harness

import "time"

// A Clock reads how much of some kind of time has passed since an arbitrary start.
type Clock func() time.Duration

var clockStart = time.Now()

// WallClock reads the time that a stop watch shows.
func WallClock() time.Duration { return time.Since(clockStart) }
