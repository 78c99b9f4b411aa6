// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable

package proflabel

import (
	"context"
	"maps"
	"runtime/pprof"
	"testing"
)

// TestCurrent: a goroutine has the labels of pprof.Do, also if it was started inside Do.
// It has none before and after. A failure on a new release of Go means that the runtime
// stores labels in another way.
func TestCurrent(t *testing.T) {
	is := func(where string, want map[string]string) {
		t.Helper()
		if got := maps.Collect(All(Current())); !maps.Equal(got, want) {
			t.Errorf("%s: %q, want %q", where, got, want)
		}
	}
	is("before", nil)
	pprof.Do(context.Background(), pprof.Labels("route", "/user", "tenant", "7"), func(ctx context.Context) {
		is("inside", map[string]string{"route": "/user", "tenant": "7"})
		done := make(chan bool)
		go func() {
			is("in a goroutine", map[string]string{"route": "/user", "tenant": "7"})
			close(done)
		}()
		<-done
		pprof.Do(ctx, pprof.Labels("tenant", "8", "job", ""), func(context.Context) {
			is("further inside", map[string]string{"route": "/user", "tenant": "8", "job": ""})
		})
		is("inside again", map[string]string{"route": "/user", "tenant": "7"})
	})
	is("after", nil)
	if n := testing.AllocsPerRun(100, func() { Current() }); n != 0 {
		t.Errorf("a call without labels makes %v allocations on the Go heap", n)
	}
}
