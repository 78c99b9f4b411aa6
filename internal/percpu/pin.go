// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable

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

// Synchronize returns when every section that was running when it was called
// has ended. It must not be called from inside one.
//
// runtime.Stack of all goroutines stops the world, which waits for each processor
// to reach a point where it can be preempted; a pinned section has none. Without a
// buffer that is all it does. It takes some ten microseconds, and only purging
// and closing ask for it. That the runtime does so is not written in its
// documentation: the tests of this package would notice if it changed.
func Synchronize() { runtime.Stack(nil, true) }
