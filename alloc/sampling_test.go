// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"testing"
	"unsafe"

	"github.com/google/pprof/profile"

	"github.com/ashlar-go/ashlar/stats"
)

// inUse returns the live bytes of a profile by size class label; 0 for samples without one.
func inUse(p *profile.Profile, value int) map[int64]float64 {
	sum := map[int64]float64{}
	for _, s := range p.Sample {
		class := int64(0)
		if l := s.NumLabel["bytes"]; len(l) > 0 {
			class = l[0]
		}
		sum[class] += float64(s.Value[value])
	}
	return sum
}

// TestSampledRealloc: a sampled object that moves stays in the profile, with its new size.
func TestSampledRealloc(t *testing.T) {
	a := open(t, Options{Decay: -1, ProfileRate: 1})
	p := alloc(t, a, 256<<10)
	for _, size := range []int{8 << 20, 64 << 20, 300 << 10, 4000, 1 << 20} {
		q, err := a.Realloc(p, size)
		p = must(t, q, err)
		sum := inUse(heapProfileOf(t, a), 3)
		if got := sum[0] + sum[int64(UsableSize(p))]; got != float64(size) && got != float64(UsableSize(p)) {
			t.Errorf("%d bytes: %v in use", size, sum)
		}
	}
	a.Free(p)
	wantMisuse(t, func() { a.Free(p) }, MisuseError{Kind: DoubleFree, Op: "Free", Addr: uintptr(p), Block: uintptr(p), Size: 1 << 20, State: "freed"})
}

// TestProfileMemory: the statistics count the memory of the profiler separately. It grows
// with the samples, and all fields add up to the mapped bytes.
func TestProfileMemory(t *testing.T) {
	a := open(t, Options{Decay: -1})
	a.Profile().SetRate(1)
	look := func() *stats.Snapshot {
		t.Helper()
		s := a.Stats()
		if got, want := s.Memory.Total(), s.Mapped.Now+s.Metadata.Mapped; got != want {
			t.Errorf("the numbers sum to %d bytes, %d are mapped", got, want)
		}
		if got, want := s.Memory.Dirty(), s.Footprint.Now+s.Metadata.Footprint; got != want {
			t.Errorf("%d bytes may be dirty, %d are charged", got, want)
		}
		return &s
	}
	if s := look(); s.Memory.Profile != 0 || s.Profile != (stats.Profile{Rate: 1}) {
		t.Errorf("%d bytes, %+v before the first sample", s.Memory.Profile, s.Profile)
	}
	const n = 5000
	var live []unsafe.Pointer
	for range n {
		live = append(live, alloc(t, a, 64))
	}
	s := look()
	if s.Profile != (stats.Profile{Rate: 1, Samples: n, Stacks: 1}) || s.Memory.Profile < 40*n || s.Memory.Profile > 100*n {
		t.Errorf("%d samples take %d bytes: %+v", n, s.Memory.Profile, s.Profile)
	}
	for _, p := range live {
		a.Free(p)
	}
	if s := look(); s.Profile.Samples != 0 {
		t.Errorf("%+v after all was freed", s.Profile)
	}
}
