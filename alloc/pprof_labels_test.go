// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable

package alloc_test

import (
	"context"
	runtimepprof "runtime/pprof"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// TestPprofGoroutineLabels: samples that are taken inside pprof.Do have its labels. This
// holds for small and large blocks, and for goroutines that were started inside.
func TestPprofGoroutineLabels(t *testing.T) {
	a := sampled(t)
	do := func(f func(), labels ...string) {
		runtimepprof.Do(t.Context(), runtimepprof.Labels(labels...), func(context.Context) { f() })
	}
	crumbs(t, a, 10)
	do(func() { crumbs(t, a, 20) }, "route", "/user", "kind", "not ours")
	do(func() {
		done := make(chan bool)
		go func() {
			defer close(done)
			slabs(t, a, 3)
			p, _ := a.Malloc(200 << 10)
			if _, err := a.Realloc(p, 1<<20); err != nil {
				t.Error(err)
			}
		}()
		<-done
	}, "route", "/upload", "tenant", "acme")
	file := save(t, a.Profile().Write)
	for tags, sum := range map[string]map[string]int{
		"route=/user":   {"TestPprofGoroutineLabels": 20, "crumbs": 20, "slabs": 0},
		"route=/upload": {"slabs": 3, "crumbs": 0},
		"tenant=acme":   {"slabs": 3, "crumbs": 0},
		"kind=small":    {"crumbs": 30},
		"kind=not":      {"crumbs": 0},
	} {
		want(t, tags, top(t, "-sample_index=inuse_objects", "-tagfocus="+tags, file), sum)
	}
	if tags := pprof(t, "-tags", "-sample_index=inuse_objects", file); !strings.Contains(tags, "route: Total 24 of 34") {
		t.Errorf("-tags says\n%s", tags)
	}
}

// TestLabelledGrowth: an object that is first sampled when it grows has the labels of the
// goroutine that grew it.
func TestLabelledGrowth(t *testing.T) {
	a, err := alloc.NewAllocator(alloc.Options{Decay: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	a.Profile().SetRate(-1)
	p := slabs(t, a, 1)[0]
	a.Profile().SetRate(1)
	runtimepprof.Do(t.Context(), runtimepprof.Labels("job", "grow"), func(context.Context) {
		if p, err = a.Realloc(p, 2<<20); err != nil {
			t.Fatal(err)
		}
	})
	if raw := pprof(t, "-raw", save(t, a.Profile().Write)); !strings.Contains(raw, "job:[grow]") {
		t.Errorf("-raw shows\n%s", raw)
	}
	a.Free(p)
}
