// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"cmp"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// MapOptions are the options of a Map or a ShardedMap. The zero value is ready for use.
type MapOptions struct {
	// Name is the name of the alloc.Tag that counts the memory. The default is "map". Structures
	// with the same name are counted together.
	Name string
}

// A Map is a hash map off the Go heap, for one goroutine at a time.
//
// Do not use it for less than about a hundred thousand entries, or for keys or values with
// pointers: Go's map is then faster to write and safer. Do not use it if most entries are deleted
// in the end: the memory of tables comes back only by Clear and Close. For several goroutines use
// a ShardedMap.
//
// Any number of goroutines may read at once (Get, Ref, Len, All) while none writes. Two
// goroutines, one of which writes, corrupt the Map. If they meet, the Map panics with an
// *alloc.MisuseError of kind ConcurrentUse.
//
// Keys that are not equal to themselves (NaN) are added each time and are never found, as in
// Go's map.
type Map[K comparable, V any] struct {
	memory    alloc.Memory
	directory []alloc.Address // off-heap: tables by the depth low bits of the hash
	groupMask uintptr         // number of groups of each table, minus 1
	hasher    hasher[K]
	layout    layout[K, V]
	count     int
	filled    int // entries of the directory below it are not 0
	depth     uint8
	state     state
}

// NewMap returns an empty Map whose memory comes from heap, or from alloc.Default if heap is nil.
// Close frees it.
//
// The error wraps alloc.ErrHasPointers if K or V holds Go pointers. Otherwise the errors are
// those of Malloc.
func NewMap[K comparable, V any](heap *alloc.Allocator, o MapOptions) (*Map[K, V], error) {
	m := new(Map[K, V])
	return m, m.init(heap, o, newHasher[K])
}

// init makes m an empty Map.
func (m *Map[K, V]) init(heap *alloc.Allocator, o MapOptions, hasher func() hasher[K]) error {
	if err := pointerFree[K](); err != nil {
		return err
	}
	if err := pointerFree[V](); err != nil {
		return err
	}
	m.memory = memoryOf(heap, cmp.Or(o.Name, "map"))
	m.hasher = hasher()
	return m.start()
}

// start makes the first table of an empty Map.
func (m *Map[K, V]) start() error {
	directory, err := alloc.MakeSlice[alloc.Address](m.memory, 1, 1)
	if err != nil {
		return err
	}
	t, err := m.newTable(1, 0)
	if err != nil {
		alloc.FreeSlice(m.memory, directory)
		return err
	}
	m.directory, m.filled, m.depth, m.groupMask, m.count = directory, 1, 0, 0, 0
	m.put(t, 0)
	return nil
}

// table returns the table of the keys with this hash.
func (m *Map[K, V]) table(hash uint64) *table {
	i := int(hash) & (len(m.directory) - 1)
	at := m.directory[i]
	if at == 0 {
		at = m.directory[i-len(m.directory)/2]
	}
	return (*table)(at.Pointer())
}

// find returns the slot of a key, or nil.
func (m *Map[K, V]) find(hash uint64, key *K) unsafe.Pointer {
	t := m.table(hash)
	mask := m.groupMask
	for at, step := home(hash)&mask, uintptr(1); ; at, step = (at+step)&mask, step+1 {
		g := m.layout.in(t, at)
		c := *(*control)(g)
		for set := c.matching(tag(hash)); set != 0; set &= set - 1 {
			if s := m.layout.at(g, set.first()); *(*K)(s) == *key {
				return s
			}
		}
		if c.empties() != 0 {
			return nil
		}
	}
}

// Get returns a copy of the value of key.
func (m *Map[K, V]) Get(key K) (value V, ok bool) {
	m.state.read("Map.Get")
	if s := m.find(m.hasher.hash(&key), &key); s != nil {
		return *m.layout.value(s), true
	}
	return value, false
}

// Ref returns a pointer to the value of key, or nil if there is none. The program may read and
// write the value. The pointer is valid until the next Set, Update, Delete, Clear or Close.
func (m *Map[K, V]) Ref(key K) *V {
	m.state.read("Map.Ref")
	if s := m.find(m.hasher.hash(&key), &key); s != nil {
		return m.layout.value(s)
	}
	return nil
}

