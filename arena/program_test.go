// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestProgram runs a program that was written for the standard library's arenas, with this
// package under that name. It compares the output with the program's output with the
// standard library.
func TestProgram(t *testing.T) {
	const source, output = "testdata/program/main.go", "testdata/program/output.txt"
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip(err)
	}
	want, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("arena=ashlar", func(t *testing.T) {
		if got := runProgram(t, "", "-overlay", overlay(t, source)); !bytes.Equal(got, want) {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
	t.Run("arena=experiment", func(t *testing.T) {
		if os.Getenv("CI") == "" {
			t.Skip("builds the standard library anew; set CI to run it")
		}
		if got := runProgram(t, "arenas"); !bytes.Equal(got, want) {
			t.Errorf("%s is out of date: got\n%swant\n%s", output, got, want)
		}
	})
}

func runProgram(t *testing.T, experiment string, flags ...string) []byte {
	t.Helper()
	cmd := exec.Command("go", append(append([]string{"run"}, flags...), "./testdata/program")...)
	cmd.Env = append(os.Environ(), "GOEXPERIMENT="+experiment)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	return out
}

// overlay returns a file for go build -overlay that makes the program import this package.
func overlay(t *testing.T, source string) string {
	t.Helper()
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	changed := filepath.Join(dir, "main.go")
	text = bytes.Replace(text, []byte(`"arena"`), []byte(`"github.com/ashlar-go/ashlar/arena"`), 1)
	if err := os.WriteFile(changed, text, 0o600); err != nil {
		t.Fatal(err)
	}
	full, err := filepath.Abs(source)
	if err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {full: changed}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
