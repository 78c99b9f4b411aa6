// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || dragonfly || freebsd || netbsd || openbsd || solaris || (linux && ashlar_posix)) && !ashlar_heap

package vm

import (
	"math/bits"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A mapping that has grown is likely to grow again, and without mremap it grows by a copy.
// So a copy gets room: inaccessible address space directly after it, which takes no
// memory. A later growth makes a part of the room accessible.
//
//	room.after[end] = n  ⇔  the n bytes from end on are mapped, inaccessible, and belong to the mapping that ends there
//	room.bytes = Σ after
var room struct {
	mu    sync.Mutex
	after map[uintptr]uintptr
	bytes uintptr
}

// The room after a copy of size bytes is at least roomFactor times as long, and roomMin bytes
// as long as all rooms together have less than manyRooms: a mapping that grows to half a GiB
// is then copied once. Address space is scarce on 32 bits, where copies get no room, and some
// 64-bit processors have 38 bits of it.
const (
	on64       = bits.UintSize / 64
	roomFactor = 3 * on64
	roomMin    = on64 << 29
	manyRooms  = on64 << 35
)

// roomFor returns the length of the room after a copy of size bytes. The caller holds mu.
func roomFor(size uintptr) uintptr {
	if room.bytes < manyRooms {
		return max(roomFactor*size, roomMin)
	}
	return roomFactor * size
}

// setRoom notes that the n bytes after end are room now. The caller holds mu.
func setRoom(end, n uintptr) {
	if n == 0 {
		return
	}
	if room.after == nil {
		room.after = map[uintptr]uintptr{}
	}
	room.after[end] = n
	room.bytes += n
}

// dropRoom notes that the bytes after end are no room any more. The caller holds mu.
func dropRoom(end uintptr) {
	room.bytes -= room.after[end]
	delete(room.after, end)
}

// unmapWithRoom unmaps a range, and the room after it.
func unmapWithRoom(base, size uintptr) error {
	room.mu.Lock()
	defer room.mu.Unlock()
	end := base + size
	extra := room.after[end]
	if err := unix.MunmapPtr(raw.Pointer(base), size+extra); err != nil {
		return err
	}
	dropRoom(end)
	return nil
}

// growIntoRoom makes more bytes after end accessible, if they are room.
func growIntoRoom(end, more uintptr) bool {
	room.mu.Lock()
	defer room.mu.Unlock()
	extra := room.after[end]
	if extra < more {
		return false
	}
	if sysProtect(end, more, ReadWrite) != nil {
		return false
	}
	dropRoom(end)
	setRoom(end+more, extra-more)
	return true
}

// withRoom maps size bytes and room after them.
func withRoom(size uintptr) (uintptr, error) {
	room.mu.Lock()
	defer room.mu.Unlock()
	extra := roomFor(size)
	if base, err := anonymous(hint(size+extra), size+extra, unix.PROT_NONE, 0); err == nil {
		if sysProtect(base, size, ReadWrite) == nil {
			setRoom(base+size, extra)
			return base, nil
		}
		_ = unix.MunmapPtr(raw.Pointer(base), size+extra)
	}
	return sysMap(size)
}

// sysRemap resizes anonymous memory: in its room, or by a copy.
func sysRemap(base, old, size uintptr) (uintptr, error) {
	switch {
	case size <= old:
		if size == old {
			return base, nil
		}
		return base, sysUnmap(base+size, old-size)
	case growIntoRoom(base+old, size-old):
		return base, nil
	}
	to, err := withRoom(size)
	if err != nil {
		return 0, err
	}
	raw.Copy(to, base, old)
	return replace(to, size, base, old)
}

// sysRemapKind resizes a mapping of a file, or anonymous memory.
func sysRemapKind(base, old, size uintptr, k *Kind) (uintptr, error) {
	if k.File == nil || size <= old {
		return sysRemap(base, old, size)
	}
	to, err := sysMapKind(size, k)
	if err != nil {
		return 0, err
	}
	carry(to, base, old, k)
	return replace(to, size, base, old)
}

// sysMove lays a mapping of kind k at to, in a reservation, takes the contents along, and
// unmaps the old one. On failure the reservation is whole again.
func sysMove(base, old, to, size uintptr, k *Kind) error {
	again := *k
	again.at, again.Populate = to, false
	if again.File == nil {
		again.Access = ReadWrite
	}
	if _, err := sysMapKind(size, &again); err != nil {
		_, _ = anonymous(to, size, unix.PROT_NONE, unix.MAP_FIXED)
		return err
	}
	carry(to, base, min(old, size), k)
	if err := sysUnmap(base, old); err != nil {
		_, _ = anonymous(to, size, unix.PROT_NONE, unix.MAP_FIXED)
		return err
	}
	return nil
}
