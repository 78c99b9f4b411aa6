package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/trace"
)

// TestTracesComeBack: what is told of traces can be told again from the document.
func TestTracesComeBack(t *testing.T) {
	name := recordFile(t)
	program, survey, err := trace.LoadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	s := newTestSession(t, "-trace", name, "-classes", "5")
	s.traced = []tracedLoad{{name, program, survey}}
	s.results.add(traceRow(name), ashlarName, nanoseconds, 1, 2, 3)
	s.results.add(traceRow(name), makeName, nanoseconds, 4, 5, 6)
	var first, again, page bytes.Buffer
	d := s.document()
	if err := errors.Join(s.publish(&first), d.session(options{}).publish(&again), s.page().Write(&page)); err != nil {
		t.Fatal(err)
	}
	if first.String() != again.String() || !strings.Contains(first.String(), "the 5 size classes") {
		t.Errorf("told first:\n%s\nand again:\n%s", &first, &again)
	}
	if !strings.Contains(page.String(), "little: sizes asked for") {
		t.Error("the report does not tell what the trace is like")
	}
	d.Traces[0] += ".gone"
	if gone := d.session(options{}); len(gone.skipped) == 0 {
		t.Error("nothing tells that a trace is not there any more")
	}
}
