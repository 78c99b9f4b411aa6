// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
	"github.com/ashlar-go/ashlar/benchmarks/internal/versus"
)

// programs are this program on each allocator, with the go.mod and the tags that it is built with.
var programs = [2]struct{ name, modfile, tags string }{
	{"ashlar", "go.mod", ""},
	{"modernc", "peer.mod", "peer"},
}

// A contest runs the programs in turn.
type contest struct {
	dir     string // of the programs and databases
	rows    int
	repeats int
}

// build builds the programs, in the directory of this module.
func (c *contest) build() error {
	for _, p := range programs {
		command := exec.Command("go", "build", "-modfile", p.modfile, "-tags", p.tags, "-o", filepath.Join(c.dir, p.name), ".")
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", command, err, out)
		}
	}
	return nil
}

// compare measures both programs on a database.
func (c *contest) compare(database string) (*grid.Grid, error) {
	var figures versus.Comparison
	err := figures.Run(c.repeats, func(peer int) error {
		if err := c.measure(&figures, peer, database); err != nil {
			return fmt.Errorf("%s: %w", programs[peer].name, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	place := "in a file"
	if database == inMemory {
		place = "in memory"
	}
	title := fmt.Sprintf("SQLite, %d rows, database %s, medians of %d runs", c.rows, place, c.repeats)
	return figures.Table(title, [2]string{programs[0].name, programs[1].name}), nil
}

// measure runs a program once.
func (c *contest) measure(figures *versus.Comparison, peer int, database string) error {
	if database != inMemory {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(database + suffix) // the file may not exist
		}
	}
	command := exec.Command(filepath.Join(c.dir, programs[peer].name), "-workload", database, "-rows", fmt.Sprint(c.rows))
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return err
	}
	var r report
	if err := json.Unmarshal(out, &r); err != nil {
		return err
	}
	total := 0.0
	for _, p := range r.Parts {
		figures.Add(peer, p.Name+", s", p.Seconds)
		total += p.Seconds
	}
	figures.Add(peer, "all, s", total)
	figures.AddProcessorTime(peer, command)
	if r.PeakRSS > 0 {
		figures.Add(peer, "peak resident, MiB", float64(r.PeakRSS)/(1<<20))
	}
	return nil
}
