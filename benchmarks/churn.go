package main

import (
	"math"
	"math/rand/v2"
	"runtime/debug"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// A churnTask holds a random set of blocks, replaces random blocks of it by new ones of other sizes
// until the set was turned over several times, and looks at the memory that this took at most.
type churnTask struct {
	Peer     string `json:"peer"`
	Live     int64  `json:"live"`     // bytes of the set
	Turnover int    `json:"turnover"` // how many times the set's bytes are allocated after it was filled
}

// A churnReport counts bytes.
type churnReport struct {
	PeakLive     int64 `json:"peak_live"`     // largest sum of the sizes asked for
	PeakResident int64 `json:"peak_resident"` // largest resident set, beyond what the process had before
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
	live      int64
	peakLive  int64
	allocated int64
}

func (t *churnTask) run() (*churnReport, error) {
	p := kindNamed(t.Peer).open()
	c := &churning{worker: p.worker(), random: rand.New(rand.NewPCG(3, 4))}
	c.blocks = make([]churnBlock, 0, t.Live/churnSmallest/64) // about seven times what the mean size needs
	debug.FreeOSMemory()
	base, err := rss.Current()
	if err != nil {
		return nil, err
	}
	for c.live < t.Live {
		c.blocks = append(c.blocks, c.newBlock())
	}
	for c.allocated < t.Live*int64(1+t.Turnover) {
		c.replace(c.random.IntN(len(c.blocks)))
	}
	peak, err := rss.Peak()
	return &churnReport{PeakLive: c.peakLive, PeakResident: peak - base}, err
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
	c.peakLive = max(c.peakLive, c.live)
	return block
}

func churnSize(random *rand.Rand) int {
	return int(churnSmallest * math.Exp(random.Float64()*math.Log(churnLargest/churnSmallest)))
}
