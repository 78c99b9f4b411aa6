// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || dragonfly || freebsd || netbsd || openbsd || solaris || windows || (linux && ashlar_posix)) && !ashlar_heap

package vm

import "github.com/ashlar-go/ashlar/internal/raw"

// carryPage copies a page that differs.
func carryPage(to, from uintptr) {
	if was := raw.Bytes(from, pageSize); string(was) != string(raw.Bytes(to, pageSize)) {
		copy(raw.Bytes(to, pageSize), was)
	}
}

// carry takes the contents of a mapping along, as far as the new one does not show them
// by itself. Pages of a private mapping of a file that nobody has written stay the file's.
func carry(to, from, n uintptr, k *Kind) {
	switch {
	case k.Shared || k.Access != ReadWrite:
	case k.File == nil:
		raw.Copy(to, from, n)
	default:
		if info, err := sysStat(k.File.fd); err == nil { // no page beyond the end of the file has contents
			n = uintptr(min(int64(n), max(info.Size-k.Offset, 0)))
		}
		for at := uintptr(0); at < n; at += pageSize {
			carryPage(to+at, from+at)
		}
	}
}

// replace unmaps a mapping whose contents were carried to another one, and returns the address of
// that. On failure it unmaps the new one instead.
func replace(to, size, base, old uintptr) (uintptr, error) {
	if err := sysUnmap(base, old); err != nil {
		_ = sysUnmap(to, size)
		return 0, err
	}
	return to, nil
}
