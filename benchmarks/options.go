// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"strings"

	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
)

// options are the program's flags.
type options struct {
	harness.Options
	show     report.Options
	from     string
	compare  string
	jsonFile string
	htmlFile string
	svgFile  string
	update   []string
	list     bool
}

// parseOptions reads the program's arguments.
func parseOptions(arguments []string) (*options, error) {
	o := new(options)
	flags := flag.NewFlagSet("benchmarks", flag.ContinueOnError)
	finish := o.AddFlags(flags)
	o.addOutputs(flags)
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if err := finish(); err != nil {
		return nil, err
	}
	o.Flags = givenFlags(flags)
	o.show.Metrics = o.Metrics
	o.All = o.All || o.list
	return o, o.check(flags.NArg())
}

// addOutputs adds the flags that say what becomes of the figures.
func (o *options) addOutputs(flags *flag.FlagSet) {
	flags.StringVar(&o.from, "from", "", "measure nothing: take everything from this `file`, which -json has written")
	flags.StringVar(&o.compare, "compare", "", "compare with this `file`, which -json has written; with old,new compare two of them and measure nothing")
	flags.StringVar(&o.jsonFile, "json", "", "write all samples to this `file`")
	flags.StringVar(&o.htmlFile, "html", "", "write a report with charts to this `file`")
	flags.StringVar(&o.svgFile, "svg", "", "draw the chart of the README in this `file`")
	flags.Func("update", "write the tables into this Markdown `file`, where its marks say so; may be repeated", func(file string) error {
		o.update = append(o.update, file)
		return nil
	})
	flags.BoolVar(&o.show.Markdown, "markdown", false, "print the tables as Markdown")
	flags.BoolVar(&o.show.Spread, "spread", false, "print the smallest and the largest sample instead of the spread of the quartiles")
	flags.BoolVar(&o.list, "list", false, "print the names of the benchmarks and stop")
}

// outputFlags are those that leave what is measured as it is, and -run, of which each table has its own.
var outputFlags = map[string]bool{
	"run": true, "from": true, "compare": true, "json": true, "html": true, "svg": true, "update": true,
	"markdown": true, "spread": true, "list": true,
}

// givenFlags are the flags that say what was measured, as they are typed.
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

// check refuses flags that contradict each other.
func (o *options) check(rest int) error {
	switch {
	case rest > 0:
		return errors.New("there are only flags, no arguments")
	case o.from != "" && o.jsonFile != "":
		return errors.New("-json is for what was measured, and with -from nothing is")
	case strings.Count(o.compare, ",") > 1:
		return errors.New("-compare takes one file or two")
	}
	return nil
}
