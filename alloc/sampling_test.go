package alloc

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/pprof/profile"
)

// inUse sums the live bytes of a profile by its size class label, 0 for none.
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

// TestEstimate: one stack that mixes sizes is estimated within four standard errors
// for each class, and one block for the rounding; at rate 1 exactly; freeing
// everything leaves nothing in use; off means no samples.
func TestEstimate(t *testing.T) {
	for _, rate := range []int{1, 16 << 10, -1} {
		for _, handle := range []string{"allocator", "local"} {
			a := open(t, Options{Decay: -1, ProfileRate: rate})
			var m interface {
				Malloc(int) (unsafe.Pointer, error)
				Free(unsafe.Pointer)
			} = a
			if handle == "local" {
				m = local(t, a)
			}
			sizes := map[int]int{64: 20000, 1024: 4000, 10240: 400, 256 << 10: 20}
			if rate == 1 {
				sizes = map[int]int{64: 500, 1024: 200, 10240: 40, 256 << 10: 5}
			}
			var live []unsafe.Pointer
			for size, n := range sizes {
				for range n {
					live = append(live, alloc(t, m, size))
				}
			}
			got := inUse(a.HeapProfile(), 2)
			for size, n := range sizes {
				class := int64(size)
				if size >= 128<<10 {
					class = 0
				}
				p, want := a.probability(uintptr(size)), float64(n)
				if rate < 0 {
					p, want = 1, 0
				}
				if off, se := math.Abs(got[class]-want), math.Sqrt(float64(n)*(1-p)/p); off > 4*se+1 {
					t.Errorf("rate %d, %s, size %d: %v blocks, want %v, standard error %.1f", rate, handle, size, got[class], want, se)
				}
			}
			check(t, a)
			for _, p := range live {
				m.Free(p)
			}
			if got := inUse(a.HeapProfile(), 3); got[0]+got[64]+got[1024]+got[10240] != 0 {
				t.Errorf("rate %d, %s: %v bytes in use after all was freed", rate, handle, got)
			}
		}
	}
}

// TestSampledRealloc: a sampled object that moves stays in the profile, with its size.
func TestSampledRealloc(t *testing.T) {
	a := open(t, Options{Decay: -1, ProfileRate: 1})
	p := alloc(t, a, 256<<10)
	for _, size := range []int{8 << 20, 64 << 20, 300 << 10, 4000, 1 << 20} {
		q, err := a.Realloc(p, size)
		p = must(t, q, err)
		sum := inUse(a.HeapProfile(), 3)
		if got := sum[0] + sum[int64(UsableSize(p))]; got != float64(size) && got != float64(UsableSize(p)) {
			t.Errorf("%d bytes: %v in use", size, sum)
		}
	}
	a.Free(p)
	wantMisuse(t, func() { a.Free(p) }, MisuseError{Op: "Free", Addr: uintptr(p), Block: uintptr(p), Size: 1 << 20, State: "freed"})
}

// TestPprof: go tool pprof reads the profile and names this test.
func TestPprof(t *testing.T) {
	a := open(t, Options{Decay: -1, ProfileRate: 1})
	p := alloc(t, a, 4096)
	file := filepath.Join(t.TempDir(), "heap.pb.gz")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.WriteHeapProfile(f); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	for _, args := range [][]string{{"-top"}, {"-top", "-base", file}, {"-top", "-diff_base", file}} {
		out, err := exec.Command("go", append(append([]string{"tool", "pprof"}, args...), file)...).CombinedOutput()
		if err != nil || len(args) == 1 && !strings.Contains(string(out), "TestPprof") && !strings.Contains(string(out), "alloc.alloc") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	a.Free(p)
}
