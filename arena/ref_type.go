// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"reflect"
)

// A fingerprint stands for the layout of a type: of two types with the same one a
// value of the one can be read as the other.
type fingerprint [32]byte

// word returns eight bytes of the fingerprint, never 0.
func (f fingerprint) word() uint64 { return binary.NativeEndian.Uint64(f[:]) | 1 }

// fingerprintOf describes T in words and digests them. Refs are described with what
// they lead to, which may lead back: types met before are named by their number.
func fingerprintOf[T any]() (f fingerprint) {
	d := describer{sha256.New(), map[reflect.Type]int{}}
	d.describe(reflect.TypeFor[T]())
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
	fmt.Fprintf(d.hash, "%v %d %d", t.Kind(), t.Size(), t.Align())
	switch t.Kind() {
	case reflect.Array:
		fmt.Fprintf(d.hash, "[%d]", t.Len())
		d.describe(t.Elem())
	case reflect.Pointer: // in the empty array of a ref: what that leads to
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
