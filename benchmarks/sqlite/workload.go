// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	_ "modernc.org/sqlite" // the driver
)

// A report is what one run of the workload took.
type report struct {
	Parts   []part `json:"parts"`
	PeakRSS int64  `json:"peak_rss"` // bytes; 0 where the system does not say
}

// A part of the workload and its wall time.
type part struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

const (
	rowsPerTransaction = 10_000
	longestBlob        = 200 // bytes; the shortest blob has 16
	rowsPerRange       = 100
)

// A workload runs on one connection.
type workload struct {
	db     *sql.Conn
	rows   int
	random *rand.Rand
}

// run runs the workload on the database of that name.
func run(name string, rows int) (*report, error) {
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	connection, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	w := &workload{db: connection, rows: rows, random: rand.New(rand.NewPCG(1, 2))}
	r := new(report)
	for _, step := range []struct {
		name string
		run  func() error
	}{
		{"insert", w.insert},
		{"read", w.read},
		{"range", w.ranges},
		{"delete", w.remove},
		{"vacuum", func() error { return w.exec("VACUUM") }},
	} {
		begin := time.Now()
		if err := step.run(); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
		r.Parts = append(r.Parts, part{step.name, time.Since(begin).Seconds()})
	}
	r.PeakRSS, err = rss.Peak()
	if errors.Is(err, rss.ErrUnsupported) {
		err = nil
	}
	return r, err
}

func (w *workload) exec(query string) error {
	_, err := w.db.ExecContext(context.Background(), query)
	return err
}

// key is the key of row i. Keys are scattered, and no two rows have the same.
func key(i int) int64 { return int64(uint32(i) * 2654435761) }

func (w *workload) insert() error {
	for _, query := range []string{
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = OFF",
		"CREATE TABLE t (id INTEGER PRIMARY KEY, key INTEGER NOT NULL, value BLOB NOT NULL)",
		"CREATE INDEX by_key ON t (key)",
	} {
		if err := w.exec(query); err != nil {
			return err
		}
	}
	blob := make([]byte, longestBlob)
	for i := range blob {
		blob[i] = byte(w.random.Uint32())
	}
	return w.inTransactions("INSERT INTO t (id, key, value) VALUES (?, ?, ?)", 1, func(i int) []any {
		return []any{i, key(i), blob[:16+w.random.IntN(longestBlob-15)]}
	})
}

// remove deletes every third row.
func (w *workload) remove() error {
	return w.inTransactions("DELETE FROM t WHERE key = ?", 3, func(i int) []any { return []any{key(i)} })
}

// inTransactions executes the query with the arguments for every step-th row.
func (w *workload) inTransactions(query string, step int, arguments func(i int) []any) error {
	ctx := context.Background()
	for from := 0; from < w.rows; from += rowsPerTransaction * step {
		tx, err := w.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		statement, err := tx.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		for i := from; i < min(from+rowsPerTransaction*step, w.rows); i += step {
			if _, err := statement.ExecContext(ctx, arguments(i)...); err != nil {
				return err
			}
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// read reads a third as many rows as there are, one by one in random order.
func (w *workload) read() error {
	return w.queries("SELECT value FROM t WHERE key = ?", w.rows/3, 1)
}

// ranges reads as many rows in order of their keys, rowsPerRange at a time.
func (w *workload) ranges() error {
	query := fmt.Sprintf("SELECT value FROM t WHERE key >= ? ORDER BY key LIMIT %d", rowsPerRange)
	return w.queries(query, w.rows/3/rowsPerRange, 0)
}

// queries makes n queries for random keys. Each must find rows, at least as many as least says.
func (w *workload) queries(query string, n, want int) error {
	ctx := context.Background()
	statement, err := w.db.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer statement.Close()
	for range n {
		found := 0
		rows, err := statement.QueryContext(ctx, key(w.random.IntN(w.rows)))
		if err != nil {
			return err
		}
		for rows.Next() {
			var value sql.RawBytes
			if err := rows.Scan(&value); err != nil {
				return err
			}
			found++
		}
		if err := rows.Close(); err != nil {
			return err
		}
		if found < want {
			return fmt.Errorf("%d rows found, want %d", found, want)
		}
	}
	return nil
}
