// SPDX-License-Identifier: Apache-2.0

package layers

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

const (
	maxLines = 450 // lines of a file
	tiny     = 150 // lines of a package that needs no doc.go
)

// TestFileLength: files are short.
func TestFileLength(t *testing.T) {
	for _, s := range tree(t) {
		if s.lines > maxLines && !s.generated {
			t.Errorf("%s has %d lines, more than %d", s.name, s.lines, maxLines)
		}
	}
}

// TestPackageDocs: each package has one package comment, in doc.go.
func TestPackageDocs(t *testing.T) {
	lines, docs := map[string]int{}, map[string][]*source{}
	for _, s := range tree(t) {
		if s.test || s.syntax.Name.Name == "main" && s.constrainedAway() {
			continue
		}
		lines[s.dir()] += s.lines
		if s.syntax.Doc != nil {
			docs[s.dir()] = append(docs[s.dir()], s)
		}
	}
	for dir, n := range lines {
		switch found := docs[dir]; {
		case len(found) == 0:
			t.Errorf("%s: the package has no comment", dir)
		case len(found) > 1:
			t.Errorf("%s: package comments in %s and in %s", dir, found[0].name, found[1].name)
		case n > tiny && !strings.HasSuffix(found[0].name, "/doc.go"):
			t.Errorf("%s: the package comment is in %s and not in doc.go", dir, found[0].name)
		case !startsWith(found[0].syntax.Doc, "Package "+found[0].syntax.Name.Name) && found[0].syntax.Name.Name != "main":
			t.Errorf("%s: the package comment does not begin with \"Package %s\"", found[0].name, found[0].syntax.Name.Name)
		}
	}
}

// constrainedAway reports whether the file is a program that is run only by its name.
func (s *source) constrainedAway() bool {
	for _, group := range s.syntax.Comments {
		for _, c := range group.List {
			if c.Text == "//go:build ignore" {
				return true
			}
		}
	}
	return false
}

// TestExportedDocs: every exported name has a comment that begins with it.
func TestExportedDocs(t *testing.T) {
	for _, s := range own(t) {
		if s.test || s.syntax.Name.Name == "main" {
			continue
		}
		for _, d := range s.syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && !wellKnown(d) {
					checkDoc(t, d, d.Name, d.Doc)
				}
			case *ast.GenDecl:
				checkGroup(t, d)
			}
		}
	}
}

// wellKnown reports whether a method is so common that a comment could only repeat its
// name.
func wellKnown(d *ast.FuncDecl) bool {
	return d.Recv != nil && slices.Contains([]string{"Error", "String"}, d.Name.Name)
}

// checkGroup checks declarations of types, constants and variables. Constants and variables
// may share the comment of their group, or have a comment at the end of the line.
func checkGroup(t *testing.T, group *ast.GenDecl) {
	t.Helper()
	for _, spec := range group.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			doc := spec.Doc
			if doc == nil {
				doc = group.Doc
			}
			if spec.Name.IsExported() {
				checkDoc(t, spec, spec.Name, doc)
			}
		case *ast.ValueSpec:
			exported := slices.ContainsFunc(spec.Names, (*ast.Ident).IsExported)
			if exported && group.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				t.Errorf("%s: %s has no comment", at(spec), spec.Names[0])
			}
		}
	}
}

func checkDoc(t *testing.T, node ast.Node, name *ast.Ident, doc *ast.CommentGroup) {
	t.Helper()
	switch {
	case doc == nil:
		t.Errorf("%s: %s has no comment", at(node), name)
	case !startsWith(doc, name.Name):
		t.Errorf("%s: the comment of %s does not begin with its name", at(node), name)
	}
}

// startsWith reports whether a comment begins with name, possibly after an article.
func startsWith(doc *ast.CommentGroup, name string) bool {
	text := doc.Text()
	for _, article := range []string{"A ", "An ", "The "} {
		text = strings.TrimPrefix(text, article)
	}
	rest, found := strings.CutPrefix(text, name)
	return found && (rest == "" || !isWordByte(rest[0]))
}

func isWordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// TestExamples: packages for programs have examples.
func TestExamples(t *testing.T) {
	for _, dir := range []string{
		"alloc", "alloc/adapters/arrowmem", "alloc/adapters/grpcmem", "alloc/adapters/swissmem",
		"alloc/adapters/wazeromem", "alloc/buffer", "arena", "largeobj", "largeobj/mmap", "sizeclass",
	} {
		found := false
		for _, s := range own(t) {
			for _, d := range s.syntax.Decls {
				f, ok := d.(*ast.FuncDecl)
				found = found || ok && s.test && s.dir() == dir && strings.HasPrefix(f.Name.Name, "Example")
			}
		}
		if !found {
			t.Errorf("package %s has no example", dir)
		}
	}
}
