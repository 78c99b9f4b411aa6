// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"testing"

	"github.com/ortuman/nuke"

	"github.com/ashlar-go/ashlar/arena"
)

// The sizes of a request's 100 slices: 16 bytes to 4 KiB. A multiplication scatters them.
var sizes = func() (s [100]int) {
	for i := range s {
		s[i] = 16 << (i * 7 % 9)
	}
	return s
}()

// requestBytes suffices for one request.
const requestBytes = 128 << 10

// touch writes the first and the last byte.
func touch(s []byte) { s[0], s[len(s)-1] = 1, 1 }

func BenchmarkRequest(b *testing.B) {
	run := func(peer string, serve func()) {
		b.Run("n=100/peer="+peer, func(b *testing.B) {
			b.ReportAllocs()
			serve()
			b.ResetTimer()
			for range b.N {
				serve()
			}
		})
	}
	m := &bump{buf: make([]byte, requestBytes)}
	run("bump", func() {
		for _, n := range sizes {
			touch(m.slice(n))
		}
		m.reset()
	})
	for _, v := range variants {
		a := open(b, v.options)
		run(v.name, func() {
			for _, n := range sizes {
				touch(arena.MakeSlice[byte](a, n, n))
			}
			a.Reset()
		})
	}
	run("ashlar-free", func() {
		a := arena.NewArena()
		for _, n := range sizes {
			touch(arena.MakeSlice[byte](a, n, n))
		}
		a.Free()
	})
	if experiment.request != nil {
		run("experiment", experiment.request)
	}
	k := newNuke(requestBytes)
	run("nuke", func() {
		for _, n := range sizes {
			touch(nuke.MakeSlice[byte](k, n, n))
		}
		k.Reset(false)
	})
	run("goheap", func() {
		for i, n := range sizes {
			slices[i] = make([]byte, n)
			touch(slices[i])
		}
	})
}

// slices keeps alive what the Go heap's peer allocates for a request.
var slices [len(sizes)][]byte
