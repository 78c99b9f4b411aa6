// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"testing"
	"time"
)

// BenchmarkLook measures a look, which happens ten times a second: the Balancer reads the
// statistics of all members and sets their limits. A look of 1 ms would use 1 % of a core.
func BenchmarkLook(b *testing.B) {
	m, err := start(Options{Limit: 1 << 40, Interval: time.Hour}, &runtimeHeap{}, &fakeMemory{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.Stop)
	for b.Loop() {
		m.look(nil, 0)
	}
}
