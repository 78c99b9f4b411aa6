// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	onfault "github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// atStart is the state of the process before the first test ran.
var atStart struct {
	mapped     int64
	mappings   int64
	goroutines int
}

// childVar is the environment variable that makes the test binary run one of the children
// instead of the tests.
const childVar = "ASHLAR_ALLOC_TEST_CHILD"

// children are programs that tests run as separate processes. If a child returns an error,
// it is printed and fails the test.
var children = map[string]func() error{}

func TestMain(m *testing.M) {
	atStart.mapped = metadata.Space.Mapped.Now()
	atStart.mappings = vm.Mappings()
	atStart.goroutines = runtime.NumGoroutine()
	if child := children[os.Getenv(childVar)]; child != nil {
		if err := child(); err != nil {
			_, _ = os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// yield lets other goroutines run on WebAssembly, which has one thread and preempts nobody. A
// loop that waits for what others do, or that others wait for, calls it. Elsewhere it does
// nothing, so that calls meet as often as they can.
func yield() {
	if runtime.GOARCH == "wasm" {
		runtime.Gosched()
	}
}

// needProcesses skips a test on WebAssembly, where no program can start another one.
func needProcesses(t *testing.T) {
	t.Helper()
	if runtime.GOARCH == "wasm" {
		t.Skip("starting a process: not supported on " + vm.Platform())
	}
}

// runChild runs a child and reports its output if it fails.
func runChild(t *testing.T, name string) {
	t.Helper()
	needProcesses(t)
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childVar+"="+name, "GOTRACEBACK=all", "GORACE=atexit_sleep_ms=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		if len(out) > 8<<10 {
			out = out[:8<<10]
		}
		t.Fatalf("%v\n%s", err, out)
	}
}

// still are options with which nothing happens in the background.
var still = Options{Decay: -1}

// strict are the same options for a checked Allocator.
var strict = Options{Decay: -1, Checked: true, Quarantine: 256 << 10}

// opened are the Allocators that tests have open. metadataBefore is the metadata that was
// in use before the first of them was opened.
var (
	opened         int
	metadataBefore int
)

// open returns an Allocator that is checked and closed when the test ends.
func open(t testing.TB, o Options) *Allocator {
	t.Helper()
	a := openOnly(t, o)
	t.Cleanup(func() { shut(t, a) })
	return a
}

// openOnly returns an Allocator that the caller must shut. Blocks are sampled only if the
// options set a rate, so that other tests do not depend on chance. It skips a test of guarded
// blocks where there are none.
func openOnly(t testing.TB, o Options) *Allocator {
	t.Helper()
	if o.GuardRate > 0 {
		vm.Require(t, vm.Guards)
	}
	if o.ProfileRate == 0 {
		o.ProfileRate = -1
	}
	a, err := NewAllocator(o)
	if err != nil {
		t.Fatal(err)
	}
	if opened == 0 {
		metadataBefore = metadata.InUse()
	}
	opened++
	return a
}

// shut closes a. It fails the test if an invariant does not hold or anything is lost.
func shut(t testing.TB, a *Allocator) {
	t.Helper()
	vm.Inject(nil)
	opened--
	// TestCloseFreesTable checks the table
	metadataBefore += int(metadata.Taken(uintptr(a.tableLen) << wordShift))
	if t.Failed() { // Close may be called in any state
		closed := make(chan error, 1)
		go func() { closed <- a.Close() }()
		select {
		case <-closed:
		case <-time.After(time.Second):
		}
		return
	}
	check(t, a)
	if err := a.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	s := &a.space
	if s.Footprint.Now() != 0 || s.Mapped.Now() != 0 || s.Mappings.Now() != 0 {
		t.Errorf("after Close: footprint %d, mapped %d bytes in %d mappings; want 0",
			s.Footprint.Now(), s.Mapped.Now(), s.Mappings.Now())
	}
	if opened == 0 && leaked() > 0 {
		t.Errorf("after Close: %d bytes of metadata are lost", leaked())
	}
}

// leaked returns how many bytes of metadata are in use that were not in use before the
// first of the open Allocators was opened.
func leaked() int { return metadata.InUse() - metadataBefore }

// check stops the purger, if there is one, and checks the allocator's invariants.
func check(t testing.TB, a *Allocator) {
	t.Helper()
	a.purger.stop()
	if err := a.checkInvariants(); err != nil {
		t.Fatal(err)
	}
}

// tick does the work of one tick of the purger, which must not be running.
func tick(a *Allocator) {
	if a.purger.seen == nil {
		a.purger.seen = map[int]uint64{}
	}
	a.warnUnreturned(a.ageAll())
}

// drained frees what a retains and fails the test if memory is still in use.
func drained(t testing.TB, a *Allocator) {
	t.Helper()
	check(t, a)
	a.Trim()
	check(t, a)
	if n := a.space.Footprint.Now(); n != 0 {
		t.Errorf("the footprint is %d bytes when everything is freed and trimmed; want 0", n)
	}
}

// must returns p.
func must(t testing.TB, p unsafe.Pointer, err error) unsafe.Pointer {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if p == nil {
		t.Fatal("nil without an error")
	}
	return p
}

func alloc(t testing.TB, m interface {
	Malloc(int) (unsafe.Pointer, error)
}, size int) unsafe.Pointer {
	t.Helper()
	p, err := m.Malloc(size)
	return must(t, p, err)
}

// bytesAt views the size bytes of the block at p.
func bytesAt(p unsafe.Pointer, size int) []byte { return unsafe.Slice((*byte)(p), size) }

// at returns the address offset bytes from p.
func at(p unsafe.Pointer, offset int) unsafe.Pointer {
	return raw.Pointer(raw.Addr(p) + uintptr(offset))
}

// faultAddr returns the address that a fault at addr has.
func faultAddr(addr uintptr) uintptr {
	if !onfault.Exact {
		return addr &^ 4095
	}
	return addr
}

// noise is the content of filled blocks, from an offset that depends on the block.
var noise = func() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 64<<10+256)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}()

