// SPDX-License-Identifier: Apache-2.0

package arena_test

import (
	"fmt"
	"hash/maphash"
	"strings"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
)

// An interner keeps one copy of each string and gives it a number. The copies are in an
// arena, and both tables hold no Go pointers. So the collector has nothing to scan, even
// with millions of strings.
type interner struct {
	memory *arena.Arena
	seed   maphash.Seed
	texts  []internedText // by number; 0 is the empty string
	table  []uint32       // open addressing: numbers; 0: empty
}

type internedText struct {
	at     alloc.Address
	length uint32
	hash   uint32
}

func newInterner() *interner {
	return &interner{memory: arena.NewArena(), seed: maphash.MakeSeed(),
		texts: make([]internedText, 1), table: make([]uint32, 64)}
}

// Intern returns the number of a string. Equal strings have the same number. The empty
// string has the number 0.
func (in *interner) Intern(s string) uint32 {
	if s == "" {
		return 0
	}
	hash := uint32(maphash.String(in.seed, s))
	place := in.find(hash, s)
	if n := in.table[place]; n != 0 {
		return n
	}
	copied := arena.CloneString(in.memory, s)
	n := uint32(len(in.texts))
	in.texts = append(in.texts, internedText{alloc.AddressOf(unsafe.Pointer(unsafe.StringData(copied))), uint32(len(s)), hash})
	in.table[place] = n
	if 4*len(in.texts) > 3*len(in.table) {
		in.grow()
	}
	return n
}

// find returns the index in the table of a string, or the index where it belongs.
func (in *interner) find(hash uint32, s string) int {
	for place := int(hash); ; place++ {
		place &= len(in.table) - 1
		n := in.table[place]
		if n == 0 || in.texts[n].hash == hash && in.Text(n) == s {
			return place
		}
	}
}

func (in *interner) grow() {
	in.table = make([]uint32, 2*len(in.table))
	for n := 1; n < len(in.texts); n++ {
		place := int(in.texts[n].hash)
		for in.table[place&(len(in.table)-1)] != 0 {
			place++
		}
		in.table[place&(len(in.table)-1)] = uint32(n)
	}
}

// Text returns the string of a number, in the interner's memory. To keep it after Free,
// copy it with strings.Clone.
func (in *interner) Text(n uint32) string {
	t := in.texts[n]
	return unsafe.String((*byte)(t.at.Pointer()), t.length)
}

// Len returns the number of different strings.
func (in *interner) Len() int { return len(in.texts) - 1 }

// Free frees all memory.
func (in *interner) Free() { in.memory.Free() }

// An interner of strings.
func Example_interner() {
	in := newInterner()
	defer in.Free()
	var numbers []uint32
	for word := range strings.FieldsSeq("stone upon stone upon stone") {
		numbers = append(numbers, in.Intern(word))
	}
	fmt.Println(numbers, in.Len(), in.Text(2))
	// Output: [1 2 1 2 1] 2 upon
}
