// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"errors"
	"flag"
	"fmt"
	"regexp"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// Options say what is measured, and for how long.
type Options struct {
	result.Parameters
	Run           *regexp.Regexp // selects benchmarks
	All           bool           // also those that otherwise only Run selects
	MemoryRepeats int            // processes for each memory figure
	DecayWait     time.Duration  // to wait for freed blocks to go back to the kernel
	Metrics       bool
	Native        bool
	NativeLibs    []string // paths
	TraceFiles    []string
	Flags         []string // the command line that repeats the measurement, except for -run
}

// defaultSample is the time of one sample.
const defaultSample = 20 * time.Millisecond

// Defaults are the options of a command line without flags.
func Defaults() *Options {
	o := new(Options)
	flags := flag.NewFlagSet("", flag.PanicOnError)
	finish := o.AddFlags(flags)
	if err := errors.Join(flags.Parse(nil), finish()); err != nil {
		panic(err)
	}
	return o
}

// AddFlags adds the flags that set the options. The caller calls finish after it has parsed them.
func (o *Options) AddFlags(flags *flag.FlagSet) (finish func() error) {
	pattern := flags.String("run", "", "measure only the benchmarks whose name matches this regular `expression`")
	flags.IntVar(&o.Repeats, "repeats", 10, "`number` of samples of each timed figure; a figure is their median")
	flags.IntVar(&o.MemoryRepeats, "memory-repeats", 3, "`number` of processes for each memory figure; a figure is their median")
	flags.DurationVar(&o.Sample, "d", defaultSample, "`time` of one sample")
	flags.IntVar(&o.LiveBlocks, "live-blocks", 10_000_000, "`number` of blocks of the live benchmarks")
	liveMiB := flags.Int64("live-mib", 512, "`MiB` of live blocks of the churn benchmarks")
	flags.DurationVar(&o.DecayWait, "decay-wait", 3*time.Second, "`time` to wait at most for freed blocks to go back by themselves")
	growMiB := flags.Int("grow-mib", 256, "`MiB` that a buffer grows to in the growth benchmarks")
	flags.BoolVar(&o.Metrics, "metrics", false, "observe also faults, kernel calls, memory, the collector and single operations, in processes of their own")
	flags.BoolVar(&o.Native, "native", false, "measure the same loops in C, too, with the allocators found on this machine")
	flags.Func("native-lib", "measure also this shared `library`, which replaces malloc; implies -native; may be repeated", func(lib string) error {
		o.Native = true
		o.NativeLibs = append(o.NativeLibs, lib)
		return nil
	})
	flags.BoolVar(&o.All, "all", false, "measure all benchmarks, some of which otherwise only -run selects")
	flags.Float64Var(&o.Scale, "scale", 1, "`factor` of the rounds of the suite's workloads")
	flags.Func("trace", "replay this `file`, recorded by alloc.Trace.Start, instead of measuring benchmarks; may be repeated", func(file string) error {
		o.TraceFiles = append(o.TraceFiles, file)
		return nil
	})
	flags.IntVar(&o.Classes, "classes", 16, "`number` of size classes to find for a trace")
	return func() error {
		o.LiveBytes, o.GrowTo = *liveMiB<<20, *growMiB<<20
		var err error
		if o.Run, err = regexp.Compile(*pattern); err != nil {
			return fmt.Errorf("-run: %w", err)
		}
		return o.check()
	}
}

// check refuses values that leave nothing to measure.
func (o *Options) check() error {
	switch {
	case o.Repeats < 1 || o.MemoryRepeats < 1:
		return errors.New("-repeats and -memory-repeats must be at least 1")
	case o.Sample <= 0:
		return errors.New("-d must be positive")
	case o.LiveBlocks < 1 || o.LiveBytes < 1:
		return errors.New("-live-blocks and -live-mib must be at least 1")
	case o.DecayWait < 0:
		return errors.New("-decay-wait must not be negative")
	case !(o.Scale > 0 && o.Scale <= 1000):
		return errors.New("-scale must be above 0 and at most 1000")
	case o.Classes < 1:
		return errors.New("-classes must be at least 1")
	case o.GrowTo < 1<<20:
		return errors.New("-grow-mib must be at least 1")
	}
	return nil
}

// observed shortens a time of observation if samples are shorter than usual.
func (o *Options) observed(d time.Duration) time.Duration {
	return min(d, d*o.Sample/defaultSample)
}
