package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/machine"
)

// schema is the version of the files that -json writes. It grows when a field changes its meaning.
const schema = 1

// A document is all that a run gave: the samples, and what is needed to make the tables, the charts and the
// verdicts from them once more.
type document struct {
	Schema     int                 `json:"schema"`
	Machine    machine.Description `json:"machine"`
	Time       time.Time           `json:"time"`  // of the end of the run
	Run        string              `json:"run"`   // the expression that rows were selected by
	Flags      []string            `json:"flags"` // others that say what was measured
	Parameters parameters          `json:"parameters"`
	Traces     []string            `json:"traces"` // that were replayed
	Skipped    []string            `json:"skipped"`
	Bars       []verdict           `json:"bars"`
	Results    []*result           `json:"results"`
	Metrics    metricsList         `json:"metrics"`
}

// Parameters are the options that the tables speak of.
type parameters struct {
	Repeats    int           `json:"repeats"`
	Sample     time.Duration `json:"sample"`
	LiveBlocks int           `json:"live_blocks"`
	LiveBytes  int64         `json:"live_bytes"` // of the churn rows
	GrowTo     int           `json:"grow_to"`
	Scale      float64       `json:"scale"`   // of the suite
	Classes    int           `json:"classes"` // to be found for traces
}

// document makes the document of the session.
func (s *session) document() *document {
	o := s.options
	return &document{
		Schema:  schema,
		Machine: s.machine,
		Time:    s.ended.UTC().Truncate(time.Second),
		Run:     s.chosen,
		Flags:   o.flags,
		Parameters: parameters{
			Repeats: o.repeats, Sample: o.duration, LiveBlocks: o.liveBlocks,
			LiveBytes: o.liveBytes, GrowTo: o.growTo, Scale: o.scale, Classes: o.classes,
		},
		Traces:  s.traceNames(),
		Skipped: s.skipped,
		Bars:    s.verdicts(),
		Results: s.results.list,
		Metrics: s.metrics,
	}
}

// session is a session as it was when it had written the document. What is only for show comes from o.
func (d *document) session(o options) *session {
	o.flags = d.Flags
	o.repeats, o.duration = d.Parameters.Repeats, d.Parameters.Sample
	o.scale, o.classes = d.Parameters.Scale, d.Parameters.Classes
	o.liveBlocks, o.liveBytes, o.growTo = d.Parameters.LiveBlocks, d.Parameters.LiveBytes, d.Parameters.GrowTo
	s := &session{
		options: &o,
		machine: d.Machine,
		ended:   d.Time,
		chosen:  d.Run,
		skipped: d.Skipped,
		results: results{d.Results},
		metrics: d.Metrics,
	}
	s.loadTraces(d.Traces)
	return s
}

// readDocument reads a file that -json wrote.
func readDocument(file string) (*document, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	d := new(document)
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if d.Schema != schema {
		return nil, fmt.Errorf("%s: its schema is %d, and this program reads %d: measure again with -json", file, d.Schema, schema)
	}
	return d, nil
}

// writeFile writes the document for people, too: each result and each peer's metrics on a line, so that
// version control shows which of them changed.
func (d *document) writeFile(file string) error {
	var out bytes.Buffer
	if err := d.write(&out); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}

func (d *document) write(out *bytes.Buffer) error {
	head := *d
	head.Results, head.Metrics, head.Bars = nil, nil, nil
	text, err := json.MarshalIndent(head, "", "\t")
	if err != nil {
		return err
	}
	// The lists come last, and are null in the head.
	before, _, _ := bytes.Cut(text, []byte(`"bars": null`))
	out.Write(before)
	if err := writeList(out, "bars", d.Bars); err != nil {
		return err
	}
	io.WriteString(out, ",\n\t")
	if err := writeList(out, "results", d.Results); err != nil {
		return err
	}
	io.WriteString(out, ",\n\t")
	if err := writeList(out, "metrics", d.Metrics); err != nil {
		return err
	}
	io.WriteString(out, "\n}\n")
	return nil
}

func writeList[T any](out *bytes.Buffer, name string, list []T) error {
	fmt.Fprintf(out, "%q: [", name)
	for i, element := range list {
		text, err := json.Marshal(element)
		if err != nil {
			return err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(out, "\n\t\t%s", text)
	}
	out.WriteString("\n\t]")
	return nil
}
