// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// A board is where processes record their allocations.
type board struct {
	First AtomicRef[post]
}

type post struct {
	Next  Ref[post]
	Owner uint64
	Text  SliceRef[uint64]
}

const sharedName = "ASHLAR_SHARED_NAME"

func sharedTestName(t *testing.T) string {
	name := fmt.Sprintf("ashlar-test-%d-%s", os.Getpid(), t.Name())
	t.Cleanup(func() { _ = mmap.RemoveShared(name) })
	return name
}

// posting allocates and posts n posts of an owner.
func posting(s Store, owner uint64, n int) error {
	b, err := Root[board](s)
	if err != nil {
		return err
	}
	for i := range n {
		r, err := NewRef[post](s)
		if err != nil {
			return err
		}
		p := r.Get(s)
		length := 1 + i%40
		if p.Text, err = NewSliceRef[uint64](s, length, length); err != nil {
			return err
		}
		for k := range p.Text.Get(s) {
			p.Text.Get(s)[k] += number(owner, uint64(length+k)) // it must have been zero
		}
		p.Owner = owner
		for {
			p.Next = b.First.Load()
			if b.First.CompareAndSwap(p.Next, r) {
				break
			}
		}
	}
	return nil
}

// posted checks all posts and counts them by owner.
func posted(t *testing.T, s Store) map[uint64]int {
	t.Helper()
	count := map[uint64]int{}
	for p := rootOf[board](t, s).First.Load().Get(s); p != nil; p = p.Next.Get(s) {
		text := p.Text.Get(s)
		for k, w := range text {
			if w != number(p.Owner, uint64(len(text)+k)) {
				t.Fatalf("a post of %d was overwritten", p.Owner)
			}
		}
		count[p.Owner]++
	}
	return count
}

// TestSharedChild runs in the processes of TestSharedProcesses. It posts until it is killed
// or the arena is full, and reports each batch.
func TestSharedChild(t *testing.T) {
	name := os.Getenv(sharedName)
	if name == "" {
		t.Skip("run by TestSharedProcesses")
	}
	s, err := OpenShared(name, SharedOptions{})
	for err == nil {
		if err = posting(s, uint64(os.Getpid()), 100); err == nil {
			fmt.Println("posted")
		}
	}
	if !errors.Is(err, alloc.ErrLimit) {
		t.Fatal(err)
	}
}

