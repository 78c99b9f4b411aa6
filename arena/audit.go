// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/gotype"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// A LinkError describes a field of a linked object that points out of its arena.
type LinkError struct {
	Arena  string       // its name, or where it was made
	Type   reflect.Type // of the object
	Object uintptr      // address of the object
	Path   string       // from the object to the field: "Next", "Kids[2].Name"
	Kind   reflect.Kind // of the field
	Target uintptr      // the address in the field
}

func (e *LinkError) Error() string {
	return fmt.Sprintf("arena: %v at %#x: %s (%v) points to %#x, which is not in arena %s: the collector may free that memory",
		e.Type, e.Object, e.Path, e.Kind, e.Target, e.Arena)
}

// maxLinkErrors is the largest number of errors that Audit returns.
const maxLinkErrors = 16

// Audit checks every object that NewLinked and MakeLinkedSlice made since the last Reset.
// It returns a *LinkError for each field that points out of the arena, joined by
// errors.Join: at most 16. It returns nil if there is none. Nobody else may use the arena
// during Audit.
//
// Empty strings and slices point nowhere. Constants, like the text of a literal or a named
// function, are never freed. They do no harm, but Audit cannot recognise them and reports
// them. CloneString copies a text into the arena.
func (a *Arena) Audit() error {
	c := a.core
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.freed {
		c.panicFreed("Audit")
	}
	a.closeRun()
	u := audit{core: c, inside: c.spans()}
	c.runs.each(u.run)
	return errors.Join(u.errs...)
}

// spans returns the core's chunks and own blocks in order of address.
func (c *core) spans() []span {
	var s []span
	c.each(func(k chunk) { s = append(s, span{k.base, k.base + k.size}) })
	slices.SortFunc(s, func(a, b span) int { return cmp.Compare(a.base, b.base) })
	return s
}

// An audit checks linked objects one by one.
type audit struct {
	core   *core
	inside []span
	errs   []error

	object uintptr // that is checked now
	typ    reflect.Type
}

func (u *audit) run(k runKind, base, size uintptr) {
	u.typ = k.of.Reflect()
	for i := range size / k.stride {
		u.object = base + i*k.stride
		u.value(reflect.NewAt(u.typ, raw.Pointer(u.object)).Elem(), "")
	}
}

// value checks the value v at path in the object.
func (u *audit) value(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Struct:
		u.fields(v, path)
	case reflect.Array:
		if gotype.HasPointers(v.Type().Elem()) {
			for i := range v.Len() {
				u.value(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
		}
	case reflect.Interface:
		u.boxed(v, path)
	case reflect.String:
		if v.Len() > 0 {
			u.leads(v, path, stringAddr(v.String()))
		}
	case reflect.Slice:
		if v.Cap() > 0 {
			u.leads(v, path, v.Pointer())
		}
	case reflect.Func: // Value.Pointer returns the address of the code, not the field
		if !v.IsNil() {
			u.leads(v, path, *raw.At[uintptr](v.UnsafeAddr()))
		}
	case reflect.Pointer, reflect.UnsafePointer, reflect.Map, reflect.Chan:
		if !v.IsNil() {
			u.leads(v, path, v.Pointer())
		}
	}
}

func (u *audit) fields(v reflect.Value, path string) {
	if path != "" {
		path += "."
	}
	for i := range v.NumField() {
		if f := v.Type().Field(i); gotype.HasPointers(f.Type) {
			u.value(v.Field(i), path+f.Name)
		}
	}
}

// boxed checks the value in an interface. An interface holds a pointer directly. The
// compiler puts any other value into a box in the Go heap, so that is reported.
func (u *audit) boxed(v reflect.Value, path string) {
	if v.IsNil() {
		return
	}
	switch held := v.Elem(); held.Kind() {
	case reflect.Func:
		if !held.IsNil() { // the second word of the interface is the func value
			u.leads(held, path, *raw.At[uintptr](v.UnsafeAddr() + wordSize))
		}
	case reflect.Pointer, reflect.UnsafePointer, reflect.Map, reflect.Chan:
		u.value(held, path)
	default:
		u.report(v, path, 0)
	}
}

// leads reports the field v if addr is not in the arena.
func (u *audit) leads(v reflect.Value, path string, addr uintptr) {
	i, found := slices.BinarySearchFunc(u.inside, addr, func(s span, addr uintptr) int { return cmp.Compare(s.base, addr) })
	if !found {
		i--
	}
	if i < 0 || addr >= u.inside[i].limit {
		u.report(v, path, addr)
	}
}

func (u *audit) report(v reflect.Value, path string, addr uintptr) {
	if len(u.errs) < maxLinkErrors {
		u.errs = append(u.errs, &LinkError{Arena: u.core.String(), Type: u.typ, Object: u.object, Path: path,
			Kind: v.Kind(), Target: addr})
	}
}

// stringAddr returns the address of the text of s.
func stringAddr(s string) uintptr { return raw.Addr(unsafe.Pointer(unsafe.StringData(s))) }
