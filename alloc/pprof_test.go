// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/google/pprof/profile"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
	"github.com/ashlar-go/ashlar/internal/pprofile"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// sampled returns an Allocator that samples every block, so that its profiles are exact.
func sampled(t *testing.T) *alloc.Allocator {
	t.Helper()
	a, err := alloc.NewAllocator(alloc.Options{Decay: -1, ProfileRate: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// A mallocer is an Allocator, or a Local of one.
type mallocer interface {
	Malloc(size int) (unsafe.Pointer, error)
}

// The following functions are call sites that the tests look for in profiles.

//go:noinline
func pages(t *testing.T, a mallocer, n int) []unsafe.Pointer { return get(t, a, 4096, n) }

//go:noinline
func crumbs(t *testing.T, a mallocer, n int) []unsafe.Pointer { return get(t, a, 64, n) }

//go:noinline
func slabs(t *testing.T, a mallocer, n int) []unsafe.Pointer { return get(t, a, 1<<20, n) }

func get(t *testing.T, a mallocer, size, n int) (blocks []unsafe.Pointer) {
	for range n {
		p, err := a.Malloc(size)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, p)
	}
	return blocks
}

func free(a *alloc.Allocator, blocks []unsafe.Pointer) {
	for _, p := range blocks {
		a.Free(p)
	}
}

// save calls write and stores the profile in a file.
func save(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "profile.pb.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if err := write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// pprofProgram is the path of go tool pprof, found once.
var pprofProgram = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "tool", "-n", "pprof").Output()
	return strings.TrimSpace(string(out)), err
})

// pprofTool returns a command of go tool pprof.
func pprofTool(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if runtime.GOARCH == "wasm" {
		t.Skip("starting a process: not supported on " + vm.Platform())
	}
	program, err := pprofProgram()
	if err != nil {
		t.Fatalf("go tool -n pprof: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "PPROF_TMPDIR="+t.TempDir())
	return cmd
}

// pprof returns what go tool pprof prints.
func pprof(t *testing.T, args ...string) string {
	t.Helper()
	cmd := pprofTool(t, args...)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pprof %q: %v\n%s", args, err, &errors)
	}
	return string(out)
}

var topLine = regexp.MustCompile(`(?m)^ *(-?\d+)B? +\S+% +\S+% +(-?\d+)B? +\S+% +(.*)$`)

// top returns what pprof -top prints: the cumulative value of each function, by its name
// without the path. Bytes are in bytes.
func top(t *testing.T, args ...string) map[string]int {
	t.Helper()
	args = append([]string{"-top", "-nodefraction=0", "-nodecount=10000", "-unit=B"}, args...)
	sum := map[string]int{}
	for _, line := range topLine.FindAllStringSubmatch(pprof(t, args...), -1) {
		name := line[3][strings.LastIndexByte(line[3], '/')+1:]
		sum[strings.TrimPrefix(name, "alloc_test.")], _ = strconv.Atoi(line[2])
	}
	return sum
}

// want compares numbers with the result of top.
func want(t *testing.T, what string, got, want map[string]int) {
	t.Helper()
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%s: %s has %d, want %d", what, name, got[name], n)
		}
	}
}

// TestPprofHeap: go tool pprof reads each value of the profile and attributes it to the
// calling functions.
func TestPprofHeap(t *testing.T) {
	a := sampled(t)
	kept := pages(t, a, 100)
	free(a, kept[:40])
	crumbs(t, a, 50)
	slabs(t, a, 3)
	file := save(t, a.Profile().Write)
	for index, sum := range map[string]map[string]int{
		"alloc_objects": {"pages": 100, "crumbs": 50, "slabs": 3, "TestPprofHeap": 153},
		"alloc_space":   {"pages": 100 * 4096, "crumbs": 50 * 64, "slabs": 3 << 20},
		"inuse_objects": {"pages": 60, "crumbs": 50, "slabs": 3, "TestPprofHeap": 113},
		"inuse_space":   {"pages": 60 * 4096, "crumbs": 50 * 64, "slabs": 3 << 20, "TestPprofHeap": 60*4096 + 50*64 + 3<<20},
	} {
		got := top(t, "-sample_index="+index, file)
		want(t, index, got, sum)
		for name := range got {
			if strings.HasPrefix(name, "alloc.") {
				t.Errorf("%s: the function %s inside the allocator is shown", index, name)
			}
		}
	}
	want(t, "by default", top(t, file), map[string]int{"slabs": 3 << 20})
}

// TestPprofLabels: -raw shows the size class and the kind of each sample, and tags select
// samples by them. Chunks of arenas have their own kind.
func TestPprofLabels(t *testing.T) {
	a := sampled(t)
	crumbs(t, a, 50)
	slabs(t, a, 3)
	for _, o := range []arena.Options{{Allocator: a}, {Allocator: a, InitialSize: 4 << 20}} {
		r, err := arena.NewArenaWithOptions(o)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Free()
		if _, err := r.Alloc(100, 8); err != nil {
			t.Fatal(err)
		}
	}
	file := save(t, a.Profile().Write)
	raw := pprof(t, "-raw", file)
	for _, has := range []string{
		"alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes[dflt]",
		"PeriodType: space bytes", "Period: 1\n",
		"kind:[small]", "bytes:[64 bytes]", "kind:[large]", "kind:[arena]", "bytes:[32768 bytes]",
	} {
		if !strings.Contains(raw, has) {
			t.Errorf("-raw does not have %q:\n%s", has, raw)
		}
	}
	index := "-sample_index=inuse_objects"
	want(t, "-tagfocus=kind=arena", top(t, index, "-tagfocus=kind=arena", file), map[string]int{"TestPprofLabels": 2, "crumbs": 0, "slabs": 0})
	want(t, "-tagfocus=kind=large", top(t, index, "-tagfocus=kind=large", file), map[string]int{"TestPprofLabels": 3, "slabs": 3})
	want(t, "-tagfocus=bytes=64b", top(t, index, "-tagfocus=bytes=64b", file), map[string]int{"TestPprofLabels": 50, "crumbs": 50})
	if tags := pprof(t, "-tags", index, file); !strings.Contains(tags, "kind: Total 55 of 55") {
		t.Errorf("-tags says\n%s", tags)
	}
}

