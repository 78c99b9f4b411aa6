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

// A LinkError says which field of a linked object leads out of its arena.
type LinkError struct {
	Arena  string       // its name, or where it was made
	Type   reflect.Type // of the object
	Object uintptr      // address of the object
	Path   string       // from the object to the field: "Next", "Kids[2].Name"
	Kind   reflect.Kind // of the field
	Target uintptr      // where it leads
}

func (e *LinkError) Error() string {
	return fmt.Sprintf("arena: %v at %#x: %s (%v) leads to %#x, which is not in arena %s: the collector may free that",
		e.Type, e.Object, e.Path, e.Kind, e.Target, e.Arena)
}

// mostLinkErrors is how many errors Audit returns at most.
const mostLinkErrors = 16

// Audit looks at every object that NewLinked and MakeLinkedSlice made since the last
// Reset, and returns a *LinkError for each field that leads out of the arena, 16 at
// most, joined; nil if there is none. Nobody else may be using the arena.
//
// Empty strings and slices lead nowhere. Constants, like the text of a literal or a
// named function, are never freed and do no harm, but cannot be told from what does:
// they count as leading out. CloneString brings a text into the arena.
func (a *Arena) Audit() error {
	c := a.core
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.freed {
		c.gone("Audit")
	}
	a.closeRun()
	u := audit{core: c, inside: c.spans()}
	c.runs.each(u.run)
	return errors.Join(u.errs...)
}

// spans returns the core's memory, in order of address.
func (c *core) spans() []span {
	var s []span
	c.each(func(k chunk) { s = append(s, span{k.base, k.base + k.size}) })
	slices.SortFunc(s, func(a, b span) int { return cmp.Compare(a.base, b.base) })
	return s
}

// An audit is a walk over linked objects.
type audit struct {
	core   *core
	inside []span
	errs   []error

	object uintptr // being looked at
	typ    reflect.Type
}

func (u *audit) run(t *gotype.Type, r *runEntry) {
	u.typ = t.Reflect()
	for u.object = r.start; u.object < r.end; u.object += r.stride {
		u.value(reflect.NewAt(u.typ, raw.Pointer(u.object)).Elem(), "")
	}
}

// value looks at what is at path in the object.
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
	case reflect.Func: // Pointer would follow the field to the code
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

// boxed looks at what an interface holds. A pointer is held as it is; anything else
// is held in a box, which the language puts into the Go heap.
func (u *audit) boxed(v reflect.Value, path string) {
	if v.IsNil() {
		return
	}
	switch held := v.Elem(); held.Kind() {
	case reflect.Func:
		if !held.IsNil() { // the second word of the interface is what a field would hold
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
	if len(u.errs) < mostLinkErrors {
		u.errs = append(u.errs, &LinkError{Arena: u.core.String(), Type: u.typ, Object: u.object, Path: path,
			Kind: v.Kind(), Target: addr})
	}
}

// stringAddr returns the address of the text of s.
func stringAddr(s string) uintptr { return raw.Addr(unsafe.Pointer(unsafe.StringData(s))) }
