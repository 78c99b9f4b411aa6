// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/types"
	"os"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"
	"golang.org/x/tools/go/packages"

	_ "github.com/ashlar-go/ashlar/alloc" // of which the programs in testdata are examples
)

// TestAnalyzers: each check reports what the comments "want" in its folder say, and
// nothing else.
func TestAnalyzers(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range analyzers {
		t.Run(a.Name, func(t *testing.T) { analysistest.Run(t, dir, a, "./testdata/"+a.Name) })
	}
}

// TestNames: the functions whose names the checks know exist.
func TestNames(t *testing.T) {
	loaded, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps}, allocPath, arenaPath)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range loaded {
		for _, name := range append(typedHelpers[p.PkgPath], sliceMakers[p.PkgPath].names...) {
			if p.Types.Scope().Lookup(name) == nil && !isMethod(p, name) {
				t.Errorf("there is no %s in %s", name, p.PkgPath)
			}
		}
	}
}

// isMethod reports whether the package's Allocator has a method with the name.
func isMethod(p *packages.Package, name string) bool {
	a := p.Types.Scope().Lookup("Allocator")
	if a == nil {
		return false
	}
	methods := types.NewMethodSet(types.NewPointer(a.Type()))
	return methods.Lookup(p.Types, name) != nil
}
