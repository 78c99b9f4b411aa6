// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"fmt"

	"github.com/ashlar-go/ashlar/alloc"
)

func ExampleTag() {
	var a alloc.Allocator
	defer a.Close()
	index, rows := a.Tag("index"), a.Tag("rows")
	table := alloc.Must(alloc.MakeSlice[uint64](index, 1024, 1024))
	row := alloc.Must(rows.MallocBytes(100))
	s := a.Stats()
	for _, t := range s.Tags {
		fmt.Println(t.Name, t.Blocks, t.Bytes)
	}
	rows.FreeBytes(row)
	alloc.FreeSlice(index, table)
	// Output:
	// index 1 8192
	// rows 1 100
}

// A cursor owns rows outside the Go heap. If a program forgets Close, the memory is wasted
// until the collector finds the cursor. The Allocator's statistics count such cursors.
type cursor struct{ rows *alloc.Attachment }

func openCursor(a *alloc.Allocator) (*cursor, error) {
	b, err := a.MallocBytes(64 << 10)
	if err != nil {
		return nil, err
	}
	c := &cursor{}
	c.rows = alloc.AttachSlice(c, a, b)
	return c, nil
}

func (c *cursor) Close() { c.rows.Free() }

func ExampleAttach() {
	var a alloc.Allocator
	defer a.Close()
	c, err := openCursor(&a)
	if err != nil {
		fmt.Println(err)
		return
	}
	c.Close()
	c.Close() // does nothing
	s := a.Stats()
	fmt.Println(s.Live(), "live,", len(s.Lost), "places with lost owners")
	// Output: 0 live, 0 places with lost owners
}

func ExampleNewTrailing() {
	type page struct{ Count uint32 }
	a := alloc.Default()
	p := alloc.Must(alloc.NewTrailing[page, uint64](a, 100))
	keys := alloc.Trailing[page, uint64](p, 100)
	keys[0], keys[1] = 10, 20
	p.Count = 2
	fmt.Println(keys[:p.Count])
	alloc.FreeTrailing[page, uint64](a, p, 100)
	// Output: [10 20]
}
