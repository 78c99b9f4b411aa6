package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestMain is the program that is counted, too.
func TestMain(m *testing.M) {
	if task := os.Getenv(countVariable); task != "" {
		if err := beCounted(task); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

func of(row, peer string, samples ...float64) result { return result{row, peer, samples} }

func TestJudge(t *testing.T) {
	faster := bound{row: "r", above: "peer", below: ours, least: 2}
	small := bound{row: "m", above: ours, most: 1.25}
	bad := []result{of("r", "peer", 9, 1, 5), of("r", ours, 4), of("m", ours, 1.3, 1.1)}
	good := []result{of("r", "peer", 9, 8, 1), of("r", ours, 4), of("m", ours, 1.3, 1.3)}
	for _, c := range []struct {
		name     string
		runs     [][]result
		violated int
		measured int
		prints   string
	}{
		{"kept at once", [][]result{{good[0], good[1], bad[2]}}, 0, 1, "2.00"},
		{"each kept once", [][]result{bad, good}, 0, 2, "2.00"},
		{"never kept", [][]result{{bad[0], bad[1], good[2]}, {bad[0], bad[1], good[2]}, {bad[0], bad[1], good[2]}}, 2, 3, "VIOLATED"},
		{"not measured", [][]result{nil, nil, nil}, 2, 3, "NaN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			n := 0
			violated, err := judge(&out, "title", []bound{faster, small}, 3, func() ([]result, error) {
				n++
				return c.runs[n-1], nil
			})
			if err != nil || violated != c.violated || n != c.measured || !strings.Contains(out.String(), c.prints) {
				t.Errorf("%d violated after %d runs, %v:\n%s", violated, n, err, out.String())
			}
		})
	}
	broken := errors.New("broken")
	if _, err := judge(&strings.Builder{}, "", nil, 3, func() ([]result, error) { return nil, broken }); err != broken {
		t.Errorf("%v, want what the measurement returned", err)
	}
}

// TestCount: instructions are counted, and more of them for more work.
func TestCount(t *testing.T) {
	valgrind, err := exec.LookPath("valgrind")
	if err != nil {
		t.Skip("there is no valgrind; on Debian it is in the package valgrind")
	}
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	local, err := instructions(valgrind, locals, "64")
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := instructions(valgrind, ours, "64")
	if err != nil {
		t.Fatal(err)
	}
	if local < 20 || pinned < local {
		t.Errorf("a pair takes %.1f instructions by a Local, %.1f by an Allocator", local, pinned)
	}
	if _, err := instructions(valgrind, "nobody", "64"); err == nil || !strings.Contains(err.Error(), "want a peer") {
		t.Errorf("a peer that there is none of: %v", err)
	}
}
