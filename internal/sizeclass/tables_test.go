// SPDX-License-Identifier: Apache-2.0

package sizeclass

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"testing"
)

// TestTableIsCurrent: the generator makes the table that is checked in.
func TestTableIsCurrent(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the generator")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go tool: ", err)
	}
	checkedIn, err := os.ReadFile("tables.go")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "mktables.go", "-o", "-")
	// The generator runs on this machine, even if the test was built for another.
	cmd.Env = append(os.Environ(), "GOOS=", "GOARCH=")
	generated, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v: %s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	// A checkout may have changed the line ends.
	if !bytes.Equal(bytes.ReplaceAll(checkedIn, []byte("\r\n"), []byte("\n")), generated) {
		t.Error("tables.go is not what mktables.go makes; run go generate")
	}
}
