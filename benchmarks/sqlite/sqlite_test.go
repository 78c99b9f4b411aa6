// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/benchmarks/trace"
	"modernc.org/libc"
)

// TestReplaced: SQLite's memory comes from ashlar.
func TestReplaced(t *testing.T) {
	tls := libc.NewTLS()
	defer tls.Close()
	p := libc.Xmalloc(tls, 100)
	defer libc.Xfree(tls, p)
	// This panics if the block is not a block of ashlar.
	n := alloc.UsableSize(unsafe.Add(unsafe.Pointer(nil), p))
	if n < 100 || n != int(libc.UsableSize(p)) {
		t.Errorf("a block for 100 bytes has %d for ashlar, and %d for libc", n, libc.UsableSize(p))
	}
}

// places are the data source names of the kinds of databases.
func places(t *testing.T) map[string]string {
	return map[string]string{
		"memory": inMemory,
		"file":   "file:" + filepath.Join(t.TempDir(), "test.db") + "?_pragma=journal_mode(wal)&_pragma=synchronous(off)&_pragma=busy_timeout(60000)&_txlock=immediate",
	}
}

// open opens a database. It uses one connection if the database is in memory, where each
// connection has a database of its own.
func open(t *testing.T, name string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		t.Fatal(err)
	}
	if name == inMemory {
		db.SetMaxOpenConns(1)
	}
	return db
}

const (
	writers        = 4
	readers        = 3
	rowsPerWriter  = 100
	longestContent = 20_000 // bytes
)

// content returns the blob of a row. It is the same each time.
func content(writer, i int) []byte {
	random := rand.New(rand.NewPCG(uint64(writer), uint64(i)))
	b := make([]byte, random.IntN(longestContent))
	for j := range b {
		b[j] = byte(random.Uint32())
	}
	return b
}

// TestConcurrent runs writers and readers on a database at once. Afterwards all rows are
// there, and SQLite's integrity check succeeds.
func TestConcurrent(t *testing.T) {
	for place, name := range places(t) {
		t.Run(place, func(t *testing.T) { useConcurrently(t, name) })
	}
}

func useConcurrently(t *testing.T, name string) {
	db := open(t, name)
	if _, err := db.Exec("CREATE TABLE IF NOT EXISTS t (writer INTEGER, i INTEGER, content BLOB, PRIMARY KEY (writer, i))"); err != nil {
		t.Fatal(err)
	}
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for writer := range writers {
		writing.Go(func() {
			for i := range rowsPerWriter {
				if err := replace(db, writer, i); err != nil {
					t.Errorf("writer %d, row %d: %v", writer, i, err)
					return
				}
			}
		})
	}
	for reader := range readers {
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := readSome(db, reader); err != nil {
					t.Errorf("reader %d: %v", reader, err)
					return
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	check(t, db)
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// replace writes a row in two steps of a transaction, first with other contents.
func replace(db *sql.DB, writer, i int) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	for _, b := range [][]byte{{1}, content(writer, i)} {
		if _, err := tx.Exec("INSERT OR REPLACE INTO t VALUES (?, ?, ?)", writer, i, b); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// readSome reads rows that writers may be writing.
func readSome(db *sql.DB, reader int) error {
	rows, err := db.Query("SELECT writer, i, content FROM t WHERE i % ? = 0 ORDER BY length(content) LIMIT 20", reader+2)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var writer, i int
		var b []byte
		if err := rows.Scan(&writer, &i, &b); err != nil {
			return err
		}
		if !bytes.Equal(b, content(writer, i)) {
			return fmt.Errorf("row %d of writer %d: other contents", i, writer)
		}
	}
	return rows.Err()
}

func check(t *testing.T, db *sql.DB) {
	t.Helper()
	var n int
	if err := db.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || n != writers*rowsPerWriter {
		t.Errorf("%d rows, %v", n, err)
	}
	for writer := range writers {
		for i := range rowsPerWriter {
			var b []byte
			err := db.QueryRow("SELECT content FROM t WHERE writer = ? AND i = ?", writer, i).Scan(&b)
			if err != nil || !bytes.Equal(b, content(writer, i)) {
				t.Fatalf("row %d of writer %d: %v, or other contents", i, writer, err)
			}
		}
	}
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity check: %s, %v", verdict, err)
	}
}

// TestNoLeak: when a database is closed, all its memory has been freed.
func TestNoLeak(t *testing.T) {
	if libc.MemStat().Bytes == 0 {
		t.Skip("libc counts with -tags memory.counters only")
	}
	for place, name := range places(t) {
		t.Run(place, func(t *testing.T) {
			useConcurrently(t, name) // allocates what SQLite and libc keep
			before := libc.MemStat()
			useConcurrently(t, name)
			after := libc.MemStat()
			if after.Allocs > before.Allocs {
				t.Errorf("%d blocks before, %d after", before.Allocs, after.Allocs)
			}
		})
	}
}

// TestUpstream runs the leak tests of modernc.org/sqlite on ashlar.
func TestUpstream(t *testing.T) {
	if testing.Short() {
		t.Skip("it links SQLite once more")
	}
	command := exec.Command("go", "test", "-v", "-tags", "memory.counters", "-run", "Leak$", "modernc.org/sqlite")
	out, err := command.CombinedOutput()
	if n := strings.Count(string(out), "--- PASS"); err != nil || n < 3 {
		t.Errorf("%v, %d tests passed\n%s", err, n, out)
	}
}

// TestWorkload: the workload of the comparison runs.
func TestWorkload(t *testing.T) {
	for place, name := range map[string]string{"memory": inMemory, "file": filepath.Join(t.TempDir(), "test.db")} {
		if r, err := run(name, 3000); err != nil || len(r.Parts) != 5 {
			t.Errorf("%s: %+v, %v", place, r, err)
		}
	}
}

// TestPeer: the two compared programs differ only in the allocator.
func TestPeer(t *testing.T) {
	required := map[string]string{}
	for _, p := range programs {
		command := exec.Command("go", "list", "-modfile", p.modfile, "-m", "-f", "{{.Path}} {{.Version}} {{with .Replace}}{{.Path}}{{end}}", "all")
		out, err := command.Output()
		if err != nil {
			t.Fatalf("%v: %v", command, err)
		}
		text := strings.ReplaceAll(string(out), "../../alloc/adapters/modernc", "")
		if replaced := text != string(out); replaced != (p.name == "ashlar") {
			t.Errorf("%s: the allocator is replaced: %v", p.name, replaced)
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "modernc.org/") {
				required[p.name] += line
			}
		}
	}
	if required["ashlar"] != required["modernc"] {
		t.Errorf("with ashlar:\n%swithout:\n%s", required["ashlar"], required["modernc"])
	}
}

// TestRecord: the trace of a workload is complete, and its numbers agree with the
// allocator's.
func TestRecord(t *testing.T) {
	name := filepath.Join(t.TempDir(), "test.trace")
	if err := record(name, 500); err != nil {
		t.Fatal(err)
	}
	p, _, err := trace.LoadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if c := &p.Counts; p.Objects < 500 || c.Unknown > 0 || c.Dropped > 0 || c.AtEnd > 0 {
		t.Errorf("%d objects, %+v", p.Objects, *c)
	}
}
