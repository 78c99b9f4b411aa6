// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"modernc.org/memory"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// countVariable holds, in the environment of a program that is counted, the peer, the
// size and the number of operations.
const countVariable = "ASHLAR_GATE_COUNT"

// counted are the bounds of instruction counts. The benchmark's name is the size of the block.
var counted = []goal.Goal{
	atMost(peer.Ashlar, peer.Modernc, "64", 1.05),
	atMost(peer.AshlarLocal, peer.Modernc, "64", 0.9),
	atMost(peer.Ashlar, peer.Modernc, "1024", 1.05),
	atMost(peer.AshlarLocal, peer.Modernc, "1024", 0.9),
}

// pairs are loops that allocate a block and free it, n times.
var pairs = map[string]func(size, n int) error{
	peer.Ashlar: func(size, n int) error {
		a, err := alloc.NewAllocator(alloc.Options{Decay: -1})
		for range n {
			p, _ := a.Malloc(size)
			a.Free(p)
		}
		return err
	},
	peer.AshlarLocal: func(size, n int) error {
		a, err := alloc.NewAllocator(alloc.Options{Decay: -1})
		l := a.NewLocal()
		for range n {
			p, _ := l.Malloc(size)
			l.Free(p)
		}
		return err
	},
	peer.Modernc: func(size, n int) error {
		var a memory.Allocator
		for range n {
			p, err := a.UintptrMalloc(size)
			if err != nil {
				return err
			}
			if err := a.UintptrFree(p); err != nil {
				return err
			}
		}
		return nil
	},
}

// beCounted runs the loop that task names.
func beCounted(task string) error {
	var peer string
	var size, n int
	if _, err := fmt.Sscan(task, &peer, &size, &n); err != nil || pairs[peer] == nil {
		return fmt.Errorf("%s=%q: want a peer, a size and a number", countVariable, task)
	}
	return pairs[peer](size, n)
}

// The operations of the two runs whose difference counts.
const fewer, more = 100_000, 300_000

// countAll counts instructions for each of the bounds.
func countAll(valgrind string) ([]*result.Result, error) {
	var results result.Results
	for _, g := range counted {
		for _, figure := range []goal.Figure{g.Ours, g.Other} {
			if results.Find(figure.Benchmark, figure.Peer) != nil {
				continue
			}
			for range counts {
				perPair, err := instructions(valgrind, figure.Peer, figure.Benchmark)
				if err != nil {
					return nil, err
				}
				results.Add(figure.Benchmark, figure.Peer, "instructions", perPair)
			}
		}
	}
	return results.List, nil
}

// counts is how often the instructions of a pair are counted. Their median counts: now and then the runtime's
// threads do more than they need to.
const counts = 3

// instructions counts those of one pair.
func instructions(valgrind, peer, size string) (float64, error) {
	low, err := countRun(valgrind, peer, size, fewer)
	if err != nil {
		return 0, err
	}
	high, err := countRun(valgrind, peer, size, more)
	return (high - low) / (more - fewer), err
}

var total = regexp.MustCompile(`I\s+refs:\s+([0-9,]+)`)

// countRun counts the instructions of a program with n operations.
func countRun(valgrind, peer, size string, n int) (float64, error) {
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	command := exec.Command(valgrind, "--tool=callgrind", "--callgrind-out-file="+os.DevNull, program)
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d", countVariable, peer, size, n), "GOGC=off", "GOMAXPROCS=1",
		// callgrind does not stand the runtime's signals, and not rdtscp where the processor lacks it.
		"GODEBUG=asyncpreemptoff=1,cpu.rdtscp=off")
	output, err := command.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %s", filepath.Base(valgrind), err, output)
	}
	found := total.FindSubmatch(output)
	if found == nil {
		return 0, fmt.Errorf("%s printed no count: %s", filepath.Base(valgrind), output)
	}
	return strconv.ParseFloat(strings.ReplaceAll(string(found[1]), ",", ""), 64)
}
