package main

import (
	"math"
	"math/rand/v2"
	"runtime/debug"
	"unsafe"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

// A churnTask holds a random set of blocks, replaces random blocks of it by new ones of other sizes
// until the set was turned over several times, and looks at the memory that this took at most.
type churnTask struct {
	Peer     string `json:"peer"`
	Live     int64  `json:"live"`     // bytes of the set
	Turnover int    `json:"turnover"` // how many times the set's bytes are allocated after it was filled
}

// Sizes of churned blocks are log-uniform: each doubling between these has as many as any other.
const (
	churnSmallest = 16
	churnLargest  = 64 << 10
)

type churnBlock struct {
	address unsafe.Pointer
	size    int
}

// churning is a set of blocks under way.
type churning struct {
	worker    worker
	random    *rand.Rand
	blocks    []churnBlock
	live      int64 // bytes
	peakLive  int64 // largest sum of the sizes asked for
	allocated int64 // bytes
	made      int   // blocks
}

// run gives the metrics of all: the blocks of the first set, and those that came in their places.
func (t *churnTask) run() (*metrics, error) {
	p := kindNamed(t.Peer).open()
	c := &churning{worker: p.worker(), random: rand.New(rand.NewPCG(3, 4))}
	c.blocks = make([]churnBlock, 0, t.Live/churnSmallest/64) // about seven times what the mean size needs
	debug.FreeOSMemory()
	base, err := rss.Current()
	if err != nil {
		return nil, err
	}
	meter := usage.Begin()
	calls.Mark()
	for c.live < t.Live {
		c.blocks = append(c.blocks, c.newBlock())
	}
	times := c.turnOver(t.Live * int64(1+t.Turnover))
	calls.Mark()
	m := &metrics{Live: c.peakLive, Operations: c.made, Usage: meter.End(), Latency: summarize(times)}
	m.Latency.Operation, m.Latency.Every, m.Latency.Clock = "free a random block, allocate and touch another", 1, clockCost()
	return m, m.readMemory(base)
}

// turnOver replaces blocks until so many bytes were allocated in all, and times each.
func (c *churning) turnOver(bytes int64) *hdrhistogram.Histogram {
	times := newHistogram()
	for c.allocated < bytes {
		start := wallClock()
		c.replace(c.random.IntN(len(c.blocks)))
		record(times, wallClock()-start)
	}
	return times
}

// replace frees the victim before its successor is allocated, as a cache that is full does.
func (c *churning) replace(victim int) {
	old := c.blocks[victim]
	c.blocks[victim].address = nil
	c.worker.Release(old.address, old.size)
	c.live -= int64(old.size)
	c.blocks[victim] = c.newBlock()
}

func (c *churning) newBlock() churnBlock {
	size := churnSize(c.random)
	block := churnBlock{c.worker.Malloc(size), size}
	touch(block.address, size)
	*(*byte)(unsafe.Add(block.address, size-1)) = 1
	c.live += int64(size)
	c.allocated += int64(size)
	c.made++
	c.peakLive = max(c.peakLive, c.live)
	return block
}

func churnSize(random *rand.Rand) int {
	return int(churnSmallest * math.Exp(random.Float64()*math.Log(churnLargest/churnSmallest)))
}
