// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"reflect"
	"strings"
)

// Clone returns a shallow copy of v in the Go heap if v is in an arena, so that the copy
// can outlive the arena. It returns any other v unchanged. T must be a pointer, a slice or
// a string, or an interface that holds one of these. Clone panics for any other T.
//
// Clone knows the memory of all Arenas, Files and SharedArenas of this process. Any number
// of goroutines may call it at once.
func Clone[T any](v T) T {
	r := reflect.ValueOf(&v).Elem()
	if r.Kind() == reflect.Interface {
		r = r.Elem()
	}
	switch r.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.String:
		if at := addressOf(r); arenaMemory.contains(at) || storeMemory.contains(at) {
			return copyOf(r).Interface().(T)
		}
		return v
	}
	panic("arena: Clone only supports pointers, slices, and strings")
}

// addressOf returns the address in a pointer, slice or string.
func addressOf(v reflect.Value) uintptr {
	if v.Kind() == reflect.String {
		return stringAddr(v.String())
	}
	return v.Pointer()
}

// copyOf returns a copy of the value that a pointer, slice or string refers to.
func copyOf(v reflect.Value) reflect.Value {
	t := v.Type()
	switch t.Kind() {
	case reflect.String:
		return reflect.ValueOf(strings.Clone(v.String())).Convert(t)
	case reflect.Slice:
		s := reflect.MakeSlice(t, v.Len(), v.Len())
		reflect.Copy(s, v)
		return s
	default:
		p := reflect.New(t.Elem())
		p.Elem().Set(v.Elem())
		return p.Convert(t)
	}
}
