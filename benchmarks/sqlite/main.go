// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// inMemory is the name of a database that SQLite keeps in memory.
const inMemory = ":memory:"

func main() {
	if err := start(); err != nil {
		fmt.Fprintln(os.Stderr, "sqlite:", err)
		os.Exit(1)
	}
}

func start() error {
	rows := flag.Int("rows", 1_000_000, "`number` of rows")
	repeats := flag.Int("repeats", 5, "`number` of runs of each program")
	markdown := flag.Bool("markdown", false, "print the tables as Markdown")
	child := flag.String("workload", "", "run the workload on this `database` and report in JSON; what the program calls itself with")
	file := flag.String("trace", "", "run the workload in memory, on ashlar, and record all allocations to this `file`")
	flag.Parse()
	if *file != "" {
		return record(*file, *rows)
	}
	if *child != "" {
		r, err := run(*child, *rows)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	dir, err := os.MkdirTemp("", "ashlar-sqlite-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c := &contest{dir: dir, rows: *rows, repeats: *repeats}
	if err := c.build(); err != nil {
		return err
	}
	for _, database := range []string{inMemory, filepath.Join(dir, "database")} {
		t, err := c.compare(database)
		if err != nil {
			return err
		}
		write := t.WriteText
		if *markdown {
			write = t.WriteMarkdown
		}
		if err := write(os.Stdout); err != nil {
			return err
		}
	}
	return nil
}
