// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"time"
	"unsafe"
)

// Timed returns a handle that does what h does. It calls tell with the time of one of every so many calls,
// except Close. When the handle is closed it calls closed.
func Timed(h Handle, every int, tell func(time.Duration), closed func()) Handle {
	return &timedHandle{handle: h, every: every, tell: tell, closed: closed}
}

// A timedHandle is a Callocer and a Resizer. If its handle is not, it does what the workloads do for such a
// handle.
type timedHandle struct {
	handle Handle
	every  int
	calls  int
	tell   func(time.Duration)
	closed func()
}

func (t *timedHandle) Malloc(size int) (block unsafe.Pointer) {
	t.call(func() { block = t.handle.Malloc(size) })
	return block
}

func (t *timedHandle) Release(block unsafe.Pointer, size int) {
	t.call(func() { t.handle.Release(block, size) })
}

func (t *timedHandle) Calloc(size int) (block unsafe.Pointer) {
	t.call(func() { block = Zeroed(t.handle, size) })
	return block
}

func (t *timedHandle) Resize(block unsafe.Pointer, old, size int) (moved unsafe.Pointer) {
	t.call(func() { moved = Resized(t.handle, block, old, size) })
	return moved
}

func (t *timedHandle) Close() {
	t.handle.Close()
	t.closed()
}

func (t *timedHandle) call(f func()) {
	if t.calls++; t.calls%t.every != 0 {
		f()
		return
	}
	start := time.Now()
	f()
	t.tell(time.Since(start))
}
