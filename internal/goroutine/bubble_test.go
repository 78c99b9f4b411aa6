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
				t.Error("a bubble is none")
			}
			time.Sleep(40 * 365 * 24 * time.Hour) // which begins in the year 2000
		}
		inside := make(chan bool)
		go func() { inside <- InBubble() }()
		if !<-inside {
			t.Error("a goroutine that was started in a bubble is in none")
		}
	})
	if InBubble() {
		t.Error("a test is in a bubble after it")
	}
}
