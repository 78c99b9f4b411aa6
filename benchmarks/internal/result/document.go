// SPDX-License-Identifier: Apache-2.0

package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/machine"
)

// Schema is the version of the files that -json writes. It grows when a field changes its meaning.
const Schema = 2

// A Document is everything that a run of the program gave: the samples, and what is needed to make the
// tables, the charts and the verdicts from them again.
type Document struct {
	Schema     int                 `json:"schema"`
	Machine    machine.Description `json:"machine"`
	Time       time.Time           `json:"time"`  // of the end of the run
	Run        string              `json:"run"`   // the expression that selected the benchmarks
	Flags      []string            `json:"flags"` // the other flags that say what was measured
	Parameters Parameters          `json:"parameters"`
	Traces     []string            `json:"traces"` // that were replayed
	Skipped    []string            `json:"skipped"`
	Goals      []Verdict           `json:"goals"`
	Results    []*Result           `json:"results"`
	Metrics    MetricsList         `json:"metrics"`
}

// Parameters are the options that the tables mention.
type Parameters struct {
	Repeats    int           `json:"repeats"`
	Sample     time.Duration `json:"sample"`
	LiveBlocks int           `json:"live_blocks"`
	LiveBytes  int64         `json:"live_bytes"` // of the churn benchmarks
	GrowTo     int           `json:"grow_to"`    // bytes
	Scale      float64       `json:"scale"`      // of the suite
	Classes    int           `json:"classes"`    // size classes to find for traces
}

// A Verdict is how a goal came out.
type Verdict struct {
	Text  string   `json:"goal"`
	Ours  *float64 `json:"ours"` // null if not measured
	Other *float64 `json:"other,omitempty"`
	Value *float64 `json:"value"` // to be compared with the bound; null if a figure is missing
	Want  string   `json:"want"`
	Met   bool     `json:"met"`
}

// Figures are the results, to be searched.
func (d *Document) Figures() *Results { return &Results{d.Results} }

// Command is the command line that measures the benchmarks that match the pattern, as they were measured.
func (d *Document) Command(pattern string, more ...string) string {
	words := []string{"go run -C benchmarks ."}
	if pattern != "" {
		words = append(words, "-run '"+pattern+"'")
	}
	words = append(words, d.Flags...)
	return strings.Join(append(words, more...), " ")
}

// Read reads a file that WriteFile wrote.
func Read(file string) (*Document, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	d := new(Document)
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if d.Schema != Schema {
		return nil, fmt.Errorf("%s: its schema is %d, and this program reads %d: measure again with -json", file, d.Schema, Schema)
	}
	return d, nil
}

// WriteFile writes the document so that people can read it, too: each result and each peer's metrics stand on
// one line, and version control shows which of them changed.
func (d *Document) WriteFile(file string) error {
	var out bytes.Buffer
	if err := d.write(&out); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}

func (d *Document) write(out *bytes.Buffer) error {
	head := *d
	head.Results, head.Metrics, head.Goals = nil, nil, nil
	text, err := json.MarshalIndent(head, "", "\t")
	if err != nil {
		return err
	}
	// The lists come last, and are null in the head.
	before, _, _ := bytes.Cut(text, []byte(`"goals": null`))
	out.Write(before)
	if err := writeList(out, "goals", d.Goals); err != nil {
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
