// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_interleave

package percpu

import (
	"runtime"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/interleave"
)

// slots bounds the number of sections that run at once.
const slots = 64

// A slot stands for a processor. The word is odd while a section holds the slot, and grows by
// two with each section.
var words [slots]atomic.Uint64

// Pin takes the slot of the thread's virtual processor. A goroutine that is no thread takes the
// first free slot. Beginning a section is a step, so that other threads run while it lasts.
func Pin() int {
	id := interleave.Processor()
	if id < 0 {
		return pinAny()
	}
	interleave.Await(func() bool { return words[id].Load()%2 == 0 })
	words[id].Add(1)
	interleave.Point()
	return id
}

// pinAny takes the first free slot.
func pinAny() int {
	for {
		for id := range words {
			if w := words[id].Load(); w%2 == 0 && words[id].CompareAndSwap(w, w+1) {
				return id
			}
		}
		runtime.Gosched()
	}
}

// Unpin ends the section that Pin began.
func Unpin(id int) {
	words[id].Add(1)
	interleave.Point()
}

// waitForSections returns when every section that was running at the call has ended.
func waitForSections() {
	for id := range words {
		w := words[id].Load()
		ended := func() bool { return w%2 == 0 || words[id].Load() != w }
		if w%2 == 0 || interleave.Await(ended) {
			continue
		}
		for !ended() {
			runtime.Gosched()
		}
	}
}
