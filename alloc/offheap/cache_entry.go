// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"sync/atomic"
	"unsafe"
)

// An entry is the head of an entry of a Cache. The key and the value follow.
type entry struct {
	expires uint32 // lower bits of the time at which it expires; see at
	lengths uint32 // bits 0–23: length of the value; bits 24–31: upper bits of the time
	state   uint32 // bits 0–15: length of the key; bits 16–17: uses; bit 18: dead; the others: units of slack. Atomic.
}

const (
	entryHead  = unsafe.Sizeof(entry{})
	maxKey     = 1<<16 - 1
	maxValue   = 1<<24 - 1
	oneUse     = 1 << 16
	maxUses    = 3
	dead       = 1 << 18
	oneSlack   = 1 << 19
	maxSlack   = 1<<13 - 1
	unit       = 4 // positions and sizes of entries are multiples of it
	maxExpires = 1<<40 - 1
)

// entrySize returns the bytes that an entry takes.
func entrySize(key, value int) int { return (int(entryHead) + key + value + unit - 1) &^ (unit - 1) }

// at returns the time in milliseconds after the start of the Cache at which the entry expires; 0
// means never.
func (e *entry) at() int64 { return int64(e.expires) | int64(e.lengths>>24)<<32 }

func (e *entry) setAt(at int64) {
	e.expires, e.lengths = uint32(at), e.lengths&maxValue|uint32(at>>32)<<24
}

func (e *entry) keyLength() int { return int(atomic.LoadUint32(&e.state) & maxKey) }

func (e *entry) key() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(e), entryHead)), e.keyLength())
}

func (e *entry) value() []byte {
	p := unsafe.Add(unsafe.Pointer(e), entryHead+uintptr(e.keyLength()))
	return unsafe.Slice((*byte)(p), e.lengths&maxValue)
}

// size returns the bytes that the entry takes.
func (e *entry) size() int {
	state := atomic.LoadUint32(&e.state)
	return entrySize(int(state&maxKey), int(e.lengths&maxValue)) + int(state/oneSlack)*unit
}

// setValue replaces the value by one that fits. size stays as it is.
func (e *entry) setValue(value []byte) {
	state, room := atomic.LoadUint32(&e.state)&(oneSlack-1), e.size()
	slack := uint32(room-entrySize(int(state&maxKey), len(value))) / unit
	e.lengths = e.lengths&^maxValue | uint32(len(value))
	atomic.StoreUint32(&e.state, state|slack*oneSlack)
	copy(e.value(), value)
}

// trim drops the slack.
func (e *entry) trim() { atomic.StoreUint32(&e.state, atomic.LoadUint32(&e.state)&(oneSlack-1)) }

// payload returns the bytes of the key and the value.
func (e *entry) payload() int { return e.keyLength() + int(e.lengths&maxValue) }

// uses returns how often the entry was read, at most maxUses.
func (e *entry) uses() uint32 { return atomic.LoadUint32(&e.state) / oneUse & maxUses }

// use counts a read. Readers may do so at once; then one of them may not be counted.
func (e *entry) use() {
	if s := atomic.LoadUint32(&e.state); s/oneUse&maxUses < maxUses {
		atomic.CompareAndSwapUint32(&e.state, s, s+oneUse)
	}
}

func (e *entry) setUses(n uint32) {
	atomic.StoreUint32(&e.state, atomic.LoadUint32(&e.state)&^(maxUses*oneUse)|n*oneUse)
}

func (e *entry) isDead() bool { return atomic.LoadUint32(&e.state)&dead != 0 }

func (e *entry) kill() { atomic.StoreUint32(&e.state, atomic.LoadUint32(&e.state)|dead) }
