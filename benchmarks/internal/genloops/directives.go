// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A handle is a type that gets the loops.
type handle struct {
	Type    string
	Hoist   string // the statement before the loop; may be empty
	Malloc  string // statements that allocate size bytes as the new variable p
	free    string // statements that free BLOCK
	Dropped bool   // a block is freed by forgetting it
}

// A file is one generated file.
type file struct {
	Name       string
	Package    string
	Prefix     string // of the names of package peer; empty in that package itself
	Constraint string // of its build; may be empty
	Imports    []string
	Handles    []handle
}

// peerPath is the import path of the package whose names the loops use.
const peerPath = "github.com/ashlar-go/ashlar/benchmarks/internal/peer"

// files reads the Go files of a directory, and lists the files to be generated.
func files(directory string) ([]*file, error) {
	names, err := filepath.Glob(filepath.Join(directory, "*.go"))
	if err != nil {
		return nil, err
	}
	byName := make(map[string]*file)
	for _, name := range names {
		if strings.HasSuffix(name, "_generated.go") || strings.HasSuffix(name, "_generated_test.go") {
			continue
		}
		source, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		handles, err := handlesOf(source)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(handles) > 0 {
			add(byName, name, source, handles)
		}
	}
	var all []*file
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, byName[name])
	}
	return all, nil
}

// add adds the handles of a source file to the file that is generated for it.
func add(byName map[string]*file, name string, source *ast.File, handles []handle) {
	constraint := constraintOf(source)
	target := "loops_generated.go"
	switch {
	case strings.HasSuffix(name, "_test.go"):
		target = "loops_generated_test.go"
	case constraint != "":
		target = strings.TrimSuffix(filepath.Base(name), ".go") + "_loops_generated.go"
	}
	f := byName[target]
	if f == nil {
		f = &file{Name: target, Package: source.Name.Name, Constraint: constraint}
		if f.Package != path.Base(peerPath) {
			f.Prefix = path.Base(peerPath) + "."
			f.Imports = append(f.Imports, peerPath)
		}
		byName[target] = f
	}
	f.Handles = append(f.Handles, handles...)
	for _, imported := range importsOf(source, handles) {
		if !slices.Contains(f.Imports, imported) {
			f.Imports = append(f.Imports, imported)
		}
	}
}

// importsOf lists the imports that the handles' statements use, besides unsafe.
func importsOf(source *ast.File, handles []handle) []string {
	var used []string
	for _, spec := range source.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil || imported == "unsafe" {
			continue
		}
		name := regexp.MustCompile(`\b` + regexp.QuoteMeta(path.Base(imported)) + `\.`)
		uses := func(h handle) bool { return name.MatchString(h.Hoist + h.Malloc + h.free) }
		if slices.ContainsFunc(handles, uses) {
			used = append(used, imported)
		}
	}
	return used
}

// constraintOf is the file's build constraint; empty if it has none.
func constraintOf(source *ast.File) string {
	for _, group := range source.Comments {
		for _, comment := range group.List {
			if constraint.IsGoBuild(comment.Text) && comment.Pos() < source.Package {
				return strings.TrimSpace(strings.TrimPrefix(comment.Text, "//go:build"))
			}
		}
	}
	return ""
}

// handlesOf lists the types that have directives.
func handlesOf(source *ast.File) ([]handle, error) {
	var handles []handle
	for _, declaration := range source.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.TYPE || group.Doc == nil {
			continue
		}
		h := handle{Type: group.Specs[0].(*ast.TypeSpec).Name.Name}
		found := false
		for _, comment := range group.Doc.List {
			directive, ok := strings.CutPrefix(comment.Text, "//loop:")
			if !ok {
				continue
			}
			found = true
			if err := h.set(directive); err != nil {
				return nil, err
			}
		}
		if found && (h.Malloc == "" || h.free == "") {
			return nil, fmt.Errorf("%s has no //loop:malloc or no //loop:free", h.Type)
		}
		if found {
			handles = append(handles, h)
		}
	}
	return handles, nil
}

// set adds one directive.
func (h *handle) set(directive string) error {
	name, statement, _ := strings.Cut(directive, " ")
	switch name {
	case "hoist":
		h.Hoist = join(h.Hoist, statement)
	case "malloc":
		h.Malloc = join(h.Malloc, statement)
	case "free":
		h.free = join(h.free, statement)
	case "dropped":
		h.Dropped = true
	default:
		return fmt.Errorf("%s: no directive //loop:%s", h.Type, name)
	}
	return nil
}

// join adds a statement to those before it.
func join(statements, another string) string {
	return strings.TrimPrefix(statements+"\n"+another, "\n")
}

// Free is the statements that free the block in the given variable or element.
func (h handle) Free(block string) string { return strings.ReplaceAll(h.free, "BLOCK", block) }
