// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
)

var localCheck = &analysis.Analyzer{
	Name: "ashlarlocal",
	Doc:  "report Locals that more than one goroutine uses",
	Run:  checkLocal,
}

func checkLocal(pass *analysis.Pass) (any, error) {
	for _, file := range pass.Files {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				checkGlobals(pass, d)
			case *ast.FuncDecl:
				if d.Body != nil {
					checkGoroutines(pass, d.Body)
				}
			}
		}
	}
	return nil, nil
}

// checkGlobals reports package-level Locals.
func checkGlobals(pass *analysis.Pass, d *ast.GenDecl) {
	if d.Tok != token.VAR {
		return
	}
	for _, spec := range d.Specs {
		for _, name := range spec.(*ast.ValueSpec).Names {
			if v := pass.TypesInfo.Defs[name]; v != nil && isLocal(v.Type()) {
				pass.Reportf(name.Pos(), "%s is a Local that every goroutine can use; a Local is for one goroutine at a time", name.Name)
			}
		}
	}
}

// checkGoroutines reports Locals that a go statement shares: with another one, with
// itself in a loop, or with the statements after it.
func checkGoroutines(pass *analysis.Pass, body *ast.BlockStmt) {
	shared := map[types.Object]bool{} // that a go statement has used
	var loops []ast.Node
	var inspect func(n ast.Node) bool
	inspect = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			loops = append(loops, n)
			ast.Inspect(n, func(child ast.Node) bool { return child == n || inspect(child) })
			loops = loops[:len(loops)-1]
			return false
		case *ast.GoStmt:
			for v, id := range localsIn(pass.TypesInfo, n) {
				if shared[v] {
					pass.Reportf(id.Pos(), "two goroutines use the Local %s; a Local is for one goroutine at a time", id.Name)
				} else if len(loops) > 0 && !within(v, loops[len(loops)-1]) {
					pass.Reportf(id.Pos(), "the goroutines that the loop starts share the Local %s; a Local is for one goroutine at a time", id.Name)
				}
				shared[v] = true
			}
			return false
		case *ast.CallExpr:
			for v, id := range localsIn(pass.TypesInfo, n.Fun) {
				if shared[v] && !isClose(n) {
					pass.Reportf(id.Pos(), "the Local %s is also used by a goroutine that was started before; a Local is for one goroutine at a time", id.Name)
				}
			}
		}
		return true
	}
	ast.Inspect(body, inspect)
}

// localsIn returns the Locals that are named in n but declared outside.
func localsIn(info *types.Info, n ast.Node) map[types.Object]*ast.Ident {
	found := map[types.Object]*ast.Ident{}
	if _, isLiteral := n.(*ast.FuncLit); isLiteral {
		return found
	}
	ast.Inspect(n, func(child ast.Node) bool {
		id, ok := child.(*ast.Ident)
		if !ok {
			return true
		}
		if v, ok := info.Uses[id].(*types.Var); ok && !v.IsField() && isLocal(v.Type()) && !within(v, n) {
			if found[v] == nil {
				found[v] = id
			}
		}
		return true
	})
	return found
}

func isLocal(t types.Type) bool { return isNamed(t, allocPath, "Local") }

// within reports whether v is declared in n.
func within(v types.Object, n ast.Node) bool { return n.Pos() <= v.Pos() && v.Pos() < n.End() }

// isClose reports whether a call closes a Local, which its maker may do when the others are done.
func isClose(call *ast.CallExpr) bool {
	s, ok := call.Fun.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "Close"
}
