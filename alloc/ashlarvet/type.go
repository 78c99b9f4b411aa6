// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/types"

	"golang.org/x/tools/go/analysis"
)

var typeCheck = &analysis.Analyzer{
	Name: "ashlartype",
	Doc:  "report typed helpers that are given types with Go pointers",
	Run:  checkType,
}

// Helpers that refuse types with Go pointers when the program runs.
var typedHelpers = map[string][]string{
	allocPath: {"New", "MakeSlice", "MallocSlice", "Append", "Resize"},
	arenaPath: {"New", "MakeSlice", "Append"},
}

func checkType(pass *analysis.Pass) (any, error) {
	for id, instance := range pass.TypesInfo.Instances {
		f, ok := pass.TypesInfo.Uses[id].(*types.Func)
		if !ok || instance.TypeArgs.Len() == 0 {
			continue
		}
		for path, names := range typedHelpers {
			if !isOf(f, path, names...) {
				continue
			}
			t := instance.TypeArgs.At(0)
			if where := pointerIn(t); where != "" {
				pass.Reportf(id.Pos(), "%s holds Go pointers (%s), which the collector does not see off the Go heap: %s refuses it", t, where, f.Name())
			}
		}
	}
	return nil, nil
}

// pointerIn says which part of t is a Go pointer; "" if t has none, or is not known yet.
func pointerIn(t types.Type) string {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch u.Kind() {
		case types.String, types.UnsafePointer:
			return t.String()
		}
	case *types.Array:
		if u.Len() > 0 {
			return pointerIn(u.Elem())
		}
	case *types.Struct:
		for i := range u.NumFields() {
			f := u.Field(i)
			if where := pointerIn(f.Type()); where != "" {
				return "field " + f.Name() + ": " + where
			}
		}
	case *types.Interface:
		if _, isParameter := types.Unalias(t).(*types.TypeParam); !isParameter {
			return t.String()
		}
	case *types.Pointer, *types.Slice, *types.Map, *types.Chan, *types.Signature:
		return t.String()
	}
	return ""
}