// TestSharedProcesses: processes that are killed while they allocate do not harm the
// others.
func TestSharedProcesses(t *testing.T) {
	name := sharedTestName(t)
	s, err := OpenShared(name, SharedOptions{Size: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	minPosts := map[uint64]int{}
	var children []*exec.Cmd
	var outs []*bufio.Scanner
	for range 3 {
		c := exec.Command(os.Args[0], "-test.run", "^TestSharedChild$")
		c.Env = append(os.Environ(), sharedName+"="+name)
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		children, outs = append(children, c), append(outs, bufio.NewScanner(out))
	}
	for i, c := range children {
		killed := i < 2
		for outs[i].Scan() {
			if outs[i].Text() == "posted" {
				minPosts[uint64(c.Process.Pid)] += 100
			}
			if killed && minPosts[uint64(c.Process.Pid)] >= 300*(i+1) {
				_ = c.Process.Kill()
			}
		}
		if err := c.Wait(); err != nil && !killed {
			t.Errorf("child %d: %v", i, err)
		}
	}
	count := posted(t, s)
	for pid, n := range minPosts {
		if count[pid] < n {
			t.Errorf("process %d reported %d posts, there are %d", pid, n, count[pid])
		}
	}
	if err := posting(s, 7, 1<<20); !errors.Is(err, alloc.ErrLimit) { // fills the rest of the arena
		t.Errorf("a full arena: %v", err)
	}
	posted(t, s)
	if st := s.Stats(); st.Used > st.Reserved || st.Reserved != 8<<20 {
		t.Errorf("%+v", st)
	}
}

// TestSharedGoroutines: many goroutines use one arena that is open twice, at different
// addresses.
func TestSharedGoroutines(t *testing.T) {
	vm.Require(t, vm.Reopening)
	a, err := OpenShared("", SharedOptions{Size: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	f, err := a.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := OpenInherited(f, SharedOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range uint64(8) {
		wg.Go(func() {
			s := []Store{a, b}[g%2]
			if err := posting(s, g, 300); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for g, n := range posted(t, b) {
		if n != 300 {
			t.Errorf("%d of %d posts are there", n, g)
		}
	}
	first := rootOf[board](t, b).First.Load()
	if err := errors.Join(b.Close(), b.Close()); err != nil {
		t.Fatal(err)
	}
	wantStray(t, "closed", func() { first.Get(b) })
	if _, err := NewRef[post](b); !errors.Is(err, alloc.ErrClosed) {
		t.Errorf("NewRef after Close: %v", err)
	}
	if first.Get(a) == nil {
		t.Error("what one closed is gone for the other")
	}
}

// TestSharedRefused: OpenShared refuses objects that are not arenas of this kind, and Root
// refuses other types.
func TestSharedRefused(t *testing.T) {
	name := sharedTestName(t)
	s, err := OpenShared(name, SharedOptions{Size: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	reopen := func(o SharedOptions) error {
		o.Open = mmap.MustExist
		other, err := OpenShared(name, o)
		if err == nil {
			defer other.Close()
			_, err = Root[board](other)
		}
		return err
	}
	readOnly := SharedOptions{SharedOptions: mmap.SharedOptions{ReadOnly: true}}
	if err := reopen(readOnly); !errors.Is(err, ErrReadOnly) {
		t.Errorf("no root yet, read-only: %v", err)
	}
	rootOf[board](t, s)
	if err := errors.Join(reopen(SharedOptions{}), reopen(readOnly)); err != nil {
		t.Error(err)
	}
	if _, err := Root[int64](s); !errors.Is(err, ErrRootType) {
		t.Errorf("another root: %v", err)
	}
	h := s.header()
	good := *h
	for what, c := range map[string]struct {
		damage func()
		want   error
	}{
		"foreign":    {func() { h.magic = 12345 }, ErrForeign},
		"newer":      {func() { h.magic += 1 << 56 }, ErrVersion},
		"order":      {func() { h.magic = 0x7361_686c_6172_7301 }, ErrForeign},
		"used":       {func() { h.used = 1 << 40 }, ErrDamaged},
		"used less":  {func() { h.used = 3 }, ErrDamaged},
		"other type": {func() { h.rootType ^= 4 }, ErrRootType},
	} {
		c.damage()
		if err := reopen(SharedOptions{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
		*h = good
	}
	if _, err := OpenShared("", SharedOptions{Size: 10}); !errors.Is(err, alloc.ErrInvalidSize) {
		t.Errorf("10 bytes: %v", err)
	}
}

// TestSharedUnfinished: a process that dies while it makes the root does no harm.
func TestSharedUnfinished(t *testing.T) {
	s, err := OpenShared("", SharedOptions{Size: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.header().rootType = fingerprintOf[board]().word()
	if err := posting(s, 1, 5); err != nil {
		t.Error(err)
	}
}

// TestSharedForeign: OpenShared refuses memory that is not an arena, and changes neither
// the memory nor its name. This includes memory whose first words are zero.
func TestSharedForeign(t *testing.T) {
	name := sharedTestName(t)
	r, err := mmap.MapShared(name, 4096, mmap.SharedOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	copy(r.Bytes()[64:], "the program's own data")
	before := string(r.Bytes())
	for _, unlink := range []bool{false, true} {
		o := SharedOptions{SharedOptions: mmap.SharedOptions{Unlink: unlink, Open: MustExist}}
		if _, err := OpenShared(name, o); !errors.Is(err, ErrForeign) {
			t.Errorf("unlink %v: %v", unlink, err)
		}
	}
	if string(r.Bytes()) != before {
		t.Error("OpenShared wrote to memory that it refused")
	}
}

// TestSharedLeavesNothing: if OpenShared fails, it leaves no object.
func TestSharedLeavesNothing(t *testing.T) {
	name := sharedTestName(t)
	for size, want := range map[int]error{10: alloc.ErrInvalidSize, 0: fs.ErrNotExist, -1: mmap.ErrInvalid} {
		if _, err := OpenShared(name, SharedOptions{Size: size}); !errors.Is(err, want) {
			t.Errorf("size %d: %v, want %v", size, err, want)
		}
		o := SharedOptions{SharedOptions: mmap.SharedOptions{Open: MustExist}}
		if _, err := OpenShared(name, o); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("size %d left something behind: %v", size, err)
		}
	}
	begin := mmap.SharedOptions{Begin: func([]byte, bool) error { return nil }}
	if _, err := OpenShared("", SharedOptions{Size: 4096, SharedOptions: begin}); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("an option that is not the caller's: %v", err)
	}
}
