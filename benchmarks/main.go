// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ashlar-go/ashlar/benchmarks/internal/family"
	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/report"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

func main() {
	if err := start(); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		os.Exit(1)
	}
}

func start() error {
	families := family.All()
	if asked, err := harness.RunTask(families); asked {
		return err
	}
	o, err := parseOptions(os.Args[1:])
	if err != nil {
		return err
	}
	if o.list {
		return list(os.Stdout, families, o)
	}
	if oldFile, newFile, two := strings.Cut(o.compare, ","); two {
		return compareFiles(os.Stdout, o, oldFile, newFile)
	}
	var old *result.Document
	if o.compare != "" {
		if old, err = result.Read(o.compare); err != nil { // an error is known before the measurement
			return err
		}
	}
	d, err := obtain(o, families)
	if err != nil {
		return err
	}
	if err := publish(os.Stdout, o, families, d); err != nil || old == nil {
		return err
	}
	return o.show.Compare(os.Stdout, old, d)
}

// obtain measures the benchmarks, or reads what was measured before.
func obtain(o *options, families []harness.Family) (*result.Document, error) {
	if o.from != "" {
		return result.Read(o.from)
	}
	chosen := harness.Choose(families, &o.Options)
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no benchmark matches %q; -list names them", o.Run)
	}
	s := harness.NewSession(&o.Options, families)
	if err := s.MeasureAll(chosen); err != nil {
		return nil, err
	}
	return s.Document(), nil
}

// publish prints the tables, and writes the files that were asked for.
func publish(out io.Writer, o *options, families []harness.Family, d *result.Document) error {
	parts := harness.Reports(families)
	r := &report.Report{Document: d, Families: parts, Options: o.show}
	if err := r.Print(out); err != nil {
		return err
	}
	if o.jsonFile != "" {
		if err := d.WriteFile(o.jsonFile); err != nil {
			return err
		}
	}
	if o.htmlFile != "" {
		if err := r.WriteHTML(o.htmlFile); err != nil {
			return err
		}
	}
	if o.svgFile != "" {
		if err := report.WriteHeadlineChart(o.svgFile, d, parts); err != nil {
			return err
		}
	}
	for _, file := range o.update {
		if err := report.UpdateFile(file, parts); err != nil {
			return err
		}
	}
	return nil
}

func list(out io.Writer, families []harness.Family, o *options) error {
	for _, b := range harness.Choose(families, &o.Options) {
		if _, err := fmt.Fprintln(out, b.Name); err != nil {
			return err
		}
	}
	return nil
}

// compareFiles compares two files that -json wrote.
func compareFiles(out io.Writer, o *options, oldFile, newFile string) error {
	before, err := result.Read(oldFile)
	if err != nil {
		return err
	}
	after, err := result.Read(newFile)
	if err != nil {
		return err
	}
	return o.show.Compare(out, before, after)
}
