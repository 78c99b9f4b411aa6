// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// listBytes returns the size of the list of runs.
func listBytes(a *Arena) (n uintptr) {
	for page := a.core.runs.head; page != 0; page = raw.At[runPage](page).next {
		n += unsafe.Sizeof(runPage{})
	}
	return n
}

// TestRunGoesOn: other objects between linked ones of one type do not lengthen the list of runs,
// and Audit finds each linked object.
func TestRunGoesOn(t *testing.T) {
	for _, o := range []Options{{}, {NoZero: true}} {
		a := open(t, o)
		nodes := make([]*node, 20_000)
		for i := range nodes {
			nodes[i] = NewLinked[node](a)
			MakeSlice[byte](a, 1+i%60, 1+i%60)
		}
		if n := listBytes(a); n > 16<<10 {
			t.Errorf("the list of %d linked objects has %d bytes", len(nodes), n)
		}
		for i := 0; i < len(nodes); i += 997 {
			nodes[i].Left = new(node)
			var l *LinkError
			if err := a.Audit(); !errors.As(err, &l) || l.Object != addr(nodes[i]) {
				t.Fatalf("object %d: %v", i, err)
			}
			nodes[i].Left = nil
		}
	}
}

type pair[T any] struct {
	P *node
	V T
}

func linkedOf[T any](a *Arena) **node { return &NewLinked[pair[T]](a).P }

// TestManyTypes: Audit knows the type of each object, also if an arena has many types.
func TestManyTypes(t *testing.T) {
	makers := []func(a *Arena) **node{
		linkedOf[[1]byte],
		linkedOf[[2]byte],
		linkedOf[[3]byte],
		linkedOf[[4]byte],
		linkedOf[[5]byte],
		linkedOf[[6]byte],
		linkedOf[[7]byte],
		linkedOf[[8]byte],
		linkedOf[[9]byte],
		linkedOf[[10]byte],
		linkedOf[[11]byte],
		linkedOf[[12]byte],
		linkedOf[[13]byte],
		linkedOf[[14]byte],
		linkedOf[[15]byte],
		linkedOf[[16]byte],
		linkedOf[[17]byte],
		linkedOf[[18]byte],
		linkedOf[[19]byte],
		linkedOf[[20]byte],
		linkedOf[[21]byte],
		linkedOf[[22]byte],
		linkedOf[[23]byte],
		linkedOf[[24]byte],
		linkedOf[[25]byte],
		linkedOf[[26]byte],
		linkedOf[[27]byte],
		linkedOf[[28]byte],
		linkedOf[[29]byte],
		linkedOf[[30]byte],
		linkedOf[[31]byte],
		linkedOf[[32]byte],
		linkedOf[[33]byte],
		linkedOf[[34]byte],
		linkedOf[[35]byte],
		linkedOf[[36]byte],
	}
	each(t, func(t *testing.T, a *Arena) {
		var fields []**node
		for i := range 20 * len(makers) {
			fields = append(fields, makers[i*7%len(makers)](a))
			if i%3 == 0 {
				fields = append(fields, makers[0](a), &MakeLinkedSlice[pair[[3]byte]](a, 2, 3)[1].P)
			}
		}
		for i := 0; i < len(fields); i += 13 {
			*fields[i] = new(node)
			var l *LinkError
			if err := a.Audit(); !errors.As(err, &l) || l.Object != addr(fields[i]) || l.Path != "P" {
				t.Fatalf("object %d: %v", i, err)
			}
			*fields[i] = nil
		}
	})
}

// TestLinkedWaste: large slices between linked objects do not make the arena lose its windows.
func TestLinkedWaste(t *testing.T) {
	a := open(t, Options{})
	const slice = 9000
	for range 2000 {
		NewLinked[node](a)
		MakeSlice[byte](a, slice, slice)
	}
	live := int64(2000 * (slice + unsafe.Sizeof(node{})))
	if s := a.Stats(); s.Reserved > live+live/5 || s.Used < live {
		t.Errorf("%d bytes live, %d in use, %d reserved", live, s.Used, s.Reserved)
	}
}

// TestLinkedReset: the list of runs begins anew with each round, and a round needs no more
// memory than the one before.
func TestLinkedReset(t *testing.T) {
	a := open(t, Options{})
	var before uintptr
	for round := range 5 {
		for i := range 3000 {
			NewLinked[node](a)
			if i%2 == 0 {
				NewLinked[everything](a)
			}
		}
		if n := listBytes(a); round == 0 {
			before = n
		} else if n != before {
			t.Errorf("round %d: the list has %d bytes, before: %d", round, n, before)
		}
		if err := a.Audit(); err != nil {
			t.Error(err)
		}
		a.Reset()
	}
}
