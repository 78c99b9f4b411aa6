// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"time"
)

// A disturbance changes the environment of the workers while they run.
type disturbance struct {
	weight int
	do     func(*soaking, *crew, *rand.Rand)
}

var disturbances = []disturbance{
	{4, (*soaking).changeProcs},
	{3, (*soaking).collect},
	{3, (*soaking).trim},
	{2, (*soaking).fail},
	{2, (*soaking).limitFor},
	{1, (*soaking).visit},
	{4, (*soaking).look},
	{3, (*soaking).closeBeside},
	{1, (*soaking).bubble},
	{1, (*soaking).keepFile},
}

// disturb makes one disturbance, and then leaves the workers alone for a while.
func (s *soaking) disturb(c *crew, r *rand.Rand) {
	total := 0
	for _, d := range disturbances {
		total += d.weight
	}
	n := r.IntN(total)
	for _, d := range disturbances {
		if n -= d.weight; n < 0 {
			d.do(s, c, r)
			break
		}
	}
	time.Sleep(time.Duration(r.IntN(8)) * time.Millisecond)
}

// changeProcs changes the number of processors, which strands caches of processors that
// no longer exist.
func (s *soaking) changeProcs(_ *crew, r *rand.Rand) {
	if s.procs > 0 {
		runtime.GOMAXPROCS(1 + r.IntN(s.procs))
		s.tally.moves.Add(1)
	}
}

func (s *soaking) collect(_ *crew, r *rand.Rand) {
	if r.IntN(4) == 0 {
		debug.FreeOSMemory()
	} else {
		runtime.GC()
	}
	s.tally.collections.Add(1)
}

func (s *soaking) trim(c *crew, _ *rand.Rand) {
	c.a.Trim()
	s.tally.trims.Add(1)
}

// fail makes kernel calls fail for a while.
func (s *soaking) fail(_ *crew, r *rand.Rand) {
	if !s.soakConfig.faults {
		return
	}
	s.faults.arm(r.IntN(256), r.IntN(256))
	time.Sleep(time.Duration(r.IntN(10)) * time.Millisecond)
	disarm()
}

// limitFor limits the footprint to about its current value for a while.
func (s *soaking) limitFor(c *crew, r *rand.Rand) {
	if !s.limits {
		return
	}
	n := c.a.Stats()
	s.tally.limits.Add(1) // first: workers check this to see whether a refusal is allowed
	c.a.SetLimit(n.Footprint.Now/2 + r.Int64N(n.Footprint.Now+1) + 1)
	time.Sleep(time.Duration(r.IntN(10)) * time.Millisecond)
	c.a.SetLimit(0)
}

// visit opens a Local, uses it and leaves it to the garbage collector.
func (s *soaking) visit(c *crew, r *rand.Rand) {
	l := c.a.NewLocal()
	for range 10 {
		size := 1 + r.IntN(300)
		if p, err := l.Malloc(size); err == nil {
			c.a.Free(p)
			c.visited[request{size: size, checked: c.checked}.place().class]++
		}
	}
}

// look reads the statistics while they change.
func (s *soaking) look(c *crew, _ *rand.Rand) {
	c.a.Stats()
}
