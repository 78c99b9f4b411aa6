// SPDX-License-Identifier: Apache-2.0

package goroutine

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestInBubble(t *testing.T) {
	if InBubble() {
		t.Error("a test is in a bubble")
	}
	synctest.Test(t, func(t *testing.T) {
		for range 3 {
			if !InBubble() {
				t.Error("a bubble is not recognised")
			}
			time.Sleep(40 * 365 * 24 * time.Hour) // which begins in the year 2000
		}
		inside := make(chan bool)
		go func() { inside <- InBubble() }()
		if !<-inside {
			t.Error("a goroutine that was started in a bubble counts as outside")
		}
	})
	if InBubble() {
		t.Error("a test counts as in a bubble afterwards")
	}
}
