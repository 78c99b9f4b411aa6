// SPDX-License-Identifier: Apache-2.0

package store

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// An entry is the head of a block that holds a key and its value.
type entry struct {
	expires     int64
	keys, bytes uint32 // lengths of the key and the value, which follow
}

const entrySize = int(unsafe.Sizeof(entry{}))

// newEntry returns a new block with copies of key and value. The protocol's limits keep both
// far below 4 GiB.
func newEntry(memory *alloc.Allocator, key, value []byte, expires int64) (*entry, error) {
	p, err := memory.Malloc(entrySize + len(key) + len(value))
	if err != nil {
		return nil, err
	}
	e := (*entry)(p)
	*e = entry{expires, uint32(len(key)), uint32(len(value))}
	copy(e.key(), key)
	copy(e.value(), value)
	return e, nil
}

func (e *entry) pointer() unsafe.Pointer { return unsafe.Pointer(e) }

func (e *entry) key() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(e.pointer(), entrySize)), e.keys)
}

func (e *entry) value() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(e.pointer(), entrySize+int(e.keys))), e.bytes)
}

// size returns what the entry adds to Usage.Bytes.
func (e *entry) size() int64 { return int64(e.keys) + int64(e.bytes) }
