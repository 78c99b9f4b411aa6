// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable

package proflabel

import (
	"context"
	"reflect"
	"runtime/pprof"
	"sync"
	"unsafe"
)

//go:linkname getProfLabel runtime/pprof.runtime_getProfLabel
func getProfLabel() unsafe.Pointer

// Current returns the labels of the running goroutine, encoded; "" if it has none.
func Current() string {
	at := getProfLabel()
	if at == nil {
		return ""
	}
	kind := kindOfLabels()
	if kind == nil {
		return ""
	}
	labels := make([]byte, 0, 64) // suffices for two or three labels
	pprof.ForLabels(carrier{context.Background(), reflect.NewAt(kind, at).Interface()}, func(key, value string) bool {
		labels = Append(labels, key, value)
		return true
	})
	return string(labels)
}

// A carrier is a context whose only value is labels.
type carrier struct {
	context.Context
	labels any
}

// Value implements context.Context.
func (c carrier) Value(any) any { return c.labels }

// A witness is a context that records the value that it returned last.
type witness struct {
	context.Context
	seen any
}

// Value implements context.Context.
func (w *witness) Value(key any) any {
	w.seen = w.Context.Value(key)
	return w.seen
}

// kindOfLabels returns the type that a goroutine's pointer to its labels leads to, or nil if a
// context with labels holds something else.
var kindOfLabels = sync.OnceValue(func() reflect.Type {
	w := &witness{Context: pprof.WithLabels(context.Background(), pprof.Labels("key", "value"))}
	pprof.ForLabels(w, func(string, string) bool { return true })
	held := reflect.ValueOf(w.seen)
	if held.Kind() != reflect.Pointer {
		return nil
	}
	same := make(chan bool)
	go func() { // a new goroutine, so that its labels may be set
		pprof.SetGoroutineLabels(w.Context)
		same <- getProfLabel() == held.UnsafePointer()
	}()
	if !<-same {
		return nil
	}
	return held.Type().Elem()
})
