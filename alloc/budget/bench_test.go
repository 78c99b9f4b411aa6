// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"testing"
	"time"
)

// BenchmarkLook is what happens ten times a second: everybody is asked, and limits are
// set. 1 ms for it would be 1 % of a core.
func BenchmarkLook(b *testing.B) {
	m, err := start(Options{Limit: 1 << 40, Interval: time.Hour}, runtimeHeap{}, &fakeMemory{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.Stop)
	for b.Loop() {
		m.look(nil, 0)
	}
}
