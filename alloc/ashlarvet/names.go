// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/types/typeutil"
)

// The packages whose functions are known.
const (
	allocPath = "github.com/ashlar-go/ashlar/alloc"
	arenaPath = "github.com/ashlar-go/ashlar/arena"
	mmapPath  = "github.com/ashlar-go/ashlar/largeobj/mmap"
)

// callee returns the function or method that a call calls, nil if it is not known
// before the program runs.
func callee(info *types.Info, call *ast.CallExpr) *types.Func {
	f, _ := typeutil.Callee(info, call).(*types.Func)
	return f
}

// isOf reports whether f is a function or method of the package at path with one of the
// names; with any name if none is given.
func isOf(f *types.Func, path string, names ...string) bool {
	return f != nil && f.Pkg() != nil && f.Pkg().Path() == path && (len(names) == 0 || slices.Contains(names, f.Name()))
}

// isNamed reports whether t is the type name of the package at path, or a pointer to it.
func isNamed(t types.Type, path, name string) bool {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Name() == name && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == path
}

// variable returns the variable, or the field, that an expression names, nil if it is
// something else. A slice expression s[i:j] counts as s.
func variable(info *types.Info, e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if v, ok := info.ObjectOf(e).(*types.Var); ok {
			return v
		}
	case *ast.SelectorExpr:
		if s := info.Selections[e]; s != nil && s.Kind() == types.FieldVal {
			return s.Obj()
		}
		return variable(info, e.Sel)
	case *ast.SliceExpr:
		if !e.Slice3 {
			return variable(info, e.X)
		}
	}
	return nil
}

// assignments calls each with every variable of n that is assigned a call's first result.
func assignments(info *types.Info, n ast.Node, each func(v types.Object, call *ast.CallExpr)) {
	one := func(left ast.Expr, right ast.Expr) {
		if call, ok := ast.Unparen(right).(*ast.CallExpr); ok {
			if v := variable(info, left); v != nil {
				each(v, call)
			}
		}
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		for i, right := range n.Rhs {
			one(n.Lhs[i], right)
		}
	case *ast.ValueSpec:
		for i, right := range n.Values {
			one(n.Names[i], right)
		}
	}
}

// isBuiltin reports whether a call is one of the built-in functions with the names.
func isBuiltin(info *types.Info, call *ast.CallExpr, names ...string) bool {
	b, ok := typeutil.Callee(info, call).(*types.Builtin)
	return ok && slices.Contains(names, b.Name())
}
