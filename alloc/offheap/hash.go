// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"unsafe"
)

// A hasher computes hashes of keys of type K. Its seeds are secret and random, so that nobody
// can choose keys that collide.
type hasher[K comparable] struct {
	a, b  uint64
	seed  maphash.Seed
	plain bool // equal keys have equal bytes, and only they
}

func newHasher[K comparable]() hasher[K] {
	return hasher[K]{rand.Uint64(), rand.Uint64() | 1, maphash.MakeSeed(), plain(reflect.TypeFor[K]())}
}

// hash returns the hash of *k. Keys of 4, 8 and 16 bytes take one multiplication to 128 bits
// (Wang Yi, wyhash); the compiler drops all other branches. Other keys are hashed as bytes. Keys
// with floating-point numbers or padding are not plain, and take the slow way.
func (h *hasher[K]) hash(k *K) uint64 {
	if !h.plain {
		return maphash.Comparable(h.seed, *k)
	}
	b := unsafe.Slice((*byte)(unsafe.Pointer(k)), unsafe.Sizeof(*k))
	switch unsafe.Sizeof(*k) {
	case 4:
		return mix(uint64(binary.LittleEndian.Uint32(b))^h.a, h.b)
	case 8:
		return mix(binary.LittleEndian.Uint64(b)^h.a, h.b)
	case 16:
		return mix(binary.LittleEndian.Uint64(b)^h.a, binary.LittleEndian.Uint64(b[8:])^h.b)
	}
	return maphash.Bytes(h.seed, b)
}

// mix multiplies to 128 bits and folds the halves. The second multiplication spreads keys that
// differ in few bits over all bits of the result.
func mix(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	x = hi ^ lo
	hi, lo = bits.Mul64(x, 0x9e3779b97f4a7c15)
	return hi ^ lo
}

// plain reports whether two values of type t are equal exactly if their bytes are. Values with
// floating-point numbers are not (0 = −0), nor are those with padding or blank fields.
func plain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return false
	case reflect.Array:
		return plain(t.Elem())
	case reflect.Struct:
		used := uintptr(0)
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Name == "_" || !plain(f.Type) {
				return false
			}
			used += f.Type.Size()
		}
		return used == t.Size()
	}
	return true
}
