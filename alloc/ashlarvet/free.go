// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
)

var freeCheck = &analysis.Analyzer{
	Name: "ashlarfree",
	Doc:  "report blocks that are freed twice or used after they were freed, in statements that follow each other",
	Run:  checkFree,
}

func checkFree(pass *analysis.Pass) (any, error) {
	for _, file := range pass.Files {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			owners := arenaObjects(pass.TypesInfo, f.Body)
			ast.Inspect(f.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BlockStmt:
					checkStatements(pass, n.List, owners)
				case *ast.CaseClause:
					checkStatements(pass, n.Body, owners)
				case *ast.CommClause:
					checkStatements(pass, n.Body, owners)
				}
				return true
			})
		}
	}
	return nil, nil
}

// arenaObjects returns the arena of each variable that holds memory of one.
func arenaObjects(info *types.Info, body *ast.BlockStmt) map[types.Object]types.Object {
	owners := map[types.Object]types.Object{}
	ast.Inspect(body, func(n ast.Node) bool {
		assignments(info, n, func(v types.Object, call *ast.CallExpr) {
			if a := arenaOf(info, call); a != nil {
				owners[v] = a
			}
		})
		return true
	})
	return owners
}

// arenaOf returns the arena that a call takes memory from, nil if it is none.
func arenaOf(info *types.Info, call *ast.CallExpr) types.Object {
	f := callee(info, call)
	switch {
	case isOf(f, arenaPath, "New", "NewLinked", "MakeSlice", "Append") && f.Signature().Recv() == nil && len(call.Args) > 0:
		return variable(info, call.Args[0])
	case isOf(f, arenaPath, "Alloc") && f.Signature().Recv() != nil:
		return receiver(info, call)
	}
	return nil
}

// receiver returns the variable whose method a call calls.
func receiver(info *types.Info, call *ast.CallExpr) types.Object {
	if s, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		return variable(info, s.X)
	}
	return nil
}

// checkStatements follows what is freed through a list of statements.
func checkStatements(pass *analysis.Pass, list []ast.Stmt, owners map[types.Object]types.Object) {
	freed := map[types.Object]string{} // and by what
	for _, s := range list {
		reportUses(pass, s, freed)
		for v := range assigned(pass.TypesInfo, s) {
			delete(freed, v)
		}
		call := callOf(s)
		if call == nil {
			continue
		}
		v, by := frees(pass.TypesInfo, call)
		if v == nil {
			continue
		}
		if !isNamed(v.Type(), arenaPath, "Arena") {
			freed[v] = by
			continue
		}
		for object, a := range owners {
			if a == v {
				freed[object] = by
			}
		}
	}
}

// callOf returns the call that a statement consists of.
func callOf(s ast.Stmt) *ast.CallExpr {
	if e, ok := s.(*ast.ExprStmt); ok {
		call, _ := e.X.(*ast.CallExpr)
		return call
	}
	return nil
}

// frees returns the variable whose memory a call frees, and the name of the function;
// nil if it frees none.
func frees(info *types.Info, call *ast.CallExpr) (types.Object, string) {
	f := callee(info, call)
	switch {
	case isOf(f, allocPath, "Free", "FreeSlice", "FreeBytes") && len(call.Args) > 0:
		return freedVariable(info, call.Args[len(call.Args)-1]), f.Name()
	case isOf(f, arenaPath, "Free", "Reset") && len(call.Args) == 0:
		return receiver(info, call), f.Name()
	}
	return nil, ""
}

// freedVariable returns the variable that is freed; unsafe.Pointer(p) frees p.
func freedVariable(info *types.Info, e ast.Expr) types.Object {
	if call, ok := ast.Unparen(e).(*ast.CallExpr); ok && len(call.Args) == 1 && info.Types[call.Fun].IsType() {
		return freedVariable(info, call.Args[0])
	}
	if id, ok := ast.Unparen(e).(*ast.Ident); ok {
		if v, ok := info.Uses[id].(*types.Var); ok && !v.IsField() {
			return v
		}
	}
	return nil
}

// assigned returns the variables that a statement gives a new value.
func assigned(info *types.Info, s ast.Stmt) map[types.Object]bool {
	found := map[types.Object]bool{}
	ast.Inspect(s, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok {
			for _, left := range a.Lhs {
				if id, ok := left.(*ast.Ident); ok {
					found[info.ObjectOf(id)] = true
				}
			}
		}
		return true
	})
	return found
}

// reportUses reports what a statement does with freed memory. A comparison, len and cap
// look at the variable alone.
func reportUses(pass *analysis.Pass, s ast.Stmt, freed map[types.Object]string) {
	if len(freed) == 0 {
		return
	}
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, right := range n.Rhs {
				reportUses(pass, &ast.ExprStmt{X: right}, freed)
			}
			for _, left := range n.Lhs {
				if _, isName := left.(*ast.Ident); !isName {
					reportUses(pass, &ast.ExprStmt{X: left}, freed)
				}
			}
			return false
		case *ast.BinaryExpr:
			return n.Op != token.EQL && n.Op != token.NEQ
		case *ast.CallExpr:
			if isBuiltin(pass.TypesInfo, n, "len", "cap") {
				return false
			}
			if v, _ := frees(pass.TypesInfo, n); v != nil && freed[v] != "" {
				pass.Reportf(n.Pos(), "%s is freed twice: %s has freed it", v.Name(), freed[v])
				return false
			}
		case *ast.Ident:
			if v := pass.TypesInfo.Uses[n]; v != nil && freed[v] != "" {
				pass.Reportf(n.Pos(), "%s is used after %s", n.Name, freed[v])
			}
		}
		return true
	})
}
