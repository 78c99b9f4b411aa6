// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"io"
	"maps"
	"runtime"

	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/pprofile"
	"github.com/ashlar-go/ashlar/internal/proflabel"
	"github.com/ashlar-go/ashlar/internal/smallheap"
	"github.com/ashlar-go/ashlar/stats"
)

// Profile returns the heap profile of the Allocator: its live blocks by the stacks that
// allocated them, for go tool pprof.
func (a *Allocator) Profile() stats.HeapProfile { return (*heapProfile)(a) }

// A heapProfile is an Allocator as its heap profile.
type heapProfile Allocator

var _ stats.HeapProfile = (*heapProfile)(nil)

func (h *heapProfile) of() *Allocator { return (*Allocator)(h) }

func (h *heapProfile) now() *pprofile.Profile {
	sites, _ := h.of().sites(0, nil)
	return pprofile.Heap(h.options.Name, sites, h.of().profileRate())
}

// Write implements stats.HeapProfile.
func (h *heapProfile) Write(w io.Writer) error { return h.now().Write(w) }

// WriteSince implements stats.HeapProfile.
func (h *heapProfile) WriteSince(w io.Writer, earlier io.Reader) error {
	return write(w)(pprofile.Since(h.now(), earlier))
}

// WriteMerged implements stats.HeapProfile.
func (h *heapProfile) WriteMerged(w io.Writer) error { return write(w)(pprofile.WithGoHeap(h.now())) }

// write returns a function that writes a profile unless there is an error.
func write(w io.Writer) func(*pprofile.Profile, error) error {
	return func(p *pprofile.Profile, err error) error {
		if err != nil {
			return err
		}
		return p.Write(w)
	}
}

// WritePeak implements stats.HeapProfile.
func (h *heapProfile) WritePeak(w io.Writer) error {
	sites, lines := h.of().sites(0, nil)
	for i := range lines {
		sites[i].InuseObjects, sites[i].InuseBytes = lines[i].PeakObjects, lines[i].PeakBytes
	}
	return pprofile.Heap(h.options.Name, sites, h.of().profileRate()).Write(w)
}

// WriteFragmentation implements stats.HeapProfile.
func (h *heapProfile) WriteFragmentation(w io.Writer) error {
	sites, lines := h.of().sites(0, keptBeyond)
	beyond := make([]float64, len(sites))
	for i := range lines {
		beyond[i] = lines[i].Extra
	}
	return pprofile.Fragmentation(h.options.Name, sites, beyond, h.of().profileRate()).Write(w)
}

// Stacks implements stats.HeapProfile.
func (h *heapProfile) Stacks(n int, since uint64) stats.Stacks {
	sites, _ := h.of().sites(since, nil)
	return pprofile.TopStacks(sites, h.of().profileRate(), n)
}

// Sampled implements stats.HeapProfile.
func (h *heapProfile) Sampled() uint64 { return h.profile.Seq() }

// Rate implements stats.HeapProfile.
func (h *heapProfile) Rate() int {
	if n := h.of().profileRate(); n > 0 {
		return n
	}
	return -1
}

// SetRate implements stats.HeapProfile.
func (h *heapProfile) SetRate(bytes int) {
	a := h.of()
	a.init()
	a.setRate((&Options{ProfileRate: bytes}).profileRate())
	a.rearm()
}

// Publish implements stats.HeapProfile.
func (h *heapProfile) Publish(name string) { h.of().publish(name) }

// keptBeyond returns the share of its span's free bytes in RAM that is charged to one live block.
// It reads the states while they may change.
func keptBeyond(addr uintptr) float64 {
	d := pagemap.Get(addr)
	if d == 0 || headerAt(d).Kind != pagemap.Span {
		return 0
	}
	live := smallheap.LiveBlocks(d)
	return float64(smallheap.IdleBytes(d, live)) / float64(max(live, 1))
}

// labelsOf returns the labels of a sample, or nil if it has none.
func labelsOf(encoded string) map[string]string {
	if encoded == "" {
		return nil
	}
	return maps.Collect(proflabel.All(encoded))
}

// sites calls collect inside the gate. After Close it returns nothing.
func (a *Allocator) sites(since uint64, beyond func(uintptr) float64) (sites []pprofile.Site, lines []heapprof.Line) {
	_ = a.inside(func() error {
		sites, lines = a.collect(since, beyond)
		return nil
	})
	return sites, lines
}

// collect returns the samples, resolved, and the lines of the table that they come from, in
// the same order. The last site stands for dropped samples.
func (a *Allocator) collect(since uint64, beyond func(uintptr) float64) ([]pprofile.Site, []heapprof.Line) {
	lines := a.profile.Lines(since, beyond)
	sites := make([]pprofile.Site, len(lines), len(lines)+1)
	var pcs []uintptr
	var frames []runtime.Frame
	for i := range lines {
		l := &lines[i]
		if i == 0 || len(pcs) != len(l.PCs) || &pcs[0] != &l.PCs[0] {
			pcs, frames = l.PCs, make([]runtime.Frame, 0, len(l.PCs))
			for f := range heapprof.Frames(pcs) {
				frames = append(frames, f)
			}
		}
		sites[i] = pprofile.Site{Frames: frames, Kind: l.Kind.String(), Class: l.Size, Labels: labelsOf(l.Labels),
			AllocObjects: l.AllocObjects, AllocBytes: l.AllocBytes,
			InuseObjects: l.LiveObjects, InuseBytes: l.LiveBytes}
	}
	d := a.profile.Usage().Dropped
	return append(sites, pprofile.Site{AllocObjects: d.Objects, AllocBytes: d.Bytes}), append(lines, heapprof.Line{})
}