// TestPprofBase: pprof -base and a profile written as a difference both show what was
// allocated and freed between two profiles.
func TestPprofBase(t *testing.T) {
	a := sampled(t)
	early := pages(t, a, 100)
	before := save(t, a.Profile().Write)
	free(a, early[:30])
	crumbs(t, a, 50)
	after := save(t, a.Profile().Write)
	since := save(t, func(w io.Writer) error {
		f, err := os.Open(before)
		if err != nil {
			return err
		}
		defer f.Close()
		return a.Profile().WriteSince(w, f)
	})
	for what, args := range map[string][]string{
		"-base": {"-base", before, after}, "-diff_base": {"-diff_base", before, after}, "since": {since},
	} {
		want(t, what+", in use", top(t, append([]string{"-sample_index=inuse_objects"}, args...)...), map[string]int{"pages": -30, "crumbs": 50})
		want(t, what+", allocated", top(t, append([]string{"-sample_index=alloc_objects"}, args...)...), map[string]int{"pages": 0, "crumbs": 50})
	}
	if err := a.Profile().WriteSince(io.Discard, strings.NewReader("no profile")); err == nil {
		t.Error("an invalid profile was accepted")
	}
}

// TestPprofPeak: the peak profile has what was live at the peak, by the stacks of that
// time.
func TestPprofPeak(t *testing.T) {
	a := sampled(t)
	high := slabs(t, a, 20)
	free(a, high)
	crumbs(t, a, 50)
	peak := save(t, a.Profile().WritePeak)
	got := top(t, "-sample_index=inuse_objects", peak)["slabs"]
	if got < 20*16/17 || got > 20 {
		t.Errorf("at the peak %d objects were in use, want 20, to within a sixteenth", got)
	}
	want(t, "allocated", top(t, "-sample_index=alloc_objects", peak), map[string]int{"slabs": 20, "crumbs": 50})
	want(t, "now", top(t, "-sample_index=inuse_objects", save(t, a.Profile().Write)), map[string]int{"slabs": 0, "crumbs": 50})
}

// TestPprofFragmentation: the free bytes of spans are attributed to the stacks whose blocks
// keep the spans, and their sum is correct.
func TestPprofFragmentation(t *testing.T) {
	a := sampled(t)
	l := a.NewLocal() // one cache, so that only this test cuts spans
	defer l.Close()
	few := pages(t, l, 512)
	for i, p := range few { // one in four stays live, some in each span
		if i%4 != 0 {
			l.Free(p)
		}
	}
	slabs(t, a, 1) // has no span, so nothing is attributed to it
	c := sizeclass.Of(4096)
	s := a.Stats()
	row := s.Classes[c]
	beyond := int(row.Spans)*c.SpanBytes() - int(row.Live)*c.Size()
	file := save(t, a.Profile().WriteFragmentation)
	got := top(t, "-sample_index=fragmentation", file)
	if diff := got["pages"] - beyond; row.Live != 128 || diff > 128 || diff < -128 || got["slabs"] != 0 {
		t.Errorf("%d bytes beside %d blocks, want %d; %d beside large objects", got["pages"], row.Live, beyond, got["slabs"])
	}
}

// onGoHeap keeps memory of the Go heap live, so that its profile has it.
var onGoHeap []byte

//go:noinline
func gopher() { onGoHeap = make([]byte, 64<<20) }

// TestPprofMerged: one file has the memory of both heaps.
func TestPprofMerged(t *testing.T) {
	vm.Require(t, vm.OffHeap)
	a := sampled(t)
	pages(t, a, 100)
	gopher()
	defer func() { onGoHeap = nil }()
	runtime.GC() // the profile of the Go heap describes the collection before the last
	runtime.GC()
	got := top(t, "-sample_index=inuse_space", save(t, a.Profile().WriteMerged))
	want(t, "merged", got, map[string]int{"pages": 100 * 4096})
	if got["gopher"] < 64<<20 {
		t.Errorf("%d bytes of the Go heap, want 64 MiB", got["gopher"])
	}
}

// TestPprofDropped: samples for which the table has no room are shown under a name of their
// own.
func TestPprofDropped(t *testing.T) {
	if testing.Short() || alloc.RaceEnabled {
		t.Skip("samples some hundred thousand blocks")
	}
	a := sampled(t)
	const n = 1<<18 + 1000
	crumbs(t, a, n)
	p, err := profile.ParseData(written(t, a))
	if err != nil {
		t.Fatal(err)
	}
	var dropped, all int64
	for _, s := range p.Sample {
		if s.Location[0].Line[0].Function.Name == pprofile.DroppedSite {
			dropped += s.Value[0]
			if s.Value[1] != 64*s.Value[0] || s.Value[2] != 0 {
				t.Errorf("dropped: %v", s.Value)
			}
		}
		all += s.Value[0]
	}
	if all != n || dropped != 1000 {
		t.Errorf("%d blocks, %d of them dropped; want %d, 1000", all, dropped, n)
	}
	got := top(t, "-sample_index=alloc_objects", save(t, a.Profile().Write))
	want(t, "full", got, map[string]int{"crumbs": n - 1000, pprofile.DroppedSite: 1000})
}

func written(t *testing.T, a *alloc.Allocator) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := a.Profile().Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
