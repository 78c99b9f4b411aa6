// SPDX-License-Identifier: Apache-2.0

//go:build !race && !ashlar_portable

package arena_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/arena"
)

// New and NewLinked cost a call less because the compiler inlines them with their fast paths.
// A frame of an inlined function has no Func.
func TestInlined(t *testing.T) {
	a, err := arena.NewArenaWithOptions(arena.Options{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Free()
	for _, c := range []struct {
		function string
		call     func()
	}{
		{"arena.New[", func() { arena.New[[8]uint64](a) }},
		{"arena.(*bump).cutOr", func() { arena.New[[8]uint64](a) }},
		{"arena.NewLinked[", func() { arena.NewLinked[[8]*int](a) }},
		{"arena.(*Arena).linkedOr", func() { arena.NewLinked[[8]*int](a) }},
	} {
		frame := frameOfPanic(c.function, c.call)
		if frame.Function == "" {
			t.Errorf("%s is not on the stack", c.function)
		} else if frame.Func != nil {
			t.Errorf("%s is not inlined", c.function)
		}
	}
}

// frameOfPanic calls f, which panics, and returns the frame of the function.
func frameOfPanic(function string, f func()) (found runtime.Frame) {
	defer func() {
		_ = recover()
		pcs := make([]uintptr, 64)
		frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs)])
		for more := true; more; {
			var frame runtime.Frame
			if frame, more = frames.Next(); strings.Contains(frame.Function, function) {
				found = frame
			}
		}
	}()
	f()
	return runtime.Frame{}
}
