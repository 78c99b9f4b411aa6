// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
)

var returnCheck = &analysis.Analyzer{
	Name: "ashlarreturn",
	Doc:  "report memory of an arena that is returned by the function that frees the arena",
	Run:  checkReturn,
}

func checkReturn(pass *analysis.Pass) (any, error) {
	for _, file := range pass.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch f := n.(type) {
			case *ast.FuncDecl:
				if f.Body != nil {
					checkReturns(pass, f.Body)
				}
			case *ast.FuncLit:
				checkReturns(pass, f.Body)
			}
			return true
		})
	}
	return nil, nil
}

// checkReturns reports what the function with the body returns of arenas that a deferred
// call of it frees.
func checkReturns(pass *analysis.Pass, body *ast.BlockStmt) {
	ended := map[types.Object]string{} // arenas, and by what
	eachOwn(body, func(n ast.Node) {
		if d, ok := n.(*ast.DeferStmt); ok {
			if v, by := frees(pass.TypesInfo, d.Call); v != nil && isNamed(v.Type(), arenaPath, "Arena") {
				ended[v] = by
			}
		}
	})
	if len(ended) == 0 {
		return
	}
	owners := arenaObjects(pass.TypesInfo, body)
	eachOwn(body, func(n ast.Node) {
		r, ok := n.(*ast.ReturnStmt)
		if !ok {
			return
		}
		for _, e := range r.Results {
			a := owners[variable(pass.TypesInfo, e)]
			if call, ok := ast.Unparen(e).(*ast.CallExpr); ok {
				a = arenaOf(pass.TypesInfo, call)
			}
			if by := ended[a]; a != nil && by != "" {
				pass.Reportf(e.Pos(), "this memory is gone when the function returns: %s of the arena %s is deferred; arena.Clone copies it to the Go heap", by, a.Name())
			}
		}
	})
}

// eachOwn calls each with the nodes of a function, without those of functions inside it.
func eachOwn(body *ast.BlockStmt, each func(ast.Node)) {
	ast.Inspect(body, func(n ast.Node) bool {
		if _, inner := n.(*ast.FuncLit); inner {
			return false
		}
		if n != nil {
			each(n)
		}
		return true
	})
}
