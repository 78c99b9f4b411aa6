// SPDX-License-Identifier: Apache-2.0

package raw

import "unsafe"

// pieceSize is the number of bytes cleared or copied at a time. It bounds the time for
// which all other goroutines wait when the world is to be stopped. The runtime uses the
// same number for its own memory.
const pieceSize = 256 << 10

// InPieces calls f for each piece of n bytes, with the offset and the length of the
// piece. The runtime cannot interrupt a goroutine while it clears, copies or compares
// memory. Between two calls of f it can.
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

// Copy copies n bytes in pieces. The ranges must not overlap. Neither may be in a Go
// stack, which moves: see CopySlice.
func Copy(to, from, n uintptr) {
	InPieces(n, func(at, n uintptr) { copy(Bytes(to+at, n), Bytes(from+at, n)) })
}

// CopySlice copies from to to, which is at least as long, in pieces. The slices may be
// anywhere. They may overlap only if to begins in front of from.
func CopySlice[T any](to, from []T) {
	step := pieceSize / int(max(unsafe.Sizeof(*new(T)), 1))
	for step = max(step, 1); len(from) > step; to, from = to[step:], from[step:] {
		copyPiece(to, from[:step])
	}
	copyPiece(to, from)
}

// ClearSlice zeroes the elements of s in pieces. s may be anywhere.
func ClearSlice[T any](s []T) {
	step := pieceSize / int(max(unsafe.Sizeof(*new(T)), 1))
	for step = max(step, 1); len(s) > step; s = s[step:] {
		clearPiece(s[:step])
	}
	clearPiece(s)
}

//go:noinline
func clearPiece[T any](s []T) { clear(s) }

// copyPiece is called, and not inlined, so that the goroutine can be interrupted.
//
//go:noinline
func copyPiece[T any](to, from []T) { copy(to, from) }
