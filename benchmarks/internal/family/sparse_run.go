// SPDX-License-Identifier: Apache-2.0

package family

import (
	"math/rand/v2"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// A sparseTask allocates the blocks of a pattern, frees a part of them, and measures what stays.
type sparseTask struct {
	sparsePattern
	Peer string        `json:"peer"`
	Trim bool          `json:"trim"`
	Wait time.Duration `json:"wait"`

	Later time.Duration `json:"later"` // how long more pairs follow
}

// sparseWait is how long memory has to come back by itself.
const sparseWait = 10 * time.Second

// A sparseReport counts bytes above what the process had before the blocks.
type sparseReport struct {
	Live    int64 `json:"live"` // requested, in the blocks that stay; after the pairs if there are pairs
	Thinned int64 `json:"thinned"`
	Paired  int64 `json:"paired"`
	Later   int64 `json:"later"`
	Trimmed int64 `json:"trimmed"`
	Waited  int64 `json:"waited"`
}

// sparseBlocks is the state of a sparseTask.
type sparseBlocks struct {
	t      *sparseTask
	handle peer.Handle
	random *rand.Rand
	blocks []unsafe.Pointer // in memory of the program's own
	sizes  []int32
	base   int64
}

func (t *sparseTask) run() (*sparseReport, error) {
	kind, err := peer.Named(t.Peer)
	if err != nil {
		return nil, err
	}
	p := kind.Open()
	blocks, err := (&liveTask{Blocks: t.Blocks}).array(kind)
	if err != nil {
		return nil, err
	}
	b := &sparseBlocks{t: t, handle: p.Handle(), random: rand.New(rand.NewPCG(7, 8)), blocks: blocks, sizes: make([]int32, t.Blocks)}
	for i := range b.sizes {
		b.sizes[i] = int32(t.Smallest + b.random.IntN(t.Largest-t.Smallest+1))
	}
	if b.base, _, err = harness.Baseline(); err != nil {
		return nil, err
	}
	for i := range b.blocks {
		b.fill(i)
	}
	b.thin()
	r := new(sparseReport)
	r.Thinned, err = b.resident()
	if err == nil && t.Pairs > 0 {
		for range t.Pairs {
			b.replace(b.random.IntN(len(b.blocks)))
		}
		r.Paired, err = b.resident()
	}
	if err == nil && t.Later > 0 {
		for end := time.Now().Add(t.Later); time.Now().Before(end); {
			for range 1000 {
				b.replace(b.random.IntN(len(b.blocks)))
			}
		}
		r.Later, err = b.resident()
	}
	for _, size := range b.sizes[:len(b.blocks)] {
		r.Live += int64(size)
	}
	if err == nil && t.Trim {
		p.Trim()
		r.Trimmed, err = b.resident()
	}
	if err == nil && t.Wait > 0 {
		time.Sleep(t.Wait)
		r.Waited, err = b.resident()
	}
	return r, err
}

func (b *sparseBlocks) resident() (int64, error) {
	resident, err := rss.Current()
	return max(resident-b.base, 1), err
}

func (b *sparseBlocks) fill(i int) {
	size := int(b.sizes[i])
	b.blocks[i] = b.handle.Malloc(size)
	peer.Touch(b.blocks[i], size)
	*(*byte)(unsafe.Add(b.blocks[i], size-1)) = 1
}

func (b *sparseBlocks) replace(i int) {
	b.handle.Release(b.blocks[i], int(b.sizes[i]))
	b.sizes[i] = int32(b.t.Smallest + b.random.IntN(b.t.Largest-b.t.Smallest+1))
	b.fill(i)
}

// thin frees the blocks that do not stay.
func (b *sparseBlocks) thin() {
	if b.t.Apart == 0 && !b.t.Even {
		b.random.Shuffle(len(b.blocks), func(i, j int) {
			b.blocks[i], b.blocks[j] = b.blocks[j], b.blocks[i]
			b.sizes[i], b.sizes[j] = b.sizes[j], b.sizes[i]
		})
	}
	kept, part := 0, uintptr(0)
	for i, block := range b.blocks {
		stays := i%max(b.t.Keep, 1) == 0
		if b.t.Apart > 0 {
			stays = uintptr(block)/uintptr(b.t.Apart) != part
			part = uintptr(block) / uintptr(b.t.Apart)
		}
		if !stays {
			b.handle.Release(block, int(b.sizes[i]))
			continue
		}
		b.blocks[kept], b.sizes[kept] = block, b.sizes[i]
		kept++
	}
	b.blocks = b.blocks[:kept]
}
