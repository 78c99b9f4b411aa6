// SPDX-License-Identifier: Apache-2.0

package swissmem_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/adapters/swissmem"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

// A group is like those of swiss: control bytes and slots.
type group[K comparable, V any] struct {
	controls uint64
	slots    [8]struct {
		key   K
		value V
	}
}

func Example() {
	type position struct{ X, Y float64 }
	table, err := swissmem.New[group[uint64, position]](nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	groups := table.Alloc(1000)
	fmt.Println(len(groups), groups[999].controls)
	table.Free(groups)

	_, err = swissmem.New[group[string, position]](nil)
	fmt.Println(errors.Is(err, alloc.ErrHasPointers))
	// Output:
	// 1000 0
	// true
}

func TestPointersAreRefused(t *testing.T) {
	type named struct {
		Count int
		Name  string
	}
	for name, err := range map[string]error{
		"string":  second(swissmem.New[group[string, int]](nil)),
		"named":   second(swissmem.New[group[int, named]](nil)),
		"[]uint8": second(swissmem.New[group[int, []byte]](nil)),
		"error":   second(swissmem.New[group[int, error]](nil)),
	} {
		if !errors.Is(err, alloc.ErrHasPointers) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestZeroed: groups are zeroed though their memory was in use before.
func TestZeroed(t *testing.T) { alloctest.EachMode(t, testZeroed) }

func testZeroed(t *testing.T, heap *alloc.Allocator) {
	table, err := swissmem.New[group[int, [3]int]](heap)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 7, 64, 5000} {
		for range 2 {
			groups := table.Alloc(n)
			if len(groups) != n {
				t.Fatalf("%d groups, want %d", len(groups), n)
			}
			for i := range groups {
				if groups[i] != (group[int, [3]int]{}) {
					t.Fatalf("group %d of %d is not zero", i, n)
				}
				groups[i].controls = math.MaxUint64
				groups[i].slots[7].value[2] = 1
			}
			table.Free(groups)
		}
	}
	table.Free(nil)
}

func TestPanics(t *testing.T) { alloctest.EachMode(t, testPanics) }

func testPanics(t *testing.T, heap *alloc.Allocator) {
	table, err := swissmem.New[group[int, int]](heap)
	if err != nil {
		t.Fatal(err)
	}
	groups := table.Alloc(10)
	table.Free(groups)
	for name, do := range map[string]func() error{
		"freed twice": func() error { table.Free(groups); return nil },
		"huge":        func() error { table.Alloc(math.MaxInt / 2); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if _, is := recover().(error); !is {
					t.Error("it goes on")
				}
			}()
			_ = do()
		})
	}
}
