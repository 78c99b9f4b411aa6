// SPDX-License-Identifier: Apache-2.0

package grid

import (
	"strings"
	"testing"
)

func example() *Grid {
	t := &Grid{Title: "Pairs", Header: []string{"size", "ours", "verdict"}, Left: map[int]bool{2: true}}
	t.Add("64 B", "9.1 ±2%", "met")
	t.Add("128 KiB", "110", "missed")
	t.Notes = []string{"lower is better"}
	return t
}

func TestWriteText(t *testing.T) {
	var out strings.Builder
	if err := example().WriteText(&out); err != nil {
		t.Fatal(err)
	}
	// The ± is one character of two bytes: the columns must align by characters.
	want := strings.Join([]string{
		"Pairs",
		"",
		"  size        ours  verdict",
		"  64 B     9.1 ±2%  met",
		"  128 KiB      110  missed",
		"  (lower is better)",
		"",
		"",
	}, "\n")
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestWriteMarkdown(t *testing.T) {
	var out strings.Builder
	table := example()
	table.Add("a|b")
	if err := table.WriteMarkdown(&out); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"**Pairs**",
		"",
		"| size | ours | verdict |",
		"| --- | ---: | --- |",
		"| 64 B | 9.1 ±2% | met |",
		"| 128 KiB | 110 | missed |",
		`| a\|b |  |  |`,
		"",
		"lower is better",
		"",
		"",
	}, "\n")
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestShortRowsAreAligned(t *testing.T) {
	table := &Grid{Title: "T", Header: []string{"a", "b"}}
	table.Add("x")
	var out strings.Builder
	if err := table.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "\n  x\n") {
		t.Errorf("a short row is not padded or trimmed well:\n%q", out.String())
	}
}
