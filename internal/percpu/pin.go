// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable && !ashlar_interleave

package percpu

import (
	"runtime"
	_ "unsafe" // for go:linkname
)

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

// Pin disables preemption and returns the id of the current processor,
// 0 ≤ id < GOMAXPROCS at the time of the call.
func Pin() int { return procPin() }

// Unpin ends the section that Pin began.
func Unpin(int) { procUnpin() }

// waitForSections returns when every section that was running at the call has ended.
//
// runtime.Stack of all goroutines stops the world. To stop it, the runtime waits until each
// processor reaches a point at which it can be preempted, and a pinned section has no such
// point. Without a buffer, runtime.Stack does nothing else. It takes about 10 µs, and only
// purging and closing call it. The runtime's documentation does not promise this, so the
// tests of this package check it.
func waitForSections() { runtime.Stack(nil, true) }
