// SPDX-License-Identifier: Apache-2.0

package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// TestKernel: only internal/vm calls the kernel, and no package uses C.
func TestKernel(t *testing.T) {
	for _, s := range own(t) {
		for _, imported := range s.imports() {
			if imported == "C" {
				t.Errorf("%s uses cgo", s.name)
			}
			kernel := imported == "syscall" || strings.HasPrefix(imported, "golang.org/x/sys/")
			if kernel && !s.test && s.dir() != "internal/vm" {
				t.Errorf("%s imports %s: only internal/vm calls the kernel", s.name, imported)
			}
		}
	}
}

// TestProfileFormat: no signature has types of a module without a stable version.
func TestProfileFormat(t *testing.T) {
	for _, s := range own(t) {
		for _, imported := range s.imports() {
			if strings.HasPrefix(imported, "github.com/google/pprof") && !s.test && s.dir() != "internal/pprofile" {
				t.Errorf("%s imports %s: only internal/pprofile may import it", s.name, imported)
			}
		}
	}
}

// TestConversions: only one package converts addresses to pointers.
//
// Go vet refuses unsafe.Pointer(x) for an address x, except for the forms that package
// unsafe allows. Vet does not see sums that begin at nil, nor views of an address as a
// pointer. This test looks for the syntax of these. So together with vet it finds every
// conversion.
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

// TestMakesPointer: makesPointer finds the forms that TestConversions looks for.
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

// makesPointer reports whether a call has one of the forms that convert an address to a
// pointer.
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

// isUnsafe reports whether e is the given name of package unsafe.
func isUnsafe(e ast.Expr, name string) bool {
	s, ok := ast.Unparen(e).(*ast.SelectorExpr)
	return ok && isIdent(s.X, "unsafe") && s.Sel.Name == name
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// isNumber reports whether e can only be a number, judging by its form.
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

// isNil reports whether e is nil, with or without a conversion.
func isNil(e ast.Expr) bool {
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 {
		return isNil(ast.Unparen(call.Args[0]))
	}
	return isIdent(e, "nil")
}

// TestPieces: memory off the Go heap is cleared and copied in pieces, so that the world can
// be stopped meanwhile. Only internal/raw may do both.
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

// inOnePiece reports whether a call clears or copies raw.Bytes. Copies to and from Go
// memory do not count: their length is bounded by the Go memory.
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
