// SPDX-License-Identifier: Apache-2.0

package goroutine

import "time"

// InBubble reports whether the running goroutine is in a bubble of testing/synctest. A
// goroutine, channel or timer that is made there belongs to the bubble, which does not end
// before them; its clock stands still most of the time.
//
// A bubble's clock has no monotonic reading, unlike that of all other goroutines.
func InBubble() bool {
	now := time.Now()
	return now == now.Round(0)
}
