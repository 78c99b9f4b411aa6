// SPDX-License-Identifier: Apache-2.0

package raw

// pieceSize is how many bytes are cleared or copied at a time: about as long as the
// other goroutines may wait for this one when the world is to be stopped. The runtime
// uses the same number for its own memory.
const pieceSize = 256 << 10

// InPieces calls f with each piece of n bytes: where it begins, and how long it is. The
// runtime cannot interrupt a goroutine that clears, copies or compares memory until
// that ends. The calls of f are places where it can.
//
//go:noinline
func InPieces(n uintptr, f func(at, n uintptr)) {
	for at := uintptr(0); at < n; at += pieceSize {
		f(at, min(pieceSize, n-at))
	}
}

// Clear zeroes the n bytes at addr, in pieces.
func Clear(addr, n uintptr) {
	if n > pieceSize {
		clearLong(addr, n)
	} else {
		clear(Bytes(addr, n))
	}
}

//go:noinline
func clearLong(addr, n uintptr) {
	InPieces(n, func(at, n uintptr) { clear(Bytes(addr+at, n)) })
}

// Copy copies n bytes that do not overlap, in pieces.
func Copy(to, from, n uintptr) {
	InPieces(n, func(at, n uintptr) { copy(Bytes(to+at, n), Bytes(from+at, n)) })
}
