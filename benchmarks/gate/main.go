// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

func main() {
	if err := start(); err != nil {
		fmt.Fprintln(os.Stderr, "gate:", err)
		os.Exit(1)
	}
}

func start() error {
	if task := os.Getenv(countVariable); task != "" {
		return beCounted(task)
	}
	if len(os.Args) > 1 {
		return errors.New("there are no arguments")
	}
	violated, err := judge(os.Stdout, "Times and memory, medians of all samples", bounds, tries, measure)
	if err != nil {
		return err
	}
	valgrind, err := exec.LookPath("valgrind")
	if err != nil {
		fmt.Println("instructions were not counted: there is no valgrind; on Debian it is in the package valgrind")
	} else {
		more, err := judge(os.Stdout, "Instructions of a pair, by size", counted, 1, func() ([]*result.Result, error) { return countAll(valgrind) })
		if err != nil {
			return err
		}
		violated += more
	}
	if violated > 0 {
		return fmt.Errorf("%d bounds are not kept", violated)
	}
	return nil
}

// tries is how many times the benchmarks are measured at most.
const tries = 3

// judge measures until all bounds are kept, but at most so many times, and prints the verdicts. Every verdict is
// about the medians of all samples that were taken until then. It returns how many bounds are not kept.
func judge(out io.Writer, title string, bounds []goal.Goal, tries int, measure func() ([]*result.Result, error)) (violated int, err error) {
	var results result.Results
	var verdicts []result.Verdict
	for try := 0; try == 0 || try < tries && violated > 0; try++ {
		more, err := measure()
		if err != nil {
			return 0, err
		}
		results.AddAll(more)
		verdicts, violated = goal.JudgeAll(bounds, &results), 0
		for _, v := range verdicts {
			if !v.Met {
				violated++
			}
		}
	}
	g := &grid.Grid{Title: title, Header: []string{"ratio", "is", "bound", ""}, Left: map[int]bool{3: true}}
	for _, v := range verdicts {
		value, verdict := "not measured", "kept"
		if v.Value != nil {
			value = fmt.Sprintf("%.2f", *v.Value)
		}
		if !v.Met {
			verdict = "VIOLATED"
		}
		g.Add(v.Text, value, v.Want, verdict)
	}
	return violated, g.WriteText(out)
}

// measure runs the benchmarks, which are in the working directory.
func measure() ([]*result.Result, error) {
	folder, err := os.MkdirTemp("", "ashlar-gate-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	samples := filepath.Join(folder, "samples.json")
	command := exec.Command("go", "run", ".", "-run", measured, "-repeats", "7", "-d", "10ms", "-live-mib", "128", "-json", samples)
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the benchmarks, which must be in the working directory: %w: %s", err, output)
	}
	document, err := result.Read(samples)
	if err != nil {
		return nil, err
	}
	return document.Results, nil
}
