// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestSmall: a small program works.
func TestSmall(t *testing.T) {
	db := open(t, inMemory)
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE t (i INTEGER PRIMARY KEY, s TEXT)"); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := db.Exec("INSERT INTO t VALUES (?, ?)", i, strings.Repeat("x", 100*i)); err != nil {
			t.Fatal(err)
		}
	}
	var n, length int
	if err := db.QueryRow("SELECT count(*), sum(length(s)) FROM t").Scan(&n, &length); err != nil || n != 100 || length != 100*99*50 {
		t.Errorf("%d rows of %d characters, %v", n, length, err)
	}
}

// TestRaceBuild: the small program works in a race build. Translated C makes pointers of
// numbers there. The pointer checks of race builds refuse this in the Go heap.
func TestRaceBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles SQLite for the race detector")
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("race builds need a C compiler: ", err)
	}
	out, err := exec.Command("go", "test", "-race", "-count=1", "-v", "-run", "^(TestReplaced|TestSmall)$", ".").CombinedOutput()
	if n := strings.Count(string(out), "--- PASS"); err != nil || n != 2 {
		t.Errorf("%v, %d tests passed\n%.4000s", err, n, out)
	}
}
