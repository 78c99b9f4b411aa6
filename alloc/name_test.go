// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/stats"
)

// TestName: everything that describes an Allocator contains its name.
func TestName(t *testing.T) {
	var leaks, log bytes.Buffer
	a := openOnly(t, Options{Name: `my "cache"`, Decay: -1, ProfileRate: 1, Leaks: &leaks, Limit: 1 << 20,
		Logger: slog.New(slog.NewTextHandler(&log, nil))})
	alloc(t, a, 100)
	if _, err := a.Malloc(2 << 20); !errors.Is(err, ErrLimit) {
		t.Fatal(err)
	}
	s := a.Stats()
	var metrics bytes.Buffer
	if err := s.WriteMetrics(&metrics, stats.OpenMetrics); err != nil {
		t.Fatal(err)
	}
	labels := heapProfileOf(t, a).Sample[0].Label
	if got := labels["allocator"]; len(got) != 1 || got[0] != `my "cache"` {
		t.Errorf("the profile has the labels %v", labels)
	}
	shut(t, a)
	for what, c := range map[string]struct{ text, says string }{
		"snapshot": {s.String(), `ashlar: memory of "my \"cache\"" at `},
		"change":   {s.Sub(&s).String(), `ashlar: `},
		"metrics":  {metrics.String(), "\nashlar_mapped_now_bytes{allocator=\"my \\\"cache\\\"\"} "},
		"classes":  {metrics.String(), "\nashlar_classes_live_blocks{allocator=\"my \\\"cache\\\"\",class=\"112\"} 1\n"},
		"leaks":    {leaks.String(), `blocks of 112 B are live in the Allocator "my \"cache\""`},
		"warning":  {log.String(), `allocator="my \"cache\""`},
	} {
		if !strings.Contains(c.text, c.says) {
			t.Errorf("%s: want %q in\n%s", what, c.says, c.text)
		}
	}
	if s.Sub(&s).Name != `my "cache"` {
		t.Error("the change has no name")
	}
}

// TestNoName: without a name no empty name is shown.
func TestNoName(t *testing.T) {
	a := open(t, Options{Decay: -1, ProfileRate: 1})
	p := alloc(t, a, 100)
	s := a.Stats()
	var metrics bytes.Buffer
	if err := s.WriteMetrics(&metrics, stats.Prometheus); err != nil {
		t.Fatal(err)
	}
	if text := metrics.String() + s.String(); strings.Contains(text, "allocator=") || strings.Contains(text, ` of "`) ||
		!strings.Contains(text, "\nashlar_mapped_now_bytes ") || !strings.Contains(text, "{class=") {
		t.Error(text)
	}
	if _, has := heapProfileOf(t, a).Sample[0].Label["allocator"]; has {
		t.Error("the profile has a label without a name")
	}
	a.Free(p)
}

// TestMisuseNames: a misuse report names the Allocator that owns the memory. If none owns
// it, the report names the Allocator that was called.
func TestMisuseNames(t *testing.T) {
	vm.Require(t, vm.Guards)
	for mode, o := range modes {
		for _, size := range []int{100, 1 << 20} {
			o.Name = "one"
			one := openOnly(t, o)
			o.Name = "two"
			two := open(t, o)
			p := alloc(t, one, size)
			check := func(what, want string, f func()) {
				t.Helper()
				e := misused(t, f)
				if e.Allocator != want || !strings.Contains(e.Error(), `in the Allocator "`+want+`"`) {
					t.Errorf("%s, %d bytes: %s names %q, want %q: %v", mode, size, what, e.Allocator, want, e)
				}
			}
			check("another's block", "one", func() { two.Free(p) })
			check("Go memory", "two", func() { two.Free(unsafe.Pointer(new(int))) })
			check("inside", "one", func() { one.Free(at(p, size-1)) })
			one.Free(p)
			check("freed", "one", func() { one.Free(p) })
			if mode == "checked" && size == 1<<20 {
				check("a fault", "one", func() { bytesAt(p, size)[size/2] = 1 })
			}
			shut(t, one)
			check("closed", "one", func() { one.Free(p) })
		}
	}
}
