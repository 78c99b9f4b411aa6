// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"slices"
	"testing"
)

// TestAppendCapped appends to parts of slices with a smaller capacity (s[:2:2], as
// bytes.Fields and bytes.Split return them). The bytes after the part must not change.
func TestAppendCapped(t *testing.T) {
	each(t, func(t *testing.T, a *Arena) {
		for length := 1; length <= 40; length++ {
			for from := range length {
				for to := from; to <= length; to++ {
					appendCapped[byte](t, a, length, from, to)
					appendCapped[[3]byte](t, a, length, from, to)
					appendCapped[int32](t, a, length, from, to)
				}
			}
		}
	})
}

// appendCapped appends to s[from:to:to]. s is the newest slice, from MakeSlice in one case
// and from Append in the other.
func appendCapped[T byte | [3]byte | int32](t *testing.T, a *Arena, length, from, to int) {
	t.Helper()
	value := func(i int) (v T) {
		switch p := any(&v).(type) {
		case *byte:
			*p = byte(i)
		case *[3]byte:
			*p = [3]byte{byte(i), byte(i + 1), byte(i + 2)}
		case *int32:
			*p = int32(i)
		}
		return v
	}
	var want []T
	for i := range length {
		want = append(want, value(i+1))
	}
	made := MakeSlice[T](a, length, length)
	copy(made, want)
	checkCapped(t, a, made, want, from, to, value(99))
	checkCapped(t, a, Append(a, nil, want...), want, from, to, value(99))
}

func checkCapped[T comparable](t *testing.T, a *Arena, s, want []T, from, to int, extra T) {
	t.Helper()
	got := Append(a, s[from:to:to], extra)
	if !slices.Equal(s, want) {
		t.Fatalf("%T: Append to s[%d:%d:%d] of %d changed s to %v", extra, from, to, to, len(s), s)
	}
	if !slices.Equal(got, append(slices.Clip(want[from:to]), extra)) {
		t.Fatalf("%T: Append to s[%d:%d:%d] of %d gives %v", extra, from, to, to, len(s), got)
	}
}

// TestAppendRounds: Append does not confuse a slice with a slice of an earlier round that
// ended at the same address.
func TestAppendRounds(t *testing.T) {
	a := open(t, Options{Align: 64})
	s := Append(a, []byte(nil), make([]byte, 40)...)
	end := cap(s)
	a.Reset()
	s = MakeSlice[byte](a, 64, 64)
	s[end] = 7
	Append(a, s[:end:end], 1)
	if s[end] != 7 {
		t.Error("Append wrote beyond the capacity of its slice")
	}
}

// TestAppendOdd: a slice of Append grows in place even if its size is not a multiple of the
// alignment.
func TestAppendOdd(t *testing.T) {
	for _, align := range []int{8, 64} {
		a := open(t, Options{Align: align})
		s := Append(a, nil, [3]byte{1})
		first := &s[0]
		for range 50 {
			s = Append(a, s, [3]byte{2})
		}
		if &s[0] != first || len(s) != 51 || s[50] != [3]byte{2} {
			t.Errorf("aligned to %d: the slice moved", align)
		}
	}
}
