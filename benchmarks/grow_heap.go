package main

// appendBuffer grows by append, which chooses the capacity itself, often more than what is asked for.
type appendBuffer struct{ bytes []byte }

func (b *appendBuffer) grow(size int) []byte {
	b.bytes = append(b.bytes, make([]byte, size-len(b.bytes))...)
	return b.bytes
}

func (b *appendBuffer) close() { b.bytes = nil }

// makeCopyBuffer grows by make and copy to exactly the size that is asked for.
type makeCopyBuffer struct{ bytes []byte }

func (b *makeCopyBuffer) grow(size int) []byte {
	grown := make([]byte, size)
	copy(grown, b.bytes)
	b.bytes = grown
	return grown
}

func (b *makeCopyBuffer) close() { b.bytes = nil }