// Set sets the value of key. On an error, which is one of Malloc, the Map is unchanged.
func (m *Map[K, V]) Set(key K, value V) error {
	m.state.begin("Map.Set")
	v, _, err := m.at(m.hasher.hash(&key), &key)
	if err == nil {
		*v = value
	}
	m.state.end()
	return err
}

// Update calls f with the value of key, in place. If the key is absent, Update adds it with a
// value of zeros first, and found is false. f must not use the Map. On an error, which is one of
// Malloc, f is not called and the Map is unchanged.
func (m *Map[K, V]) Update(key K, f func(value *V, found bool)) error {
	m.state.begin("Map.Update")
	defer m.state.end()
	return m.update(m.hasher.hash(&key), &key, f)
}

func (m *Map[K, V]) update(hash uint64, key *K, f func(value *V, found bool)) error {
	v, found, err := m.at(hash, key)
	if err != nil {
		return err
	}
	if !found {
		*v = *new(V)
	}
	f(v, found)
	return nil
}

// at returns the place of the value of a key, which it adds if it is not there. The value is then
// undefined.
func (m *Map[K, V]) at(hash uint64, key *K) (value *V, found bool, err error) {
	if s := m.find(hash, key); s != nil {
		return m.layout.value(s), true, nil
	}
	if m.filled < len(m.directory) {
		m.fill()
	}
	t := m.table(hash)
	g, i := m.vacancy(t, hash)
	for t.left == 0 && (*(*control)(g)).slot(i) == empty {
		if err := m.makeRoom(t, hash); err != nil {
			return nil, false, err
		}
		t = m.table(hash)
		g, i = m.vacancy(t, hash)
	}
	s := m.layout.at(g, i)
	if !m.layout.inline() {
		p, err := m.memory.Malloc(int(unsafe.Sizeof(*value)))
		if err != nil {
			return nil, false, err
		}
		*m.layout.address(s) = alloc.AddressOf(p)
	}
	c := (*control)(g)
	if c.slot(i) == empty {
		t.left--
	}
	*c = c.with(i, tag(hash))
	*(*K)(s) = *key
	t.used++
	m.count++
	return m.layout.value(s), false, nil
}

// Delete removes key, and reports whether it was there.
func (m *Map[K, V]) Delete(key K) bool {
	m.state.begin("Map.Delete")
	ok := m.delete(m.hasher.hash(&key), &key)
	m.state.end()
	return ok
}

func (m *Map[K, V]) delete(hash uint64, key *K) bool {
	s := m.find(hash, key)
	if s == nil {
		return false
	}
	if !m.layout.inline() {
		m.memory.Free(m.layout.address(s).Pointer())
	}
	t := m.table(hash)
	g := m.layout.in(t, m.layout.number(t, s))
	i := (uintptr(s) - uintptr(g) - m.layout.slots()) / m.layout.slot()
	c := (*control)(g)
	if c.empties() != 0 { // no search goes on from this group
		*c = c.with(i, empty)
		t.left++
	} else {
		*c = c.with(i, deleted)
	}
	t.used--
	m.count--
	return true
}

// Len returns the number of entries.
func (m *Map[K, V]) Len() int { return m.count }

// Clear removes all entries and frees their memory. On an error, which is one of Malloc, the Map
// is unchanged.
func (m *Map[K, V]) Clear() error {
	m.state.begin("Map.Clear")
	defer m.state.end()
	return m.clear()
}

func (m *Map[K, V]) clear() error {
	old := *m
	if err := m.start(); err != nil {
		return err
	}
	old.free()
	return nil
}

// free frees the directory, all tables and all values.
func (m *Map[K, V]) free() {
	for cursor, more := uint64(0), true; more; {
		t := m.tableAt(cursor)
		cursor, more = after(cursor, t.depth)
		m.freeValues(t)
		m.freeTable(t)
	}
	alloc.FreeSlice(m.memory, m.directory)
	m.directory = nil
}

// Close frees all memory. Any later use except Len and Close panics with an *alloc.MisuseError of
// kind UseAfterClose.
func (m *Map[K, V]) Close() {
	if m.state == closed {
		return
	}
	m.state.begin("Map.Close")
	m.free()
	m.count = 0
	m.state = closed
}
