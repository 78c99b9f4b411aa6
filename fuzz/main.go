// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

func main() {
	var c soakConfig
	flag.DurationVar(&c.duration, "duration", time.Minute, "duration of the soak")
	flag.Int64Var(&c.operations, "operations", 0, "end after this number of operations; 0: no limit")
	flag.Uint64Var(&c.seed, "seed", uint64(time.Now().UnixNano()), "seed of all random choices")
	flag.StringVar(&c.profile, "profile", "mixed", "the load: "+strings.Join(profileNames(), ", "))
	flag.IntVar(&c.workers, "workers", 4*runtime.NumCPU(), "goroutines")
	flag.IntVar(&c.procs, "procs", 8, "maximum of GOMAXPROCS, which changes during the soak; 0: no changes")
	flag.BoolVar(&c.faults, "faults", true, "make kernel calls fail from time to time")
	flag.BoolVar(&c.limits, "limits", true, "limit the memory from time to time")
	flag.DurationVar(&c.progress, "progress", 10*time.Second, "interval of progress reports; 0: none")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "unexpected arguments: use only flags, see -help")
		os.Exit(2)
	}
	if err := soak(c, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "\nVIOLATION: %v\n\nThis command makes the same choices, but not the same schedule:\n\n\t%v\n", err, c)
		os.Exit(1)
	}
}
