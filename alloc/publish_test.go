// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"bytes"
	runtimepprof "runtime/pprof"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/internal/heapprof"
)

// TestPublishProfile: a published profile counts the live samples of all allocators with
// its name, with the stacks of the allocations. A second name replaces the first. After
// Close nothing is left.
func TestPublishProfile(t *testing.T) {
	one, other := sampled(t), sampled(t)
	name := "github.com/ashlar-go/ashlar/alloc_test." + t.Name()
	for runtimepprof.Lookup(name) != nil { // left by an earlier run of the test in this process
		name += "'"
	}
	before := crumbs(t, one, 5) // not in any list
	one.Profile().Publish(name)
	other.Profile().Publish(name)
	one.Profile().Publish(name)
	p := runtimepprof.Lookup(name)
	count := func(want int) {
		t.Helper()
		if n := p.Count(); n != want {
			t.Errorf("%d samples are listed, want %d", n, want)
		}
	}
	count(0)
	some := pages(t, one, 40)
	slabs(t, other, 3)
	l := one.NewLocal()
	pages(t, l, 7)
	count(50)
	free(one, some[:10])
	free(one, before)
	count(40)

	var text bytes.Buffer
	if err := p.WriteTo(&text, 1); err != nil {
		t.Fatal(err)
	}
	for _, has := range []string{"30 @", "alloc_test.pages", "3 @", "alloc_test.slabs"} {
		if !strings.Contains(text.String(), has) {
			t.Errorf("the profile lacks %s:\n%s", has, &text)
		}
	}
	for _, no := range []string{"alloc.(*Allocator)", "alloc.(*Local)", "heapprof"} {
		if strings.Contains(text.String(), no) {
			t.Errorf("the profile has frames inside the allocator:\n%s", &text)
		}
	}

	pages(t, one, heapprof.MaxListed)
	count(heapprof.MaxListed + 3)
	one.Profile().Publish(name + "+")
	count(3)
	crumbs(t, one, 2)
	if n := runtimepprof.Lookup(name + "+").Count(); n != 2 {
		t.Errorf("%d samples are listed under the new name, want 2", n)
	}
	l.Close()
	_ = one.Close()
	_ = other.Close()
	count(0)
	defer func() {
		if recover() == nil {
			t.Error("the runtime's own heap profile was replaced")
		}
	}()
	sampled(t).Profile().Publish("heap")
}
