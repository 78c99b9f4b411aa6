package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

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
	if len(chosen) == 0 {
		return fmt.Errorf("no row matches %q; -list names them", o.run)
	}
	s := &session{options: o, random: rand.New(rand.NewPCG(5, 6))}
	if err := s.measureAll(chosen); err != nil {
		return err
	}
	return s.publish(os.Stdout)
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
		s.progress.begin(r.name)
		if err := r.run(s); err != nil {
			return err
		}
		s.progress.end(r.seconds(s.options, len(s.native)))
	}
	s.results.deriveScaling()
	s.results.deriveRemote()
	s.results.deriveLive()
	return nil
}

// showProgress shows nothing where nobody looks.
func (s *session) showProgress(chosen []row) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return
	}
	total := 0.0
	for _, r := range chosen {
		total += r.seconds(s.options, len(s.native))
	}
	s.progress = newProgress(os.Stderr, wallClock, len(chosen), total)
}
