package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/ashlar-go/ashlar/benchmarks/internal/stat"
	"github.com/ashlar-go/ashlar/benchmarks/internal/table"
)

// programs are this one on each allocator, by the go.mod they are built with.
var programs = []struct{ name, modfile string }{
	{"ashlar", "go.mod"},
	{"modernc", "peer.mod"},
}

// A comparison runs the programs in turn and collects what they report.
type comparison struct {
	dir     string // for the programs and databases
	rows    int
	repeats int
}

// build builds the programs, in the directory of this module.
func (c *comparison) build() error {
	for _, p := range programs {
		command := exec.Command("go", "build", "-modfile", p.modfile, "-o", filepath.Join(c.dir, p.name), ".")
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", command, err, out)
		}
	}
	return nil
}

// figures are samples by program, then by what was measured, in order.
type figures struct {
	names   []string
	samples [2]map[string][]float64
}

func (f *figures) add(program int, name string, value float64) {
	if f.samples[program] == nil {
		f.samples[program] = map[string][]float64{}
	}
	if _, known := f.samples[0][name]; !known && program == 0 {
		f.names = append(f.names, name)
	}
	f.samples[program][name] = append(f.samples[program][name], value)
}

// compare measures both programs on a database.
func (c *comparison) compare(database string) (*table.Table, error) {
	var f figures
	for range c.repeats {
		for _, program := range rand.Perm(len(programs)) {
			if err := c.measure(&f, program, database); err != nil {
				return nil, fmt.Errorf("%s: %w", programs[program].name, err)
			}
		}
	}
	place := "in a file"
	if database == inMemory {
		place = "in memory"
	}
	return f.table(fmt.Sprintf("SQLite, %d rows, database %s, medians of %d runs", c.rows, place, c.repeats)), nil
}

// measure runs a program once.
func (c *comparison) measure(f *figures, program int, database string) error {
	if database != inMemory {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(database + suffix) // there may be none
		}
	}
	command := exec.Command(filepath.Join(c.dir, programs[program].name), "-workload", database, "-rows", fmt.Sprint(c.rows))
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
		f.add(program, p.Name+", s", p.Seconds)
		total += p.Seconds
	}
	f.add(program, "all, s", total)
	processor := command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	f.add(program, "processor time, s", processor.Seconds())
	f.add(program, "peak resident, MiB", float64(r.PeakRSS)/(1<<20))
	return nil
}

// table shows medians with their spread, and the ratio of each pair of samples.
func (f *figures) table(title string) *table.Table {
	t := &table.Table{Title: title, Header: []string{"", programs[0].name, programs[1].name, "ratio"}}
	for _, name := range f.names {
		ours, theirs := stat.Summarize(f.samples[0][name]), stat.Summarize(f.samples[1][name])
		t.Add(name, cell(ours), cell(theirs), fmt.Sprintf("%.3f", ours.Median/theirs.Median))
	}
	return t
}

func cell(s stat.Summary) string { return fmt.Sprintf("%.2f ±%.0f%%", s.Median, 100*s.Spread()) }
