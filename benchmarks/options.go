package main

import (
	"errors"
	"flag"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// options are the program's flags.
type options struct {
	run           *regexp.Regexp
	repeats       int
	memoryRepeats int
	duration      time.Duration // of one sample
	liveBlocks    int
	liveBytes     int64
	decayWait     time.Duration
	growTo        int // bytes
	metrics       bool
	native        bool
	nativeLibs    []string
	from          string
	compare       string
	jsonFile      string
	htmlFile      string
	update        []string
	markdown      bool
	spread        bool
	list          bool
	all           bool
	scale         float64 // of the suite's rounds

	flags []string // those given that change what is measured, but for run

	traces  []string
	classes int
}

// defaultSample is the time of one sample.
const defaultSample = 20 * time.Millisecond

// parseOptions reads the program's arguments.
func parseOptions(arguments []string) (*options, error) {
	o := new(options)
	flags := flag.NewFlagSet("benchmarks", flag.ContinueOnError)
	pattern := flags.String("run", "", "measure only the rows whose name matches this regular `expression`")
	flags.IntVar(&o.repeats, "repeats", 10, "`number` of samples of each timed figure; a figure is their median")
	flags.IntVar(&o.memoryRepeats, "memory-repeats", 1, "`number` of processes for each memory figure")
	flags.DurationVar(&o.duration, "d", defaultSample, "`time` of one sample")
	flags.IntVar(&o.liveBlocks, "live-blocks", 10_000_000, "`number` of blocks of the live rows")
	liveMiB := flags.Int64("live-mib", 512, "`MiB` of live blocks of the churn rows")
	flags.DurationVar(&o.decayWait, "decay-wait", 3*time.Second, "`time` to wait at most for freed blocks to go back by themselves")
	growMiB := flags.Int("grow-mib", 256, "`MiB` that a buffer grows to in the growth rows")
	flags.BoolVar(&o.metrics, "metrics", false, "observe also faults, kernel calls, memory, the collector and single operations, in processes of their own")
	flags.BoolVar(&o.native, "native", false, "measure the same loops in C, too, with the allocators found on this machine")
	flags.Func("native-lib", "measure also this shared `library`, which replaces malloc; implies -native; may be repeated", func(lib string) error {
		o.native = true
		o.nativeLibs = append(o.nativeLibs, lib)
		return nil
	})
	flags.BoolVar(&o.all, "all", false, "measure all rows, some of which otherwise only -run chooses")
	flags.Float64Var(&o.scale, "scale", 1, "`factor` of the rounds of the suite's workloads")
	flags.Func("trace", "replay this `file`, recorded by alloc.StartTrace, instead of measuring rows; may be repeated", func(file string) error {
		o.traces = append(o.traces, file)
		return nil
	})
	flags.IntVar(&o.classes, "classes", 16, "`number` of size classes to find for a trace")
	o.addOutputs(flags)
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	o.liveBytes, o.growTo = *liveMiB<<20, *growMiB<<20
	var err error
	if o.run, err = regexp.Compile(*pattern); err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	o.flags = givenFlags(flags)
	return o, o.check(flags.NArg())
}

// addOutputs adds the flags that say what becomes of the figures.
func (o *options) addOutputs(flags *flag.FlagSet) {
	flags.StringVar(&o.from, "from", "", "measure nothing: take everything from this `file`, which -json has written")
	flags.StringVar(&o.compare, "compare", "", "compare with this `file`, which -json has written; with old,new compare two of them and measure nothing")
	flags.StringVar(&o.jsonFile, "json", "", "write all samples to this `file`")
	flags.StringVar(&o.htmlFile, "html", "", "write a report with charts to this `file`")
	flags.Func("update", "write the tables into this Markdown `file`, where its marks say so; may be repeated", func(file string) error {
		o.update = append(o.update, file)
		return nil
	})
	flags.BoolVar(&o.markdown, "markdown", false, "print the tables as Markdown")
	flags.BoolVar(&o.spread, "spread", false, "print the smallest and the largest sample instead of the spread of the quartiles")
	flags.BoolVar(&o.list, "list", false, "print the names of the rows and stop")
}

// outputFlags are those that leave what is measured as it is, and -run, of which each chart has its own.
var outputFlags = map[string]bool{
	"run": true, "from": true, "compare": true, "json": true, "html": true, "update": true,
	"markdown": true, "spread": true, "list": true,
}

// givenFlags are the flags that say what was measured, as they would be typed.
func givenFlags(flags *flag.FlagSet) []string {
	given := []string{}
	flags.Visit(func(f *flag.Flag) {
		switch value := f.Value.String(); {
		case outputFlags[f.Name] || value == "": // -native-lib keeps no value; it is a path of this machine
		case value == "true":
			given = append(given, "-"+f.Name)
		default:
			given = append(given, "-"+f.Name, value)
		}
	})
	return given
}

// check refuses values that leave nothing to measure.
func (o *options) check(rest int) error {
	switch {
	case rest > 0:
		return errors.New("there are only flags, no arguments")
	case o.repeats < 1 || o.memoryRepeats < 1:
		return errors.New("-repeats and -memory-repeats must be at least 1")
	case o.duration <= 0:
		return errors.New("-d must be positive")
	case o.liveBlocks < 1 || o.liveBytes < 1:
		return errors.New("-live-blocks and -live-mib must be at least 1")
	case o.decayWait < 0:
		return errors.New("-decay-wait must not be negative")
	case !(o.scale > 0 && o.scale <= 1000):
		return errors.New("-scale must be above 0 and at most 1000")
	case o.classes < 1:
		return errors.New("-classes must be at least 1")
	case o.growTo < growFrom:
		return errors.New("-grow-mib must be at least 1")
	case o.from != "" && o.jsonFile != "":
		return errors.New("-json is for what was measured, and with -from nothing is")
	case strings.Count(o.compare, ",") > 1:
		return errors.New("-compare takes one file or two")
	}
	return nil
}

// command is the command line that measures the rows that match the pattern, as they were measured.
func (o *options) command(pattern string, more ...string) string {
	words := []string{"go run -C benchmarks ."}
	if pattern != "" {
		words = append(words, "-run '"+pattern+"'")
	}
	words = append(words, o.flags...)
	return strings.Join(append(words, more...), " ")
}
