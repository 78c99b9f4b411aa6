// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math/bits"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

const (
	// hugePagesFile has the system's setting of transparent huge pages.
	hugePagesFile = "/sys/kernel/mm/transparent_hugepage/enabled"
	// setHugePagesVar allows tests to change that setting for a moment. Other processes see it.
	setHugePagesVar = "ASHLAR_SET_HUGEPAGES"
)

// withHugePages runs the named test in a process of its own while the system's setting of
// transparent huge pages is mode.
func withHugePages(t *testing.T, mode, test string) {
	t.Helper()
	was, err := os.ReadFile(hugePagesFile)
	if err != nil {
		t.Skip("the kernel has no transparent huge pages:", err)
	}
	if !strings.Contains(string(was), "["+mode+"]") {
		if os.Getenv(setHugePagesVar) == "" {
			t.Skipf("%s is not %s; with %s=1 and as root the test sets it for a moment, and sets it back", hugePagesFile, mode, setHugePagesVar)
		}
		if err := os.WriteFile(hugePagesFile, []byte(mode), 0); err != nil {
			t.Skip("the setting cannot be changed:", err)
		}
		_, before, _ := strings.Cut(string(was), "[")
		before, _, _ = strings.Cut(before, "]")
		defer os.WriteFile(hugePagesFile, []byte(before), 0)
	}
	out, err := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.v").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+test) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestFootprintIsBoundAlways: where the system uses huge pages everywhere, the footprint is still
// an upper bound of what is resident.
func TestFootprintIsBoundAlways(t *testing.T) {
	withHugePages(t, "always", "TestFootprintIsBound")
}

// TestFootprintIsBound: the footprint is an upper bound of what is resident, however sparsely the
// memory is used, and after pages went back and were faulted in again.
func TestFootprintIsBound(t *testing.T) {
	vm.Require(t, vm.Purging)
	if vm.PageSize() > sizeclass.PageSize {
		t.Skip("a kernel page that is larger than a heap page is resident as soon as one of its heap pages is used")
	}
	if raceEnabled {
		t.Skip("in race builds the Go heap's own huge pages decide what is resident")
	}
	for huge := HugePagesOff; huge <= HugePagesAll; huge++ {
		t.Run(huge.String(), func(t *testing.T) {
			if huge != HugePagesOff {
				vm.Require(t, vm.HugePages)
			}
			checkBound(t, Options{Decay: -1, HugePages: huge})
		})
	}
}

func checkBound(t *testing.T, o Options) {
	a := open(t, o)
	bound := func(when string) {
		t.Helper()
		if resident, now := blocksInRAM(t, a), a.space.Footprint.Now(); resident > now {
			t.Errorf("%s: %d bytes are resident, the footprint is %d", when, resident, now)
		}
	}
	const size = 8 << 10
	var blocks []unsafe.Pointer
	for range 4096 {
		p := alloc(t, a, size)
		*(*byte)(p) = 1
		blocks = append(blocks, p)
	}
	bound("small blocks in use")
	for range 20 {
		tick(a)
	}
	bound("small blocks in use for long")
	for round := range 3 {
		for i, p := range blocks {
			if i%8 != 0 {
				a.Free(p)
				blocks[i] = nil
			}
		}
		bound("most are freed")
		if round == 1 {
			for range 20 {
				tick(a)
			}
			bound("with age")
		}
		a.Trim()
		bound("after Trim")
		for i, p := range blocks {
			if p == nil && i%64 == round+1 {
				blocks[i] = alloc(t, a, size)
			}
			if blocks[i] != nil {
				*(*byte)(blocks[i]) = 2
			}
		}
		bound("purged pages are used again")
		for i := range blocks {
			if blocks[i] == nil {
				blocks[i] = alloc(t, a, size)
			}
		}
	}
	var large []unsafe.Pointer
	for range 8 {
		p := alloc(t, a, 3<<20+100)
		*(*byte)(p) = 1
		large = append(large, p)
	}
	bound("large objects in use")
	for i := 0; i < len(large); i += 2 {
		a.Free(large[i])
	}
	for range 10 { // purged, and not yet unmapped
		_, _ = a.large.Purge(false)
	}
	for i := 1; i < len(large); i += 2 {
		fill(bytesAt(large[i], 3<<20), 1)
	}
	bound("half of them are purged")
}

// hugeBytes returns how many bytes of the allocator's memory the kernel backs with huge pages.
func hugeBytes(t *testing.T, a *Allocator) int64 {
	t.Helper()
	p, err := a.Inspect().Process()
	if err != nil {
		t.Skip(err)
	}
	return p.Ours.HugePages
}

// hugeTest returns an allocator with huge pages. It skips the test where the kernel has none to
// give, now or ever.
func hugeTest(t *testing.T, h HugePages) *Allocator {
	t.Helper()
	vm.Require(t, vm.HugePages)
	if raceEnabled {
		t.Skip("in race builds small blocks lie in the Go heap")
	}
	if noHugePages() {
		t.Skip("the system allows no huge pages:", hugePagesFile)
	}
	probe := openOnly(t, Options{Decay: -1, HugePages: HugePagesAll})
	*(*byte)(alloc(t, probe, 64)) = 1
	given := hugeBytes(t, probe)
	shut(t, probe) // the kernel would see its chunk and ours as one mapping
	if given == 0 {
		t.Skip("the kernel has no huge page to give")
	}
	return open(t, Options{Decay: -1, HugePages: h})
}

// kernelCollapses reports whether the kernel copies n bytes to huge pages now. It may refuse: other
// programs use the machine's memory.
func kernelCollapses(t *testing.T, n uintptr) bool {
	t.Helper()
	var s vm.Space
	start, m, err := s.Map(n, vm.TransparentSize())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release(m)
	for at := start; at < start+n; at += 4096 {
		*raw.At[byte](at) = 1
	}
	return s.Collapse(start, n) == nil
}

// filledBlocks allocates and fills blocks of 256 bytes, n bytes in all.
func filledBlocks(t *testing.T, a *Allocator, n int) (blocks []unsafe.Pointer) {
	t.Helper()
	for i := range n / 256 {
		p := alloc(t, a, 256)
		fill(bytesAt(p, 256), i)
		blocks = append(blocks, p)
	}
	return blocks
}

// wantFilled fails if a block of filledBlocks that was not freed has changed.
func wantFilled(t *testing.T, blocks []unsafe.Pointer) {
	t.Helper()
	for i, p := range blocks {
		if p != nil && !filled(bytesAt(p, 256), i) {
			t.Fatalf("block %d lost its contents", i)
		}
	}
}

// TestHugePagesAll: small blocks and large objects are in huge pages from the start. When a program
// frees most of its blocks, the rest does not keep whole huge pages in RAM.
func TestHugePagesAll(t *testing.T) {
	a := hugeTest(t, HugePagesAll)
	const n = 64 << 20
	blocks := filledBlocks(t, a, n)
	if huge := hugeBytes(t, a); huge < n*9/10 {
		t.Errorf("%d bytes of %d are in huge pages", huge, n)
	}
	large := alloc(t, a, 16<<20)
	before := hugeBytes(t, a)
	fill(bytesAt(large, 16<<20), 7)
	if huge := hugeBytes(t, a) - before; huge < 12<<20 {
		t.Errorf("%d bytes of a large object are in huge pages", huge)
	}
	a.Free(large)
	live := int64(0)
	for i, p := range blocks {
		if uintptr(p)>>16%8 == 0 { // of 512 KiB, 64 KiB stay
			live += 256
			continue
		}
		a.Free(p)
		blocks[i] = nil
	}
	a.detach()
	for range 20 {
		tick(a)
	}
	if left := blocksInRAM(t, a); left > live*5/4+2<<20 {
		t.Errorf("%d bytes are resident with age, for %d live ones", left, live)
	}
	check(t, a)
	a.Trim()
	if left := blocksInRAM(t, a); left > live*21/20+1<<20 {
		t.Errorf("%d bytes are resident after Trim, for %d live ones", left, live)
	}
	wantFilled(t, blocks)
	check(t, a)
}

// TestHugePagesDense: chunks that are dense for some time get huge pages, and the blocks keep what
// they contain. Chunks that are not dense never do. The statistics say so.
func TestHugePagesDense(t *testing.T) {
	a := hugeTest(t, HugePagesDense)
	const n = 70 << 20 // more than a chunk, or on 32 bits many chunks, of which those after the second begin so
	blocks := filledBlocks(t, a, n)
	atOnce := hugeBytes(t, a)
	if atOnce != 0 && (bits.UintSize == 64 || atOnce >= n) {
		t.Errorf("%d bytes are in huge pages at once", atOnce)
	}
	for range 20 {
		tick(a)
	}
	huge, s := hugeBytes(t, a), a.Stats().HugePages
	if s.Chunks < n*9/10 || s.Chunks < huge || s.Collapsed < huge-atOnce {
		t.Errorf("%d bytes of %d are in huge pages, the statistics say %+v", huge, n, s)
	}
	if huge < 60<<20 && kernelCollapses(t, n) {
		t.Errorf("%d bytes of %d are in huge pages, and the kernel has more to give", huge, n)
	}
	wantFilled(t, blocks)
	check(t, a)

	sparse := open(t, Options{Decay: -1, HugePages: HugePagesDense})
	kept := holes(t, sparse, sparse, 8<<10, 4096, 2)
	sparse.Trim()
	for range 40 {
		tick(sparse)
	}
	if huge := hugeBytes(t, sparse); huge != 0 {
		t.Errorf("%d bytes of sparse chunks are in huge pages", huge)
	}
	wantKept(t, sparse, kept, 8<<10, 2)
}

// TestHugePagesByTimer: the purger finds dense chunks without calls of the program, and rests
// afterwards.
func TestHugePagesByTimer(t *testing.T) {
	hugeTest(t, HugePagesOff)
	a := open(t, Options{Decay: 4 * time.Millisecond, HugePages: HugePagesDense})
	filledBlocks(t, a, 70<<20)
	if !eventually(func() bool { return a.Stats().HugePages.Chunks > 0 }) {
		t.Error("no chunk was found")
	}
	if !eventually(func() bool { return !a.awake.Load() }) {
		t.Error("the purger goes on for ever")
	}
}
