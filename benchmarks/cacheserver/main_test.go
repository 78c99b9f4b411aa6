// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/load"
	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/store"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// TestMain makes the test binary a server if it is started as one.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-child") {
		main()
		return
	}
	os.Exit(m.Run())
}

// small are flags for a run of a second or so.
var small = []string{"-mib", "2", "-rate", "2000", "-warmup", "50ms", "-d", "300ms", "-flood", "100ms", "-connections", "3", "-shards", "8"}

func parsed(t *testing.T, more ...string) *options {
	t.Helper()
	o, err := parse(append(slices.Clone(small), more...))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestCompare runs the whole program, with small parameters.
func TestCompare(t *testing.T) {
	file := filepath.Join(t.TempDir(), "figures.json")
	o := parsed(t, "-json", file, "-markdown")
	c, err := compare(context.Background(), o, os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.publish(&out, o); err != nil {
		t.Fatal(err)
	}
	figures := []string{"p50, ms", "p99, ms", figureP999, "max, ms", figureGC, "operations/s, at most"}
	if rss.Supported {
		figures = append(figures, figureResident, figurePeak)
	}
	for _, want := range append(figures, "| ashlar | goheap | ratio |", "Goals") {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the tables lack %q:\n%s", want, &out)
		}
	}
	encoded, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Runs  []run
		Goals []goal
	}
	if err := json.Unmarshal(encoded, &report); err != nil || len(report.Runs) != 2 || len(report.Goals) != 3 {
		t.Fatalf("%+v, %v", report, err)
	}
	for _, r := range report.Runs {
		for _, figure := range append(figures[:4:4], figures[5:]...) {
			if r.Figures[figure] <= 0 {
				t.Errorf("%s: %s is %v", r.Form, figure, r.Figures[figure])
			}
		}
		if held := r.Figures["keys and values, MiB"]; held > 2 || held < 1 {
			t.Errorf("%s holds %v MiB, want nearly 2", r.Form, held)
		}
	}
}

// TestNoOrphan: a server ends when its parent closes the server's standard input.
func TestNoOrphan(t *testing.T) {
	for _, form := range store.Names {
		p, err := begin(context.Background(), os.Args[0], form, parsed(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := load.Ask(p.address, patience, "SET", "stone", "granite"); err != nil {
			t.Error(err)
		}
		if f, err := p.end(); err != nil || f.Info["keys"] != 1 {
			t.Errorf("%s: %+v, %v", form, f, err)
		}
		if !p.command.ProcessState.Success() {
			t.Errorf("%s: %v", form, p.command.ProcessState)
		}
	}
}

// TestInterrupted: an interrupt ends the comparison and its server.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	o := parsed(t, "-d", "1h")
	source := o.mix
	o.load.Source = source.Source
	ended := make(chan error)
	go func() {
		_, err := compare(ctx, o, os.Args[0])
		ended <- err
	}()
	cancel()
	if err := <-ended; err == nil {
		t.Error("no error")
	}
}

// TestServe: a server without a parent ends at an interrupt, and says that everything is freed.
func TestServe(t *testing.T) {
	o := parsed(t, "-serve", "ashlar")
	ctx, cancel := context.WithCancel(context.Background())
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := serve(ctx, o, nil, out)
		ended <- errors.Join(err, out.Close())
	}()
	decoder := json.NewDecoder(in)
	var hello greeting
	if err := decoder.Decode(&hello); err != nil {
		t.Fatal(err)
	}
	if text, err := load.Ask(hello.Address, patience, "PING"); text != "PONG" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	cancel()
	var f farewell
	if err := errors.Join(decoder.Decode(&f), <-ended); err != nil || f.Collection <= 0 {
		t.Errorf("%+v, %v", f, err)
	}
	o.serve = "paper"
	if err := serve(ctx, o, nil, io.Discard); err == nil {
		t.Error("there is no store on paper")
	}
}

func TestFlags(t *testing.T) {
	for _, bad := range []string{"-mib 0", "-repeats 0", "-rate 0", "-rate NaN", "-d 0s", "-flood 0s", "-warmup -1s", "-connections 0",
		"-depth 0", "-gets 2", "-zipf 1", "-min 1", "-max 10", "-shape -1", "-keyspace 0", "argument", "-ttl -1s"} {
		if _, err := parse(strings.Fields(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
	o := parsed(t, "-keyspace", "2")
	if want := 2 * float64(o.bytes) / (o.mix.Mean() + keyBytes); fmt.Sprint(o.mix.Keys) != fmt.Sprintf("%.0f", want-0.5) {
		t.Errorf("%d keys, want %v", o.mix.Keys, want)
	}
}
