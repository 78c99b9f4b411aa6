// SPDX-License-Identifier: Apache-2.0

package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// TestKernel: there is one seam to the kernel, and no C.
func TestKernel(t *testing.T) {
	for _, s := range own(t) {
		for _, imported := range s.imports() {
			if imported == "C" {
				t.Errorf("%s uses cgo", s.name)
			}
			kernel := imported == "syscall" || strings.HasPrefix(imported, "golang.org/x/sys/")
			if kernel && !s.test && s.dir() != "internal/vm" {
				t.Errorf("%s imports %s: only internal/vm asks the kernel", s.name, imported)
			}
		}
	}
}

// TestProfileFormat: the types of a module without versions are in nobody's signature.
func TestProfileFormat(t *testing.T) {
	for _, s := range own(t) {
		for _, imported := range s.imports() {
			if strings.HasPrefix(imported, "github.com/google/pprof") && !s.test && s.dir() != "internal/pprofile" {
				t.Errorf("%s imports %s: only internal/pprofile knows it", s.name, imported)
			}
		}
	}
}

// TestConversions: addresses become pointers in one package.
//
// Go vet refuses unsafe.Pointer(x) for an address x, except for the forms that
// package unsafe allows, and cannot see the sums that begin at nil and the views
// of an address as a pointer. The syntax of these is what is looked for here, so
// that vet and this test together leave no way.
func TestConversions(t *testing.T) {
	for _, s := range own(t) {
		if s.dir() == "internal/raw" {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && makesPointer(call) {
				t.Errorf("%s: an address becomes a pointer: only internal/raw does that", at(n))
			}
			return true
		})
	}
}

// TestMakesPointer: what TestConversions looks for is found.
func TestMakesPointer(t *testing.T) {
	for text, want := range map[string]bool{
		"unsafe.Pointer(p)":                              false,
		"unsafe.Pointer(&x)":                             false,
		"unsafe.Pointer(unsafe.SliceData(s))":            false,
		"unsafe.Add(p, n)":                               false,
		"uintptr(unsafe.Pointer(&x))":                    false,
		"(*byte)(unsafe.Pointer(&x))":                    false,
		"unsafe.Pointer(uintptr(n))":                     true,
		"unsafe.Pointer(uintptr(unsafe.Pointer(p)) + 8)": true,
		"unsafe.Pointer((a + b))":                        true,
		"unsafe.Pointer(a &^ b)":                         true,
		"unsafe.Add(nil, n)":                             true,
		"unsafe.Add(unsafe.Pointer(nil), n)":             true,
		"(*unsafe.Pointer)(unsafe.Pointer(&n))":          true,
		"(**byte)(unsafe.Pointer(&n))":                   true,
	} {
		e, err := parser.ParseExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		got := false
		for n := range ast.Preorder(e) {
			if call, ok := n.(*ast.CallExpr); ok && makesPointer(call) {
				got = true
			}
		}
		if got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// makesPointer reports whether a call has one of the forms that turn an address
// into a pointer.
func makesPointer(call *ast.CallExpr) bool {
	if len(call.Args) == 0 {
		return false
	}
	arg := ast.Unparen(call.Args[0])
	switch {
	case isUnsafe(call.Fun, "Pointer"):
		return isNumber(arg)
	case isUnsafe(call.Fun, "Add"):
		return isNil(arg)
	}
	// A conversion to **T or *unsafe.Pointer of a pointer to something else.
	view, ok := ast.Unparen(call.Fun).(*ast.StarExpr)
	if !ok {
		return false
	}
	_, double := ast.Unparen(view.X).(*ast.StarExpr)
	from, ok := arg.(*ast.CallExpr)
	return ok && isUnsafe(from.Fun, "Pointer") && (double || isUnsafe(view.X, "Pointer"))
}

// isUnsafe reports whether e is name of package unsafe.
func isUnsafe(e ast.Expr, name string) bool {
	s, ok := ast.Unparen(e).(*ast.SelectorExpr)
	return ok && isIdent(s.X, "unsafe") && s.Sel.Name == name
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// isNumber reports whether e can only be a number by its form.
func isNumber(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit, *ast.BinaryExpr:
		return true
	case *ast.UnaryExpr:
		return e.Op != token.AND
	case *ast.CallExpr:
		return isIdent(ast.Unparen(e.Fun), "uintptr")
	}
	return false
}

// isNil reports whether e is nil, plain or converted.
func isNil(e ast.Expr) bool {
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 {
		return isNil(ast.Unparen(call.Args[0]))
	}
	return isIdent(e, "nil")
}

// TestPieces: memory off the Go heap is cleared and copied in pieces, so that the
// world can be stopped meanwhile. internal/raw does both.
func TestPieces(t *testing.T) {
	for _, s := range own(t) {
		if s.test || s.dir() == "internal/raw" {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && inOnePiece(call) {
				t.Errorf("%s: use raw.Clear or raw.Copy, which do it in pieces", at(n))
			}
			return true
		})
	}
}

// inOnePiece reports whether a call clears or copies raw.Bytes: copies between two, for
// what is copied into or out of Go memory is somebody else's to bound.
func inOnePiece(call *ast.CallExpr) bool {
	if f, ok := call.Fun.(*ast.Ident); !ok || f.Name != "clear" && f.Name != "copy" {
		return false
	}
	for _, arg := range call.Args {
		view, ok := arg.(*ast.CallExpr)
		if !ok {
			return false
		}
		f, ok := view.Fun.(*ast.SelectorExpr)
		if !ok || f.Sel.Name != "Bytes" {
			return false
		}
	}
	return true
}
