// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_interleave

package interleave

import (
	"errors"
	"os"
	"testing"
)

// orderVariable names the environment variable with the order in which Run runs a program.
const orderVariable = "INTERLEAVE_ORDER"

// Run explores a program as a test. A failure says how to run its order again.
func Run(t *testing.T, o Options, begin func() *Program) {
	t.Helper()
	var outcome Outcome
	var err error
	if order := os.Getenv(orderVariable); order != "" {
		err = Replay(o, order, begin)
	} else {
		outcome, err = Explore(o, begin)
	}
	var f *Failure
	if errors.As(err, &f) {
		t.Fatalf("%v\n\nto run it again: %s='%s' go test -tags ashlar_interleave -run '%s'", err, orderVariable, f.Order, t.Name())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d orders of about %d steps", outcome.Runs, outcome.Steps)
}
