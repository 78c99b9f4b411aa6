package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/machine"
	"github.com/ashlar-go/ashlar/benchmarks/internal/versus"
)

func main() {
	if err := start(); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "cacheserver:", err)
		os.Exit(1)
	}
}

// peers are the stores in the order of the table.
var peers = [2]string{"ashlar", "goheap"}

func start() error {
	live := flag.Int64("live", 2048, "`MiB` of keys and values in each store")
	l := load{}
	flag.IntVar(&l.rate, "rate", 5000, "requests a `second`")
	flag.IntVar(&l.sets, "sets", 50, "how many of 100 `requests` set a value; the others get one")
	flag.IntVar(&l.conns, "conns", 16, "`number` of connections")
	flag.DurationVar(&l.duration, "duration", 60*time.Second, "`time` that each server is measured for")
	repeats := flag.Int("repeats", 3, "`number` of times that each store is measured")
	markdown := flag.Bool("markdown", false, "print the table as Markdown")
	serve := flag.String("serve", "", "serve with this `store` until standard input ends, and measure nothing")
	address := flag.String("address", "127.0.0.1:0", "`address` to serve at")
	flag.Parse()
	if *serve != "" {
		return serveUntil(os.Stdin, os.Stdout, *serve, *address)
	}
	if *live < 1 || l.rate < 1 || l.conns < 1 || l.duration <= 0 || l.sets < 0 || *repeats < 1 || flag.NArg() > 0 {
		return errors.New("-live, -rate, -conns, -duration and -repeats must be positive, and there are only flags")
	}
	l.keys = keysFor(*live << 20)
	var c versus.Comparison
	if err := c.Run(*repeats, func(peer int) error { return measure(&c, peer, l) }); err != nil {
		return err
	}
	t := c.Table(fmt.Sprintf("Cache of %d MiB, %d requests a second, %d %% of them sets, over %d connections, medians of %d times %v",
		*live, l.rate, l.sets, l.conns, *repeats, l.duration), peers)
	t.Notes = append(t.Notes, machine.Describe().String())
	t.Notes = append(t.Notes, verdicts(&c)...)
	if *markdown {
		return t.WriteMarkdown(os.Stdout)
	}
	return t.WriteText(os.Stdout)
}

// verdicts say which of the project's bars are reached.
func verdicts(c *versus.Comparison) (notes []string) {
	for _, bar := range []struct {
		figure string
		most   float64
	}{
		{figureGC, 0.05},
		{figure999, 0.2},
		{figureSteady, 0.7},
	} {
		word := "reached"
		ratio := c.Ratio(bar.figure)
		if !(ratio <= bar.most) {
			word = "missed"
		}
		notes = append(notes, fmt.Sprintf("%s: %.3f of the Go heap's, the bar is %g: %s", bar.figure, ratio, bar.most, word))
	}
	return notes
}
