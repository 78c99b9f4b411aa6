// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ashlar-go/ashlar/internal/percpu"
)

// A lock guards a shard. It is held by one writer or by any number of readers. Its stripes count the readers, each those
// of some processors, so that readers on different processors do not pass a cache line to and fro.
//
//	a writer holds the lock   ⇒ it holds mu, writing is set, and no stripe has readers
//	a reader holds the lock   ⇒ it is counted in its stripe, and no writer holds the lock
//
// A reader counts itself before it looks at writing, and a writer sets writing before it looks
// at the counts. So at least one of them sees the other (Dekker). A sync.RWMutex suspends
// goroutines that could go on after some nanoseconds; here both wait actively at first.
type lock struct {
	mu      sync.Mutex
	writing atomic.Bool
	stripes []stripe // a power of two
}

// A stripe is a part of a lock, on a cache line of its own.
type stripe struct {
	readers      atomic.Int32
	hits, misses atomic.Int64 // of the readers of a Cache
	_            [40]byte
}

const maxStripes = 8

// stripesFor returns the number of stripes for a lock that many processors share.
func stripesFor(processors int) int {
	n := 1
	for n < min(processors, maxStripes) {
		n *= 2
	}
	return n
}

// lock waits until no one else holds the lock.
func (l *lock) lock() {
	l.mu.Lock()
	l.writing.Store(true)
	for i := range l.stripes {
		for n := 0; l.stripes[i].readers.Load() != 0; n++ {
			pause(n)
		}
	}
}

func (l *lock) unlock() {
	l.writing.Store(false)
	l.mu.Unlock()
}

// rlock waits until no writer holds the lock. The caller unlocks the stripe.
func (l *lock) rlock() *stripe {
	t := &l.stripes[0]
	if len(l.stripes) > 1 {
		id := percpu.Pin()
		percpu.Unpin(id) // id only spreads the readers over the stripes
		t = &l.stripes[id&(len(l.stripes)-1)]
	}
	if t.readers.Add(1); l.writing.Load() {
		t.readers.Add(-1)
		l.mu.Lock() // now there is no writer
		t.readers.Add(1)
		l.mu.Unlock()
	}
	return t
}

func (t *stripe) runlock() { t.readers.Add(-1) }

// pause waits for a reader, for the n-th time. Most readers leave within some nanoseconds. One
// that was suspended needs a processor, and a function that View calls may take any time.
func pause(n int) {
	switch {
	case n < 100:
	case n < 200:
		runtime.Gosched()
	default:
		time.Sleep(time.Duration(min(n, 1000)) * time.Microsecond)
	}
}