// fill writes the pattern of number n to b.
func fill(b []byte, n int) {
	from := noise[n&0xff:][:64<<10]
	for len(b) > 0 {
		b = b[copy(b, from):]
	}
}

// filled reports whether b holds the beginning of the pattern of number n.
func filled(b []byte, n int) bool {
	from := noise[n&0xff:][:64<<10]
	for len(b) > 0 {
		k := min(len(b), len(from))
		if !bytes.Equal(b[:k], from[:k]) {
			return false
		}
		b = b[k:]
	}
	return true
}

// zero reports whether b holds zeros only.
func zero(b []byte) bool {
	for ; len(b) > len(zeros); b = b[len(zeros):] {
		if !bytes.Equal(b[:len(zeros)], zeros) {
			return false
		}
	}
	return bytes.Equal(b, zeros[:len(b)])
}

var zeros = make([]byte, 64<<10)

// panicOf returns what f panics with, nil if it does not.
func panicOf(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

// wantMisuse fails the test unless f panics with a *MisuseError that has the values of want
// that are not zero, and whose message has all the words. want.State may list several
// states, separated by |; the error must have one of them.
func wantMisuse(t testing.TB, f func(), want MisuseError, words ...string) {
	t.Helper()
	v := panicOf(f)
	err, ok := v.(error)
	var got *MisuseError
	if !ok || !errors.As(err, &got) {
		t.Fatalf("panic(%v), want a *MisuseError", v)
	}
	if got.Kind != want.Kind || got.Op != want.Op || got.Addr != want.Addr || got.Block != want.Block || got.Size != want.Size ||
		!slices.ContainsFunc(strings.Split(want.State, "|"), func(s string) bool {
			return s == got.State || s != "" && strings.Contains(got.State, s)
		}) {
		t.Errorf("got  %v of %+v\nwant %v of %+v", got.Kind, *got, want.Kind, want)
	}
	for _, w := range words {
		if !strings.Contains(got.Error(), w) {
			t.Errorf("the text %q does not contain %q", got.Error(), w)
		}
	}
	if text := got.Error(); !strings.HasPrefix(text, "alloc: "+got.Kind.String()+": "+got.Op) || got.Detail == "" || !strings.Contains(text, got.Detail) {
		t.Errorf("the text is %q", text)
	}
}

// freedTo returns the kind of misuse that op of a freed block reports.
func freedTo(op string) MisuseKind {
	if op == "Free" {
		return DoubleFree
	}
	return UseAfterFree
}

// has reports whether the stack of a call has a function whose name ends with function.
func has(c Call, function string) bool {
	for f := range c.Frames() {
		if strings.HasSuffix(f.Function, "."+function) {
			return true
		}
	}
	return false
}

// eventually polls ok for at most ten seconds and reports whether it returned true.
func eventually(ok func() bool) bool {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return ok()
}

// roomy reports whether the address space might have room even for the largest int.
const roomy = math.MaxInt == math.MaxInt32

// fewer returns n, or a part of it in builds in which everything takes longer.
func fewer(n int) int {
	if raceEnabled || testing.Short() {
		return n / 8
	}
	return n
}

// checker returns the checker of a, nil if it is not checked.
func (a *Allocator) checker() *checker {
	k, _ := a.backend.(*checker)
	return k
}

// isChecked reports whether m is a handle to a checked Allocator.
func isChecked(m Memory) bool {
	switch m := m.(type) {
	case *Allocator:
		return m.checker() != nil
	case *Local:
		return m.a.checker() != nil
	}
	return false
}
