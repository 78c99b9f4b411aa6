// SPDX-License-Identifier: Apache-2.0

package smallheap

// contention makes the magazines of a class larger if many processors compete for the depot's lock
// (Bonwick and Adams, "Magazines and Vmem", USENIX 2001). With magazines twice as large, each
// processor takes the lock half as often. The depot's lock guards contention.
//
//	room of a new magazine = min(Capacity · 2^grown, MaxRoom), 0 ≤ grown ≤ maxGrown
//	waits ≤ locked < window
//
// The lock is found taken as often as it is in use: a share N·x·s/t of the time, if N processors
// take it x times in an operation of time t, and hold it for s. Magazines grow where that share is
// above maxWaits/window. Two processors that do nothing but fill and free batches stay below it.
//
// Magazines that are too small are replaced when a cache asks for an empty one. A class in which
// few magazines were exchanged during a tick shrinks by half.
type contention struct {
	grown  uint8
	locked uint32 // how often the lock was taken since waits was last 0
	waits  uint32 // how often it was found taken since then
	seen   uint64 // Depot.exchanges at the last tick
}

const (
	maxGrown = 3
	window   = 256
	maxWaits = window / 8

	// calmExchanges is the number of exchanges in a tick below which a class shrinks.
	calmExchanges = 1000
)

// lock locks the depot for an exchange of magazines.
func (d *Depot) lock() {
	free := d.mu.TryLock()
	if !free {
		d.mu.Lock()
	}
	d.count(!free)
}

// count counts that the lock was taken, and whether it was found taken. After each window it lets
// the magazines grow if they should.
func (d *Depot) count(waited bool) {
	if waited {
		d.waits++
	}
	if d.locked++; d.locked < window {
		return
	}
	if d.waits > maxWaits && d.grown < maxGrown {
		d.grown++
	}
	d.locked, d.waits = 0, 0
}

// Grow makes the magazines as large as contention makes them. Benchmarks use it.
func (d *Depot) Grow() {
	d.mu.Lock()
	d.grown = maxGrown
	d.mu.Unlock()
}

// calm lets the magazines shrink after a tick without much exchange. The larger ones are freed as
// they become empty.
func (d *Depot) calm() {
	if d.exchanges-d.seen < calmExchanges && d.grown > 0 {
		d.grown--
	}
	d.seen = d.exchanges
}
