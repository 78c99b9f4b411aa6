// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"math"
	"testing"
)

// FuzzCacheFile loads the files that inputs describe.
func FuzzCacheFile(f *testing.F) {
	f.Add([]byte("\x00" + magicOfCache + "\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x00" + magicOfCache + "\xff\xff\xff\x03\x00\x00\x00\x00entries"))
	f.Add([]byte("\x01\x01\x05\x00kvalue\x01\x03\x00knew\x01\x01\x01kx"))
	for _, at := range []uint64{1, 1 << 50, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64} { // expired and not
		f.Add(append(binary.AppendUvarint([]byte{1, 1, 1}, at), "kv"...))
	}
	for _, length := range []uint64{1 << 20, 1 << 32, math.MaxUint64} { // of a key that is not there
		f.Add(append(binary.AppendUvarint([]byte{1}, length), 1, 0, 'k', 'v'))
	}
	for _, seed := range seeds(32) {
		f.Add(append([]byte{2}, seed...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := runCacheFile(data, t.TempDir()); err != nil {
			t.Fatal(err)
		}
	})
}
