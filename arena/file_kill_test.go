// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

const (
	killPath = "ASHLAR_KILL_PATH" // the child's file
	killAt   = "ASHLAR_KILL_AT"   // number of the kernel call at which the child kills itself; 0: never
	killRuns = "ASHLAR_KILL_RUNS" // commits
	killMute = "ASHLAR_KILL_MUTE" // true: the kernel does not report which pages are copies
)

// TestFileKillChild runs in the child process: it makes commits, reports each, and is
// killed at some point.
func TestFileKillChild(t *testing.T) {
	path := os.Getenv(killPath)
	if path == "" {
		t.Skip("run by TestFileKilled")
	}
	at, _ := strconv.ParseInt(os.Getenv(killAt), 10, 64)
	runs, _ := strconv.Atoi(os.Getenv(killRuns))
	mute := os.Getenv(killMute) == "true"
	var calls atomic.Int64
	vm.Inject(func(op vm.Op) error {
		if calls.Add(1) == at {
			self, _ := os.FindProcess(os.Getpid())
			_ = self.Kill()
			select {}
		}
		if mute {
			return silent(op)
		}
		return nil
	})
	f, err := Open(path, FileOptions{Capacity: historyCapacity})
	for i := 0; err == nil && i < runs; i++ {
		if err = advance(f); err == nil {
			err = f.Sync()
		}
		fmt.Println("committed")
	}
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	fmt.Println("calls", calls.Load())
}

func killChild(t *testing.T, path string, at, runs int, mute bool) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run", "^TestFileKillChild$")
	c.Env = append(os.Environ(), killPath+"="+path, fmt.Sprintf("%s=%d", killAt, at), fmt.Sprintf("%s=%d", killRuns, runs),
		fmt.Sprintf("%s=%v", killMute, mute))
	return c
}

// TestFileKilled kills a process at each of its kernel calls. The file must hold the last
// commit that the process reported, or the next.
func TestFileKilled(t *testing.T) {
	t.Run("copies reported", func(t *testing.T) { killEach(t, false) })
	t.Run("copies not reported", func(t *testing.T) { killEach(t, true) })
}

func killEach(t *testing.T, mute bool) {
	const runs = 3
	dir := t.TempDir()
	out, err := killChild(t, filepath.Join(dir, "whole"), 0, runs, mute).Output()
	_, last, _ := strings.Cut(string(out), "calls ")
	calls, _ := strconv.Atoi(strings.Fields(last + " 0")[0])
	if err != nil || calls == 0 {
		t.Fatalf("%v: %s", err, out)
	}
	step := 1
	if testing.Short() {
		step = 5
	}
	for at := 1; at <= calls; at += step {
		path := filepath.Join(dir, fmt.Sprint(at))
		out, err := killChild(t, path, at, runs, mute).Output()
		if err == nil {
			t.Fatalf("call %d: the child was not killed: %s", at, out)
		}
		acked := uint64(bytes.Count(out, []byte("committed")))
		if got := reopened(t, path); got < acked || got > acked+1 {
			t.Errorf("killed at call %d after %d commits: the file holds commit %d", at, acked, got)
		}
	}
	t.Logf("killed at each of %d calls", calls)
}

// TestFileKilledAnywhere kills a process from outside at any point.
func TestFileKilledAnywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	random := rand.New(rand.NewPCG(1, 2))
	sum := uint64(0)
	for range 6 {
		c := killChild(t, path, 0, 1_000_000, false)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines, acked := bufio.NewScanner(out), uint64(0)
		for n := 1 + random.IntN(20); n > 0 && lines.Scan(); n-- {
			acked++
		}
		_ = c.Process.Kill()
		for lines.Scan() {
			acked++
		}
		_ = c.Wait()
		if acked == 0 {
			t.Fatal("the child made no commit")
		}
		got := reopened(t, path)
		if got < sum+acked || got > sum+acked+1 {
			t.Errorf("killed after commit %d: the file holds %d", sum+acked, got)
		}
		sum = got + 1 // the commit that reopened made
	}
}
