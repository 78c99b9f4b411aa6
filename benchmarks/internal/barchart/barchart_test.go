// SPDX-License-Identifier: Apache-2.0

package barchart

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// TestWrite: the file is well-formed, and shows each name, value and unit, escaped.
func TestWrite(t *testing.T) {
	c := Chart{Title: "a < b", Panels: []Panel{
		{Title: "first & last", Unit: "ns", Bars: []Bar{{Name: "ours", Value: 12.34, Ours: true}, {Name: "peer", Value: 1234}}},
		{Title: "empty"},
		{Title: "nothing", Bars: []Bar{{Name: "zero", Value: 0}}},
	}}
	var out strings.Builder
	if err := c.Write(&out); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for d := xml.NewDecoder(strings.NewReader(out.String())); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			texts = append(texts, strings.TrimSpace(string(text)))
		}
	}
	all := strings.Join(texts, "|")
	for _, want := range []string{"a < b", "first & last", "ours", "12.3 ns", "peer", "1234 ns", "empty", "zero"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in %s", want, all)
		}
	}
}

// TestLengths: the largest value fills the width, and half of it half of the width.
func TestLengths(t *testing.T) {
	c := Chart{Panels: []Panel{{Bars: []Bar{{Name: "a", Value: 10}, {Name: "b", Value: 5}}}}}
	var out strings.Builder
	if err := c.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`width="116.0"`, `width="58.0"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no bar with %s in %s", want, out.String())
		}
	}
}
