// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

// misused requires that f panics with a misuse of this kind and operation.
func misused(t *testing.T, kind alloc.MisuseKind, op string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		e, ok := recover().(*alloc.MisuseError)
		if !ok || e.Kind != kind || e.Op != "offheap."+op || !strings.Contains(e.Error(), kind.String()) {
			t.Errorf("%s: %v", op, e)
		}
	}()
	f()
}

func TestMapMisuse(t *testing.T) {
	var heap alloc.Allocator
	alloctest.NoLeaks(t, &heap)
	m, err := NewMap[int, int](&heap, MapOptions{})
	must(t, err)
	misused(t, alloc.ConcurrentUse, "Map.Set", func() { _ = m.Update(1, func(*int, bool) { _ = m.Set(2, 2) }) })
	misused(t, alloc.ConcurrentUse, "Map.Get", func() { _ = m.Update(1, func(*int, bool) { m.Get(2) }) })
	must(t, m.Set(1, 1)) // it continues to work
	m.Close()
	m.Close()
	misused(t, alloc.UseAfterClose, "Map.Get", func() { m.Get(1) })
	misused(t, alloc.UseAfterClose, "Map.Ref", func() { m.Ref(1) })
	misused(t, alloc.UseAfterClose, "Map.Set", func() { _ = m.Set(1, 1) })
	misused(t, alloc.UseAfterClose, "Map.Update", func() { _ = m.Update(1, nil) })
	misused(t, alloc.UseAfterClose, "Map.Delete", func() { m.Delete(1) })
	misused(t, alloc.UseAfterClose, "Map.Clear", func() { _ = m.Clear() })
	misused(t, alloc.UseAfterClose, "Map.All", func() {
		for range m.All() {
			t.Error("an entry after Close")
		}
	})
	if m.Len() != 0 {
		t.Error(m.Len())
	}
}

func TestShardedMapMisuse(t *testing.T) {
	var heap alloc.Allocator
	alloctest.NoLeaks(t, &heap)
	m, err := NewShardedMap[int, int](&heap, MapOptions{})
	must(t, err)
	m.Close()
	misused(t, alloc.UseAfterClose, "ShardedMap.Get", func() { m.Get(1) })
	misused(t, alloc.UseAfterClose, "ShardedMap.View", func() { m.View(1, nil) })
	misused(t, alloc.UseAfterClose, "ShardedMap.Set", func() { _ = m.Set(1, 1) })
	misused(t, alloc.UseAfterClose, "ShardedMap.Update", func() { _ = m.Update(1, nil) })
	misused(t, alloc.UseAfterClose, "ShardedMap.Delete", func() { m.Delete(1) })
	misused(t, alloc.UseAfterClose, "ShardedMap.All", func() {
		for range m.All() {
			t.Error("an entry after Close")
		}
	})
	m.Close()
}

// TestNames: the statistics have the memory of each structure under its name.
func TestNames(t *testing.T) {
	var heap alloc.Allocator
	alloctest.NoLeaks(t, &heap)
	m, err := NewMap[int, int](&heap, MapOptions{Name: "positions"})
	must(t, err)
	must(t, m.Set(1, 1))
	s := heap.Stats()
	if len(s.Tags) != 1 || s.Tags[0].Name != "positions" || s.Tags[0].Blocks != 2 || !strings.Contains(s.String(), "positions") {
		t.Errorf("%+v", s.Tags)
	}
	m.Close()
	if s = heap.Stats(); s.Tags[0].Blocks != 0 || s.Tags[0].Bytes != 0 {
		t.Errorf("%+v", s.Tags)
	}
}
