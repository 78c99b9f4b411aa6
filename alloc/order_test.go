// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// TestLockOrder makes the purger stop while a cache is drained. The drained blocks leave
// spans empty, which starts the purger. Neither may wait for the other.
func TestLockOrder(t *testing.T) {
	const size = 80 << 10
	a := open(t, Options{Decay: time.Hour}) // the purger starts, but its timer never fires
	l := a.NewLocal()
	var blocks []unsafe.Pointer
	for range 6 * smallheap.MaxFull {
		blocks = append(blocks, alloc(t, l, size))
	}
	for _, p := range blocks {
		l.Free(p)
	}
	// Nothing is dirty, so rest continues and looks at the caches.
	if _, err := a.pages.Purge(true); err != nil {
		t.Fatal(err)
	}

	a.mu.Lock() // locked as in Local.Close
	rested, closed, cache := make(chan bool), make(chan bool), l.cache
	go func() {
		a.rest()
		close(rested)
	}()
	// Wait until rest is about to look at the caches, for which it needs a.mu.
	for end := time.Now().Add(time.Second); time.Now().Before(end) && !asleep(a); {
		runtime.Gosched()
	}
	go func() {
		a.locals.remove(l.open)
		a.drain(cache)
		a.mu.Unlock()
		close(closed)
	}()
	for _, c := range []<-chan bool{closed, rested} {
		select {
		case <-c:
		case <-time.After(10 * time.Second):
			t.Fatal("the purger that stops and the cache that is drained wait for each other")
		}
	}
	l.Close()
}
