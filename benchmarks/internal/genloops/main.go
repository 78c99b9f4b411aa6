package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/format"
	"os"
	"strings"
	"text/template"
)

//go:embed loops.tmpl
var loopsTemplate string

// A file is one generated file: its name and the peers it has loops for.
type file struct {
	Name       string
	Constraint string // of its build; may be empty
	Import     string // what its peers need besides unsafe; may be empty
	Peers      []peer
}

func main() {
	for _, f := range files() {
		text, err := generate(f)
		if err == nil {
			err = os.WriteFile(f.Name, text, 0o644)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "genloops:", err)
			os.Exit(1)
		}
	}
}

// generate makes the formatted text of the file.
func generate(f file) ([]byte, error) {
	loops, err := template.New(f.Name).Parse(loopsTemplate)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := loops.Execute(&text, f); err != nil {
		return nil, err
	}
	return format.Source(text.Bytes())
}

// Free is the statement that frees the block held in the given variable or element.
func (p peer) Free(block string) string { return strings.ReplaceAll(p.FreeBlock, "BLOCK", block) }
