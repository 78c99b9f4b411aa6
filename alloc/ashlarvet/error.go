// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
)

var errorCheck = &analysis.Analyzer{
	Name: "ashlarerror",
	Doc:  "report errors of allocations that are dropped",
	Run:  checkError,
}

func checkError(pass *analysis.Pass) (any, error) {
	for _, file := range pass.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ExprStmt:
				if call, ok := n.X.(*ast.CallExpr); ok {
					if f := allocation(pass.TypesInfo, call); f != nil {
						pass.Reportf(n.Pos(), "the memory that %s returns is lost, and so is its error", f.Name())
					}
				}
			case *ast.AssignStmt:
				if len(n.Rhs) != 1 || !isBlank(n.Lhs[len(n.Lhs)-1]) {
					return true
				}
				if call, ok := n.Rhs[0].(*ast.CallExpr); ok {
					if f := allocation(pass.TypesInfo, call); f != nil {
						pass.Reportf(n.Pos(), "%s fails when memory is short: look at its error, or use alloc.Must", f.Name())
					}
				}
			}
			return true
		})
	}
	return nil, nil
}

// allocation returns the function that a call calls if it returns memory and an error.
func allocation(info *types.Info, call *ast.CallExpr) *types.Func {
	f := callee(info, call)
	if !isOf(f, allocPath) && !isOf(f, arenaPath) && !isOf(f, mmapPath) {
		return nil
	}
	results := f.Signature().Results()
	if results.Len() < 2 || results.At(results.Len()-1).Type().String() != "error" {
		return nil
	}
	switch results.At(0).Type().Underlying().(type) {
	case *types.Pointer, *types.Slice:
		return f
	case *types.Basic:
		if results.At(0).Type().Underlying() == types.Typ[types.UnsafePointer] {
			return f
		}
	}
	return nil
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}
