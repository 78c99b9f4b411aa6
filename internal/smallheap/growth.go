// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// growth makes the magazines of a class larger where that saves much time (Bonwick and Adams,
// "Magazines and Vmem", USENIX 2001). The depot's lock guards growth.
//
//	room of a new magazine = min(Capacity · 2^grown, MaxRoom), 0 ≤ grown ≤ maxGrown
//	waits ≤ locked < window
//
// Magazines grow for one of three reasons:
//
//   - Many processors compete for the lock. With magazines twice as large, each of them takes it
//     half as often. The lock is found taken as often as it is in use: a share N·x·s/t of the time,
//     if N processors take it x times in an operation of time t, and hold it for s. Magazines grow
//     while that share is above maxWaits/window. Two processors that do nothing but fill and free
//     batches stay below it.
//   - The class is busy: whole batches of blocks pass through the depot, and each exchange takes as
//     long as many blocks from a magazine. Then magazines grow up to magazineBytes of blocks.
//   - The class is busy with batches (TakeChain) that are longer than the two magazines of a class
//     cache. Then magazines grow until a batch fits into two of them.
//
// Magazines that are too small are replaced when a cache asks for one (popFull, takeEmpty). A class in
// which few magazines were exchanged during a tick shrinks by half.
type growth struct {
	grown  atomic.Uint32 // read without the lock, too
	batch  int           // blocks of the longest batch since the magazines grew last
	busy   uint8         // windows since the magazines grew last
	locked uint32        // how often the lock was taken in this window
	waits  uint32        // how often it was found taken then
	seen   uint64        // Depot.exchanges at the last tick
}

const (
	maxGrown = 3
	window   = 256
	maxWaits = window / 8

	// busyWindows is the number of windows after which a busy class grows.
	busyWindows = 4

	// calmExchanges is the number of exchanges in a tick below which a class shrinks.
	calmExchanges = 1000
)

// lock locks the depot for an exchange of magazines.
func (d *Depot) lock(c sizeclass.Class) {
	free := d.mu.TryLock()
	if !free {
		d.mu.Lock()
	}
	d.count(c, !free)
}

// count counts that the lock was taken, and whether it was found taken. After each window it lets
// the magazines grow if they should.
func (d *Depot) count(c sizeclass.Class, waited bool) {
	if waited {
		d.waits++
	}
	if d.locked++; d.locked < window {
		return
	}
	d.busy++
	grown := d.grown.Load()
	small := int(Capacity(c))<<(grown+1)*c.Size() <= magazineBytes || d.batch > 2*d.Room(c)
	if grown < maxGrown && (d.waits > maxWaits || small && d.busy >= busyWindows) {
		d.grown.Store(grown + 1)
		d.busy, d.batch = 0, 0
	}
	d.busy = min(d.busy, busyWindows)
	d.locked, d.waits = 0, 0
}

// popFull takes a magazine with blocks off the stack, 0 if there is none. If it is too small, popFull
// moves its blocks and those of the next ones to a larger one, and frees the small ones.
func (d *Depot) popFull(c sizeclass.Class, want uint32) uintptr {
	m := d.full.pop()
	if m == 0 || magazineAt(m).slots >= d.room(c, want) {
		return m
	}
	larger, err := d.takeEmpty(c, want)
	if err != nil {
		return m
	}
	for m != 0 && magazineAt(larger).n+magazineAt(m).n <= magazineAt(larger).room {
		move(larger, m, magazineAt(m).n)
		freeMagazine(m)
		m = d.full.pop()
	}
	if m != 0 {
		d.full.push(m)
	}
	return larger
}

// Room returns how many blocks a magazine of class c has room for at present, unless it is short.
func (d *Depot) Room(c sizeclass.Class) int {
	return int(min(Capacity(c)<<d.grown.Load(), MaxRoom(c)))
}

// BatchRoom returns how many blocks a magazine of class c that the depot lends to a batch has room for.
// In a sparse class that is less than Room.
func (d *Depot) BatchRoom(c sizeclass.Class) int {
	if d.short.Load() {
		return int(ShortRoom(c))
	}
	return d.Room(c)
}

// Grow makes the magazines as large as they get. Benchmarks use it.
func (d *Depot) Grow() {
	d.mu.Lock()
	d.grown.Store(maxGrown)
	d.mu.Unlock()
}

// calm lets the magazines shrink after a tick without much exchange. The larger ones are freed as
// they become empty.
func (d *Depot) calm() {
	if d.exchanges-d.seen < calmExchanges {
		d.busy, d.batch = 0, 0
		if grown := d.grown.Load(); grown > 0 {
			d.grown.Store(grown - 1)
		}
	}
	d.seen = d.exchanges
}
