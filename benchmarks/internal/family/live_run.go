// SPDX-License-Identifier: Apache-2.0

package family

import (
	"math"
	"math/rand/v2"
	"runtime"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

// A liveTask allocates many blocks of one size, measures what they cost while they live, frees them all,
// and measures what comes back.
type liveTask struct {
	Peer   string        `json:"peer"`
	Size   int           `json:"size"` // bytes
	Blocks int           `json:"blocks"`
	Random bool          `json:"random"` // frees in a random order instead of the order of allocation
	Trim   bool          `json:"trim"`   // calls Trim, instead of waiting until the memory goes back by itself
	Wait   time.Duration `json:"wait"`   // at most, for the memory to go back
}

// A liveReport counts bytes above what the process had before the blocks.
type liveReport struct {
	Resident  int64   `json:"resident"`   // resident set with all blocks live
	HeapAlloc int64   `json:"heap_alloc"` // live objects on the Go heap with all blocks live
	HeapSys   int64   `json:"heap_sys"`   // memory of the Go heap with all blocks live
	GCNone    float64 `json:"gc_none"`    // forced collection before the first block, ms
	GCLive    float64 `json:"gc_live"`    // forced collection with all blocks live, ms
	Peak      int64   `json:"peak"`       // largest resident set until then
	Mappings  int64   `json:"mappings"`   // with all blocks live
	Left      int64   `json:"left"`       // resident set at the end
	Decay     float64 `json:"decay"`      // ms from the last free until the blocks were back; the time waited if they were not
}

// The blocks count as back when this share of their bytes is with the kernel.
const backShare = 0.98

// decayPoll is the time between two readings of the resident set after the last free.
const decayPoll = 50 * time.Millisecond

// gcTime is how long forced collections are repeated for one sample. The fastest of them is the sample: the
// work is the same in each, and what comes on top is the scheduler's doing, in steps of several times the
// work itself. The figure is the median of the samples.
const gcTime = 200 * time.Millisecond

// freeChunk is how many blocks are freed by one call of a handle's loop.
const freeChunk = 1000

func (t *liveTask) run() (*liveReport, error) {
	kind, err := peer.Named(t.Peer)
	if err != nil {
		return nil, err
	}
	p := kind.Open()
	h := p.Handle()
	report := &liveReport{GCNone: timeGC()}
	blocks, err := t.array(kind)
	if err != nil {
		return nil, err
	}
	base, heap, err := harness.Baseline()
	if err != nil {
		return nil, err
	}
	mappings := usage.Mappings()
	h.Allocate(blocks, t.Size)
	report.Mappings = usage.Mappings() - mappings
	if err := report.readLive(base, heap); err != nil {
		return nil, err
	}
	if t.Random {
		rand.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
	}
	freeAll(h, blocks, t.Size)
	if kind.Heap {
		runtime.GC()
	}
	err = t.readBack(report, p, base)
	runtime.KeepAlive(blocks) // the baseline has them, too
	return report, err
}

// array allocates the array of the blocks' addresses. It is outside the Go heap and resident before the
// baseline is read, so that it counts nowhere. If the collector has to see the blocks, the array is on the
// Go heap.
func (t *liveTask) array(kind peer.Kind) ([]unsafe.Pointer, error) {
	if kind.Heap {
		blocks := make([]unsafe.Pointer, t.Blocks)
		peer.Touch(unsafe.Pointer(unsafe.SliceData(blocks)), t.Blocks*int(unsafe.Sizeof(blocks[0])))
		clear(blocks)
		return blocks, nil
	}
	bytes := t.Blocks * int(unsafe.Sizeof(unsafe.Pointer(nil)))
	array, err := peer.MapMemory(bytes)
	if err != nil {
		return nil, err
	}
	peer.Touch(array, bytes)
	blocks := unsafe.Slice((*unsafe.Pointer)(array), t.Blocks)
	clear(blocks)
	return blocks, nil
}

func (r *liveReport) readLive(base int64, before runtime.MemStats) error {
	resident, err := rss.Current()
	if err != nil {
		return err
	}
	peak, err := rss.Peak()
	if err != nil {
		return err
	}
	r.Resident, r.Peak = resident-base, peak-base
	r.GCLive = timeGC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	r.HeapAlloc = int64(now.HeapAlloc) - int64(before.HeapAlloc)
	r.HeapSys = int64(now.HeapSys) - int64(before.HeapSys)
	return nil
}

// timeGC returns the time of the fastest forced collection within gcTime, in milliseconds.
func timeGC() float64 {
	fastest := time.Duration(math.MaxInt64)
	for began := time.Now(); time.Since(began) < gcTime; {
		start := time.Now()
		runtime.GC()
		fastest = min(fastest, time.Since(start))
	}
	return fastest.Seconds() * 1e3
}

func freeAll(h peer.Handle, blocks []unsafe.Pointer, size int) {
	order := peer.InOrder(freeChunk)
	for len(blocks) > 0 {
		n := min(len(blocks), freeChunk)
		h.Free(blocks[:n], order[:n], size)
		blocks = blocks[n:]
	}
}

// readBack trims or waits, and then reads how much of the blocks' memory is left.
func (t *liveTask) readBack(report *liveReport, p peer.Peer, base int64) error {
	start := time.Now()
	if t.Trim {
		p.Trim()
	}
	allowed := int64((1 - backShare) * float64(t.Size) * float64(t.Blocks))
	for {
		resident, err := rss.Current()
		if err != nil {
			return err
		}
		report.Left = resident - base
		elapsed := time.Since(start)
		if t.Trim || report.Left <= allowed || elapsed >= t.Wait {
			report.Decay = elapsed.Seconds() * 1e3
			return nil
		}
		time.Sleep(decayPoll)
	}
}
