// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckedInFilesAreUpToDate(t *testing.T) {
	for directory, want := range map[string]int{"../peer": 3, "../peertest": 1} {
		all, err := files(directory)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) < want {
			t.Errorf("%s: %d files are generated, want %d or more", directory, len(all), want)
		}
		for _, f := range all {
			t.Run(f.Package+"/"+f.Name, func(t *testing.T) {
				want, err := generate(f)
				if err != nil {
					t.Fatal(err)
				}
				got, err := os.ReadFile(filepath.Join(directory, f.Name))
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("%s differs from the generator's output: run go generate", f.Name)
				}
			})
		}
	}
}

func TestDirectives(t *testing.T) {
	const complete = "//loop:malloc p := get(size)\n//loop:free put(BLOCK)\n"
	for comment, want := range map[string]string{
		complete:                         "",
		complete + "//loop:dropped\n":    "",
		complete + "//loop:other x\n":    "no directive //loop:other",
		"//loop:malloc p := get(size)\n": "no //loop:free",
		"//loop:free put(BLOCK)\n":       "no //loop:malloc",
	} {
		text := "package p\n\n// A handle.\n//\n" + comment + "type handle struct{}\n"
		source, err := parser.ParseFile(token.NewFileSet(), "p.go", text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		handles, err := handlesOf(source)
		switch {
		case want == "" && (err != nil || len(handles) != 1 || handles[0].Free("b[i]") != "put(b[i])"):
			t.Errorf("%q: %+v, %v", comment, handles, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: error %v, want %q", comment, err, want)
		}
	}
}
