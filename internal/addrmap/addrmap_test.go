// SPDX-License-Identifier: Apache-2.0

package addrmap

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// A numbered is an entry with a number, for the tests.
type numbered struct {
	Entry
	n int
}

// TestMap: an entry is found under its address from Add to Unlink, also when the table has
// grown, and Close frees all memory.
func TestMap(t *testing.T) {
	const n = 5000
	before := metadata.InUse()
	var m Map[numbered]
	if m.Find(16) != 0 || m.Unlink(16) != 0 {
		t.Fatal("an empty table has an entry")
	}
	for i := range n {
		at := m.Add(uintptr(16 * (i + 1)))
		if at == 0 {
			t.Fatal("no memory")
		}
		raw.At[numbered](at).n = i
	}
	for i := range n {
		at := m.Find(uintptr(16 * (i + 1)))
		if at == 0 || raw.At[numbered](at).n != i {
			t.Fatalf("entry %d is at %#x", i, at)
		}
		if i%2 == 0 {
			m.Drop(m.Unlink(uintptr(16 * (i + 1))))
		}
	}
	seen := map[int]bool{}
	m.Each(func(at uintptr) { seen[raw.At[numbered](at).n] = true })
	if len(seen) != n/2 || m.Len() != n/2 || seen[0] || !seen[1] || m.Find(16) != 0 {
		t.Errorf("%d entries of %d are left, %d are counted", len(seen), n, m.Len())
	}
	used := m.Used()
	if took := int64(metadata.InUse() - before); used != took {
		t.Errorf("%d bytes are counted, %d were taken", used, took)
	}
	for i := 0; i < n; i += 2 {
		m.Add(uintptr(16 * (i + 1)))
	}
	if m.Used() != used {
		t.Errorf("entries that were dropped are not used again: %d bytes, before %d", m.Used(), used)
	}
	m.Close()
	if got := metadata.InUse(); got != before || m.Len() != 0 {
		t.Errorf("after Close %d bytes of metadata are in use, before %d", got, before)
	}
}
