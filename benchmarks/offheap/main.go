// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	run, only, one string
	n              int
	d              time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.run, "run", "caches", "what to measure: hits, caches, maps or pauses")
	flag.StringVar(&o.only, "only", "", "contenders, separated by commas; all by default")
	flag.StringVar(&o.one, "one", "", "measure one contender in this process; for the program itself")
	flag.IntVar(&o.n, "n", 10_000_000, "number of entries")
	flag.DurationVar(&o.d, "d", 2*time.Second, "time of each phase")
	flag.Parse()
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// runs are what can be measured, with the contenders of each.
var runs = map[string]struct {
	contenders []string
	header     string
	measure    func(o *options, contender string) (string, error)
}{
	"hits":   {cacheNames, hitsHeader, measureHits},
	"caches": {cacheNames, cachesHeader, measureCache},
	"maps":   {mapNames, mapsHeader, measureMap},
	"pauses": {pauseNames, pausesHeader, measurePauses},
}

// run measures all contenders, or the one that is asked for.
func run(o *options) error {
	r, ok := runs[o.run]
	if !ok {
		return fmt.Errorf("there is no run %q", o.run)
	}
	if o.one != "" {
		line, err := r.measure(o, o.one)
		fmt.Println(line)
		return err
	}
	fmt.Println(r.header)
	fmt.Println(strings.Repeat("|---", strings.Count(r.header, "|")-1) + "|")
	for _, name := range r.contenders {
		if o.only != "" && !slices.Contains(strings.Split(o.only, ","), name) {
			continue
		}
		self, err := os.Executable()
		if err != nil {
			return err
		}
		child := exec.Command(self, append(os.Args[1:], "-one", name)...)
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if err := child.Run(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
