package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

func main() {
	if err := start(); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		os.Exit(1)
	}
}

func start() error {
	if task := os.Getenv(childVariable); task != "" {
		return runChild(task)
	}
	o, err := parseOptions(os.Args[1:])
	if err != nil {
		return err
	}
	chosen := chosenRows(o)
	if o.list {
		return list(os.Stdout, chosen)
	}
	if oldFile, newFile, two := strings.Cut(o.compare, ","); two {
		return compareFiles(os.Stdout, o, oldFile, newFile)
	}
	var old *document
	if o.compare != "" {
		if old, err = readDocument(o.compare); err != nil { // which should be known before a minute has passed
			return err
		}
	}
	s, err := obtain(o, chosen)
	if err != nil {
		return err
	}
	if err := s.publish(os.Stdout); err != nil || old == nil {
		return err
	}
	return writeComparison(os.Stdout, o, old, s.document())
}

// obtain measures the rows, or takes what was measured before.
func obtain(o *options, chosen []row) (*session, error) {
	if o.from != "" {
		d, err := readDocument(o.from)
		if err != nil {
			return nil, err
		}
		return d.session(*o), nil
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no row matches %q; -list names them", o.run)
	}
	s := newSession(o)
	return s, s.measureAll(chosen)
}

func list(out io.Writer, rows []row) error {
	for _, r := range rows {
		if _, err := fmt.Fprintln(out, r.name); err != nil {
			return err
		}
	}
	return nil
}

// measureAll measures the rows and derives the figures that compare rows.
func (s *session) measureAll(chosen []row) error {
	removeNative, err := s.setUpNative()
	if err != nil {
		return err
	}
	defer removeNative()
	defer s.removeRebuilt()
	s.showProgress(chosen)
	defer s.progress.clear()
	for _, r := range chosen {
		s.row = r.name
		s.progress.begin(r.name)
		if err := r.run(s); err != nil {
			return err
		}
		s.progress.end(s.seconds(r))
	}
	s.results.deriveScaling()
	s.results.deriveRemote()
	s.results.deriveLive()
	s.ended = time.Now()
	return nil
}

// showProgress shows nothing where nobody looks.
func (s *session) showProgress(chosen []row) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return
	}
	total := 0.0
	for _, r := range chosen {
		total += s.seconds(r)
	}
	s.progress = newProgress(os.Stderr, wallClock, len(chosen), total)
}

// seconds is about how long a row takes.
func (s *session) seconds(r row) float64 {
	seconds := r.seconds(s.options, len(s.native))
	if s.options.metrics {
		seconds += observeSeconds
	}
	return seconds
}

// observeSeconds is about what the metrics of a row take.
const observeSeconds = 3
