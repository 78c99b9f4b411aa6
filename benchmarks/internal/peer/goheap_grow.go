// SPDX-License-Identifier: Apache-2.0

package peer

// The names of the two ways to grow a buffer on the Go heap.
const (
	Append   = "append"
	MakeCopy = "make+copy"
)

func init() {
	register(Kind{
		Name: Append, About: "a buffer on the Go heap that grows by append", Rank: 61,
		Buffer: func() Buffer { return new(appendBuffer) },
	})
	register(Kind{
		Name: MakeCopy, About: "a buffer on the Go heap that grows by make and copy", Rank: 62,
		Buffer: func() Buffer { return new(makeCopyBuffer) },
	})
}

// appendBuffer grows by append, which often chooses a larger capacity than requested.
type appendBuffer struct{ bytes []byte }

func (b *appendBuffer) Grow(size int) []byte {
	b.bytes = append(b.bytes, make([]byte, size-len(b.bytes))...)
	return b.bytes
}

func (b *appendBuffer) Close() { b.bytes = nil }

// makeCopyBuffer grows by make and copy to exactly the requested size.
type makeCopyBuffer struct{ bytes []byte }

func (b *makeCopyBuffer) Grow(size int) []byte {
	grown := make([]byte, size)
	copy(grown, b.bytes)
	b.bytes = grown
	return grown
}

func (b *makeCopyBuffer) Close() { b.bytes = nil }
