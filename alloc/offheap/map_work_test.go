// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

// A meter counts the bytes of the blocks that a structure allocates.
type meter struct {
	alloc.Memory
	bytes int
}

func (m *meter) Malloc(size int) (unsafe.Pointer, error) {
	m.bytes += size
	return m.Memory.Malloc(size)
}

// TestMapWorkOfInsertion: the longest insertion fills a table and copies some entries of the
// directory, however large the Map is.
func TestMapWorkOfInsertion(t *testing.T) {
	t.Run("small", func(t *testing.T) { insertionWork[uint32, uint32](t, 600_000) })
	t.Run("apart", func(t *testing.T) { insertionWork[uint64, [200]byte](t, 100_000) })
	t.Run("large keys", func(t *testing.T) { insertionWork[[300]byte, struct{}](t, 150_000) })
}

func insertionWork[K comparable, V any](t *testing.T, n int) {
	var heap alloc.Allocator
	alloctest.NoLeaks(t, &heap)
	m, err := NewMap[K, V](&heap, MapOptions{})
	must(t, err)
	defer m.Close()
	work := &meter{Memory: m.memory}
	m.memory = work
	largest, most := 0, 0
	for i := range n {
		var key K
		*(*uint32)(unsafe.Pointer(&key)) = uint32(i)
		work.bytes = 0
		filled := m.filled
		must(t, m.Set(key, *new(V)))
		most = max(most, m.filled-filled)
		largest = max(largest, work.bytes)
	}
	table := int(tableHead + m.layout.maxGroups()*m.layout.group())
	if bound := table + int(unsafe.Sizeof(*new(V))); largest > bound || table > 65<<10 {
		t.Errorf("an insertion fills blocks of %d bytes, more than %d; a table has %d bytes", largest, bound, table)
	}
	if most > 10*copied {
		t.Errorf("an insertion copies %d entries of a directory of %d", most, len(m.directory))
	}
}
