// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"runtime"
	"runtime/pprof"

	"github.com/google/pprof/profile"

	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/proflabel"
	"github.com/ashlar-go/ashlar/internal/smallheap"
	"github.com/ashlar-go/ashlar/stats"
)

// HeapProfile returns the heap profile: estimates of what was allocated and of what
// is in use, by stack, size class, kind and the labels that runtime/pprof.Do gave the
// goroutine (stats.NewProfile says in which form).
// They are unbiased for each of these. Who allocates meanwhile waits only if its
// block is sampled.
func (a *Allocator) HeapProfile() *profile.Profile {
	sites, _ := a.sites(0, nil)
	return stats.NewProfile(sites, a.ProfileRate())
}

// WriteHeapProfile writes HeapProfile as a compressed file for go tool pprof.
func (a *Allocator) WriteHeapProfile(w io.Writer) error { return a.HeapProfile().Write(w) }

// WriteHeapProfileSince writes what has changed since earlier, a file that
// WriteHeapProfile wrote.
func (a *Allocator) WriteHeapProfileSince(w io.Writer, earlier io.Reader) error {
	before, err := profile.Parse(earlier)
	if err != nil {
		return err
	}
	before.Scale(-1)
	p, err := profile.Merge([]*profile.Profile{a.HeapProfile(), before})
	if err != nil {
		return err
	}
	return p.Write(w)
}

// WriteMergedProfile writes one file with the heap profile and that of the Go heap.
func (a *Allocator) WriteMergedProfile(w io.Writer) error {
	var b bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&b, 0); err != nil {
		return err
	}
	goHeap, err := profile.Parse(&b)
	if err != nil {
		return err
	}
	p, err := profile.Merge([]*profile.Profile{a.HeapProfile(), goHeap})
	if err != nil {
		return err
	}
	return p.Write(w)
}

// PeakProfile is HeapProfile with the in-use values of the moment at which most was
// in use, to within a sixteenth.
func (a *Allocator) PeakProfile() *profile.Profile {
	sites, lines := a.sites(0, nil)
	for i := range lines {
		sites[i].InuseObjects, sites[i].InuseBytes = lines[i].PeakObjects, lines[i].PeakBytes
	}
	return stats.NewProfile(sites, a.ProfileRate())
}

// FragmentationProfile returns how many bytes live small blocks keep in RAM beyond
// themselves: those of their spans that no live block fills, shared among the live
// blocks of the span.
//
//	fragmentation of a stack = Σ weight · (span − live·size) / live    over its samples
//
// where span is the bytes of the block's span and live the live blocks in it. Summed
// over all blocks it is what spans with live blocks have free.
func (a *Allocator) FragmentationProfile() *profile.Profile {
	sites, lines := a.sites(0, keptBeyond)
	beyond := make([]float64, len(sites))
	for i := range lines {
		beyond[i] = lines[i].Extra
	}
	return stats.NewFragmentation(sites, beyond, a.ProfileRate())
}

// keptBeyond returns the share of a live block in what its span has free. The states
// are read as they change.
func keptBeyond(addr uintptr) float64 {
	d := pagemap.Get(addr)
	if d == 0 || headerAt(d).Kind != pagemap.Span {
		return 0
	}
	c := smallheap.SpanAt(d).Class
	live := smallheap.LiveBlocks(d)
	return float64(c.SpanBytes()-live*c.Size()) / float64(max(live, 1))
}

// HeapStacks returns the n stacks with the most live bytes.
func (a *Allocator) HeapStacks(n int) stats.Stacks { return a.HeapStacksSince(0, n) }

// HeapStacksSince is HeapStacks for what was sampled after Sampled had returned since.
func (a *Allocator) HeapStacksSince(since uint64, n int) stats.Stacks {
	sites, _ := a.sites(since, nil)
	return stats.TopStacks(sites, a.ProfileRate(), n)
}

// Sampled returns how many blocks were sampled so far.
func (a *Allocator) Sampled() uint64 { return a.profile.Seq() }

// WriteLeaks writes what is live now by the stacks that allocated it, the most bytes
// first; nothing if nothing is live. It is exact if the Allocator is checked, or with
// ProfileRate 1 from the start, else an estimate.
func (a *Allocator) WriteLeaks(w io.Writer) error {
	a.init()
	var text []byte
	_ = a.inside(func() error { // nothing is live after Close
		text = a.leaks()
		return nil
	})
	if text == nil {
		return nil
	}
	_, err := w.Write(text)
	return err
}

// leaks returns what WriteLeaks writes. The caller is inside the gate, or Close.
func (a *Allocator) leaks() []byte {
	if a.checked != nil {
		return a.checked.leaks()
	}
	var s stats.Snapshot
	a.Stats(&s)
	objects, size := s.Large.Live, s.Memory.LargeRequested
	for i := range s.Classes {
		objects += s.Classes[i].Live
		size += s.Classes[i].Live * int64(s.Classes[i].Size)
	}
	sites, _ := a.collect(0, nil)
	return liveText(objects, size, stats.TopStacks(sites, a.ProfileRate(), math.MaxInt))
}

// liveText returns the report of WriteLeaks, nil if nothing is live.
func liveText(objects, size int64, stacks stats.Stacks) []byte {
	if objects == 0 {
		return nil
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "ashlar: %d blocks of %s are live\n", objects, stats.Bytes(size))
	_ = stacks.Write(&b) // a Buffer takes everything
	return b.Bytes()
}

// labelsOf returns the labels that a sample was taken with, nil if there were none.
func labelsOf(encoded string) map[string]string {
	if encoded == "" {
		return nil
	}
	return maps.Collect(proflabel.All(encoded))
}

// sites is collect, inside the gate. Nothing is left after Close.
func (a *Allocator) sites(since uint64, beyond func(uintptr) float64) (sites []stats.Site, lines []heapprof.Line) {
	_ = a.inside(func() error {
		sites, lines = a.collect(since, beyond)
		return nil
	})
	return sites, lines
}

// collect returns what the table of samples holds, resolved, and the lines it is made
// of, in the same order; the last site is what was dropped.
func (a *Allocator) collect(since uint64, beyond func(uintptr) float64) ([]stats.Site, []heapprof.Line) {
	lines := a.profile.Lines(since, beyond)
	sites := make([]stats.Site, len(lines), len(lines)+1)
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
		sites[i] = stats.Site{Frames: frames, Kind: l.Kind.String(), Class: l.Size, Labels: labelsOf(l.Labels),
			AllocObjects: l.AllocObjects, AllocBytes: l.AllocBytes,
			InuseObjects: l.LiveObjects, InuseBytes: l.LiveBytes}
	}
	d := a.profile.Usage().Dropped
	return append(sites, stats.Site{AllocObjects: d.Objects, AllocBytes: d.Bytes}), append(lines, heapprof.Line{})
}
