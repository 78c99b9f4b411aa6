// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"

	"github.com/ashlar-go/ashlar/benchmarks/internal/versus"
)

func main() {
	if err := start(); err != nil {
		fmt.Fprintln(os.Stderr, "dropin:", err)
		os.Exit(1)
	}
}

func start() error {
	values := flag.Int("values", 100_000_000, "`number` of integers to append")
	repeats := flag.Int("repeats", 7, "`number` of runs with each allocator")
	markdown := flag.Bool("markdown", false, "print the table as Markdown")
	child := flag.String("append", "", "build the array with this `allocator` and report in JSON; what the program calls itself with")
	file := flag.String("trace", "", "compute with columns on ashlar, and record all allocations to this `file`")
	flag.Parse()
	if *file != "" {
		return record(*file)
	}
	if *child != "" {
		r, err := build(*child, *values)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	var figures versus.Comparison
	err := figures.Run(*repeats, func(peer int) error { return measure(&figures, peer, *values) })
	if err != nil {
		return err
	}
	t := figures.Table(fmt.Sprintf("Arrow, %d integers appended, medians of %d runs", *values, *repeats), allocators)
	if *markdown {
		return t.WriteMarkdown(os.Stdout)
	}
	return t.WriteText(os.Stdout)
}

// measure builds the array once, in a new process.
func measure(figures *versus.Comparison, peer, values int) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(program, "-append", allocators[peer], "-values", fmt.Sprint(values))
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", allocators[peer], err)
	}
	var r report
	if err := json.Unmarshal(out, &r); err != nil {
		return err
	}
	figures.Add(peer, "wall time, s", r.Seconds)
	figures.AddProcessorTime(peer, command)
	if r.PeakRSS > 0 {
		figures.Add(peer, "peak resident, MiB", float64(r.PeakRSS)/(1<<20))
	}
	return nil
}
