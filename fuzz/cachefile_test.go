// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// FuzzCacheFile loads the files that inputs describe.
func FuzzCacheFile(f *testing.F) {
	f.Add([]byte("\x00" + magicOfCache + "\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x00" + magicOfCache + "\xff\xff\xff\x03\x00\x00\x00\x00entries"))
	f.Add([]byte("\x01\x01\x05\x00kvalue\x01\x03\x00knew\x01\x01\x01kx"))
	now := uint64(time.Date(2000, 1, 1, 0, 0, 1, 0, time.UTC).UnixMilli()) // in the bubble, when the file is loaded
	for _, at := range []uint64{1, now - 1, now, now + 1, 1 << 50, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64} {
		f.Add(append(binary.AppendUvarint([]byte{1, 1, 1}, at), "kv"...))
	}
	for _, length := range []uint64{1 << 20, 1 << 32, math.MaxUint64} { // of a key that is not there
		f.Add(append(binary.AppendUvarint([]byte{1}, length), 1, 0, 'k', 'v'))
	}
	for _, seed := range seeds(32) {
		f.Add(append([]byte{2}, seed...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		synctest.Test(t, func(t *testing.T) {
			if err := runCacheFile(data, t.TempDir()); err != nil {
				t.Fatal(err)
			}
		})
	})
}
