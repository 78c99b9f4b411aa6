// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"reflect"
	"sync"
)

// A fingerprint identifies the layout of a type. If two types have the same fingerprint, a
// value of one can be read as the other.
type fingerprint [32]byte

// word returns eight bytes of the fingerprint, never 0.
func (f fingerprint) word() uint64 { return binary.NativeEndian.Uint64(f[:]) | 1 }

// fingerprints caches fingerprints by reflect.Type.
var fingerprints sync.Map

// fingerprintOf returns the fingerprint of T.
func fingerprintOf[T any]() fingerprint {
	t := reflect.TypeFor[T]()
	if known, ok := fingerprints.Load(t); ok {
		return *known.(*fingerprint)
	}
	f := digest(t)
	fingerprints.Store(t, &f)
	return f
}

// digest hashes a description of a type. The description of a ref includes the type of its
// target. Types can be recursive: a type that was described before appears as its number.
// Alignments are not part of the description, so 32-bit and 64-bit programs can read the
// same file if offsets and sizes agree.
func digest(t reflect.Type) (f fingerprint) {
	d := describer{sha256.New(), map[reflect.Type]int{}}
	d.describe(t)
	d.hash.Sum(f[:0])
	return f
}

type describer struct {
	hash hash.Hash
	seen map[reflect.Type]int
}

func (d *describer) describe(t reflect.Type) {
	if n, again := d.seen[t]; again {
		fmt.Fprintf(d.hash, "#%d;", n)
		return
	}
	d.seen[t] = len(d.seen)
	if t.Kind() == reflect.Pointer { // of the empty array in a ref: describe the target
		fmt.Fprint(d.hash, "ref ")
		d.describe(t.Elem())
		return
	}
	fmt.Fprintf(d.hash, "%v %d", t.Kind(), t.Size())
	switch t.Kind() {
	case reflect.Array:
		fmt.Fprintf(d.hash, "[%d]", t.Len())
		d.describe(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			fmt.Fprintf(d.hash, "{%q %d ", f.Name, f.Offset)
			d.describe(f.Type)
		}
	}
	fmt.Fprint(d.hash, ";")
}
