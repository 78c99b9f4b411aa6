// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/format"
	"os"
	"text/template"
)

//go:embed loops.tmpl
var loopsTemplate string

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "genloops:", err)
		os.Exit(1)
	}
}

func run() error {
	all, err := files(".")
	if err != nil {
		return err
	}
	for _, f := range all {
		text, err := generate(f)
		if err == nil {
			err = os.WriteFile(f.Name, text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// generate makes the formatted text of the file.
func generate(f *file) ([]byte, error) {
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
