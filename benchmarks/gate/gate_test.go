// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// TestMain makes the test binary the program whose instructions are counted, too.
func TestMain(m *testing.M) {
	if task := os.Getenv(countVariable); task != "" {
		if err := beCounted(task); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

func TestJudge(t *testing.T) {
	bounds := []goal.Goal{slower("peer", "r", 2), goal.Alone("m: ashlar", "m", peer.Ashlar, goal.AtMost, 1.25)}
	time := func(samples ...float64) *result.Result {
		return &result.Result{Benchmark: "r", Peer: "peer", Samples: samples}
	}
	memory := func(samples ...float64) *result.Result {
		return &result.Result{Benchmark: "m", Peer: peer.Ashlar, Samples: samples}
	}
	own := &result.Result{Benchmark: "r", Peer: peer.Ashlar, Samples: []float64{4, 4, 4}}
	slow, fast, small, large := time(9, 8, 1), time(9, 1, 5), memory(1.3, 1.1, 1.2), memory(1.3, 1.3, 1.2)
	for _, c := range []struct {
		name     string
		runs     [][]*result.Result
		violated int
		measured int
		prints   string
	}{
		{"kept at once", [][]*result.Result{{slow, own, small}}, 0, 1, "2.00"},
		{"kept by the median of all samples", [][]*result.Result{{fast, own, small}, {time(9, 9, 9), own, small}}, 0, 2, "2.25"},
		{"the best run of three is not enough", [][]*result.Result{{fast, own, large}, {fast, own, small}, {fast, own, large}}, 2, 3, "VIOLATED"},
		{"not measured", [][]*result.Result{nil, nil, nil}, 2, 3, "not measured"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			n := 0
			violated, err := judge(&out, "title", bounds, 3, func() ([]*result.Result, error) {
				n++
				return c.runs[n-1], nil
			})
			if err != nil || violated != c.violated || n != c.measured || !strings.Contains(out.String(), c.prints) {
				t.Errorf("%d violated after %d runs, %v:\n%s", violated, n, err, out.String())
			}
		})
	}
	broken := errors.New("broken")
	if _, err := judge(&strings.Builder{}, "", nil, 3, func() ([]*result.Result, error) { return nil, broken }); err != broken {
		t.Errorf("%v, want what the measurement returned", err)
	}
}

// TestCount: instructions are counted, and more work takes more of them.
func TestCount(t *testing.T) {
	valgrind, err := exec.LookPath("valgrind")
	if err != nil {
		t.Skip("there is no valgrind; on Debian it is in the package valgrind")
	}
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	local, err := instructions(valgrind, peer.AshlarLocal, "64")
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := instructions(valgrind, peer.Ashlar, "64")
	if err != nil {
		t.Fatal(err)
	}
	if local < 20 || pinned < local {
		t.Errorf("a pair takes %.1f instructions by a Local, %.1f by an Allocator", local, pinned)
	}
	if _, err := instructions(valgrind, "nobody", "64"); err == nil || !strings.Contains(err.Error(), "want a peer") {
		t.Errorf("a peer that does not exist: %v", err)
	}
}
