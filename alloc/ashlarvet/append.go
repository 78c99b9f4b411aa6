// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
)

var appendCheck = &analysis.Analyzer{
	Name: "ashlarappend",
	Doc:  "report the built-in append on slices off the Go heap",
	Run:  checkAppend,
}

// sliceMakers are the functions that return slices off the Go heap, by package, and the
// function to be called instead of append.
var sliceMakers = map[string]struct {
	names   []string
	instead string
}{
	allocPath: {[]string{"MakeSlice", "MallocSlice", "Append", "Resize", "MallocBytes", "CallocBytes", "ReallocBytes"}, "alloc.Append"},
	arenaPath: {[]string{"MakeSlice", "Append"}, "arena.Append"},
}

func checkAppend(pass *analysis.Pass) (any, error) {
	instead := map[types.Object]string{} // of variables that hold slices off the Go heap
	for _, file := range pass.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			assignments(pass.TypesInfo, n, func(v types.Object, call *ast.CallExpr) {
				f := callee(pass.TypesInfo, call)
				for path, makers := range sliceMakers {
					if _, isSlice := v.Type().Underlying().(*types.Slice); isSlice && isOf(f, path, makers.names...) {
						instead[v] = makers.instead
					}
				}
			})
			return true
		})
	}
	for _, file := range pass.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !isBuiltin(pass.TypesInfo, call, "append") {
				return true
			}
			if v := variable(pass.TypesInfo, call.Args[0]); v != nil && instead[v] != "" {
				pass.Reportf(call.Pos(), "append moves %s to the Go heap when it grows, and its block is lost: use %s", v.Name(), instead[v])
			}
			return true
		})
	}
	return nil, nil
}
