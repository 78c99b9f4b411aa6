// SPDX-License-Identifier: Apache-2.0

package buffer_test

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/ashlar-go/ashlar/alloc/buffer"
)

// BenchmarkFill fills a new buffer in pieces of 4 KiB and closes it.
func BenchmarkFill(b *testing.B) {
	piece := make([]byte, 4<<10)
	fill := func(w io.Writer, size int) {
		for range size / len(piece) {
			_, _ = w.Write(piece)
		}
	}
	for _, size := range []int{64 << 10, 4 << 20, 64 << 20} {
		run := func(peer string, f func()) {
			b.Run(fmt.Sprintf("size=%d/peer=%s", size, peer), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					f()
				}
			})
		}
		run("ashlar", func() {
			w := buffer.New(nil)
			fill(w, size)
			_ = w.Close()
		})
		run("bytes", func() { fill(new(bytes.Buffer), size) })
	}
}

// BenchmarkPool gets slices of varying lengths, writes their first bytes and puts them
// back.
func BenchmarkPool(b *testing.B) {
	lengths := [...]int{100, 3000, 700, 20_000, 150, 60_000, 1200, 9000}
	b.Run("peer=ashlar", func(b *testing.B) {
		p, i := buffer.NewPool(nil), 0
		for b.Loop() {
			s := p.Get(lengths[i%len(lengths)])
			s[0] = 1
			p.Put(s)
			i++
		}
	})
	b.Run("peer=sync.Pool", func(b *testing.B) { // its slices grow, as those of bytebufferpool do
		p, i := sync.Pool{New: func() any { return new([]byte) }}, 0
		for b.Loop() {
			s, n := p.Get().(*[]byte), lengths[i%len(lengths)]
			if cap(*s) < n {
				*s = make([]byte, n)
			}
			*s = (*s)[:n]
			(*s)[0] = 1
			p.Put(s)
			i++
		}
	})
}
