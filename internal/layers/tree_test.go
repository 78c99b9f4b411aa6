// SPDX-License-Identifier: Apache-2.0

package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	module = "github.com/ashlar-go/ashlar"
	root   = "../.." // of the module, from here
)

// A source is a parsed Go file. Build constraints are ignored.
type source struct {
	name      string // relative to root, with slashes
	nested    bool   // of a module in a subdirectory
	test      bool
	generated bool
	lines     int
	syntax    *ast.File
}

// dir returns the directory of the file, which is the path of its package in the module.
func (s *source) dir() string { return path.Dir(s.name) }

// imports returns the paths that the file imports.
func (s *source) imports() []string {
	var paths []string
	for _, spec := range s.syntax.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}

var fset = token.NewFileSet()

// readTree parses the Go files of the directory tree.
var readTree = sync.OnceValues(func() ([]*source, error) {
	var sources []*source
	nested := []string{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if d.IsDir() {
			if skipped(name) {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(file, "go.mod")); err == nil && name != "." {
				nested = append(nested, name+"/")
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		s, err := parse(file, name)
		if err != nil {
			return err
		}
		s.nested = slices.ContainsFunc(nested, func(dir string) bool { return strings.HasPrefix(name, dir) })
		sources = append(sources, s)
		return nil
	})
	return sources, err
})

// skipped reports whether the go command ignores a directory.
func skipped(name string) bool {
	base := path.Base(name)
	return base == "testdata" || base != "." && strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")
}

func parse(file, name string) (*source, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	syntax, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &source{
		name:      name,
		test:      strings.HasSuffix(name, "_test.go"),
		generated: ast.IsGenerated(syntax),
		lines:     strings.Count(string(text), "\n"),
		syntax:    syntax,
	}, nil
}

// tree returns all Go files, including those of nested modules.
func tree(t *testing.T) []*source {
	t.Helper()
	sources, err := readTree()
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

// own returns the Go files of this module.
func own(t *testing.T) []*source {
	t.Helper()
	return slices.DeleteFunc(slices.Clone(tree(t)), func(s *source) bool { return s.nested })
}

// at returns the position of a node, for the start of a message.
func at(node ast.Node) string { return fset.Position(node.Pos()).String() }
