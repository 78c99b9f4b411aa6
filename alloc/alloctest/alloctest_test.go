// SPDX-License-Identifier: Apache-2.0

package alloctest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// recorder is a testing.TB that records the failure.
type recorder struct {
	testing.TB
	cleanup func()
	text    string
}

func (r *recorder) Helper()                   {}
func (r *recorder) Cleanup(f func())          { r.cleanup = f }
func (r *recorder) Errorf(f string, v ...any) { r.text += fmt.Sprintf(f, v...) }

// TestNoLeaks: blocks that are not freed are reported with their stacks, freed ones are not.
func TestNoLeaks(t *testing.T) {
	for _, size := range []int{64, 1 << 20} {
		var a alloc.Allocator
		before, _ := a.Malloc(size)
		r := &recorder{TB: t}
		alloctest.NoLeaks(r, &a)
		p, err := a.Malloc(size)
		if err != nil {
			t.Skip(err)
		}
		a.Free(before)
		q, _ := a.Malloc(size)
		a.Free(q)
		r.cleanup()
		if !strings.Contains(r.text, fmt.Sprintf("%d bytes", size)) || !strings.Contains(r.text, "TestNoLeaks") {
			t.Errorf("%d bytes leaked: %q", size, r.text)
		}
		r = &recorder{TB: t}
		alloctest.NoLeaks(r, &a)
		a.Free(p)
		r.cleanup()
		if r.text != "" {
			t.Errorf("nothing leaked: %q", r.text)
		}
		_ = a.Close()
	}
}

// TestEachMode: every mode runs, on an Allocator with the options of that mode.
func TestEachMode(t *testing.T) {
	names := ""
	alloctest.EachMode(t, func(t *testing.T, a *alloc.Allocator) {
		names += t.Name() + " "
		p, err := a.Malloc(20)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Free(p)
		exact := strings.HasSuffix(t.Name(), "/checked") || strings.HasSuffix(t.Name(), "/guarded")
		if n := alloc.UsableSize(p); (n == 20) != exact {
			t.Errorf("a block of 20 bytes has %d", n)
		}
	})
	guarded := ""
	if vm.Able(vm.Guards) {
		guarded = "TestEachMode/guarded "
	}
	if want := "TestEachMode/plain TestEachMode/checked " + guarded + "TestEachMode/hardened "; names != want {
		t.Errorf("it ran %s", names)
	}
}
