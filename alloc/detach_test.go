// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"sync/atomic"
	"testing"
	"time"
)

// TestDetachWaits: Trim does not take a cache away while a goroutine uses it.
func TestDetachWaits(t *testing.T) {
	a := open(t, still)
	for range 3 {
		a.Free(alloc(t, a, 100))
		trimmed := make(chan bool)
		var begun, done atomic.Bool
		h := (*processors)(a)
		cache, id, err := h.acquire()
		if err != nil {
			t.Fatal(err)
		}
		r := classCacheOf(cache, 6)
		before := *r
		go func() { // it can run if there is another processor
			begun.Store(true)
			a.Trim()
			done.Store(true)
			close(trimmed)
		}()
		early, changed := false, false
		for end := time.Now().Add(30 * time.Millisecond); time.Now().Before(end) && !early; {
			early = done.Load()
			changed = changed || *r != before
		}
		h.release(id)
		<-trimmed
		if early || changed {
			t.Fatalf("Trim did not wait for the holder of a cache: ended %v, changed it %v", early, changed)
		}
	}
}
