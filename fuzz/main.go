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
	flag.DurationVar(&c.duration, "duration", time.Minute, "how long to go on")
	flag.Int64Var(&c.operations, "operations", 0, "end after so many operations; 0: by the duration only")
	flag.Uint64Var(&c.seed, "seed", uint64(time.Now().UnixNano()), "of all choices")
	flag.StringVar(&c.profile, "profile", "mixed", "the load: "+strings.Join(profileNames(), ", "))
	flag.IntVar(&c.workers, "workers", 4*runtime.NumCPU(), "goroutines")
	flag.IntVar(&c.procs, "procs", 8, "GOMAXPROCS changes up to so many; 0: it stays")
	flag.BoolVar(&c.faults, "faults", true, "have kernel calls fail now and then")
	flag.BoolVar(&c.limits, "limits", true, "limit the memory now and then")
	flag.DurationVar(&c.progress, "progress", 10*time.Second, "how often to tell how it goes")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "there are only flags: see -help")
		os.Exit(2)
	}
	if err := soak(c, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "\nVIOLATION: %v\n\nThe same choices, though not the same schedule:\n\n\t%v\n", err, c)
		os.Exit(1)
	}
}
