// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"time"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/offheap"
)

// magicOfCache begins the file of an offheap.Cache.
const magicOfCache = "ashlarC\x01"

// runCacheFile loads a file that the input describes into a Cache. The first byte selects how:
// the rest is the file, or the entries of a file with right checksums, or it damages the file of
// another Cache. The Cache must then have exactly the entries that the file has, or be unchanged.
// It runs in a bubble of testing/synctest, so that no entry expires meanwhile.
func runCacheFile(data []byte, directory string) error {
	if len(data) == 0 {
		return nil
	}
	var heap alloc.Allocator
	defer heap.Close()
	how, data := data[0], data[1:]
	path := filepath.Join(directory, "cache")
	file := data
	switch how % 3 {
	case 1:
		file = cacheFileOf(data)
	case 2:
		var err error
		if file, err = damagedCacheFile(&heap, path, data); err != nil {
			return err
		}
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		return err
	}
	return loadCacheFile(&heap, path, file)
}

// cacheFileOf returns a file of one block with these entries, which may be nonsense.
func cacheFileOf(entries []byte) []byte {
	count := uint32(0)
	decodeEntries(entries, func(_, _ []byte, _ uint64) { count++ })
	file := []byte(magicOfCache)
	if len(entries) > 0 {
		file = binary.LittleEndian.AppendUint32(file, uint32(len(entries)))
		file = binary.LittleEndian.AppendUint32(file, crc32.Checksum(entries, crc32.MakeTable(crc32.Castagnoli)))
		file = append(file, entries...)
	}
	return binary.LittleEndian.AppendUint32(append(file, 0, 0, 0, 0), count)
}

// damagedCacheFile saves a Cache, and changes a byte of the file or cuts it short, or does not.
func damagedCacheFile(heap *alloc.Allocator, path string, data []byte) (file []byte, err error) {
	c, err := offheap.NewCache[string, []byte](heap, offheap.CacheOptions{Bytes: 1 << 20})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	in := newStream(data)
	for range in.next() {
		if err := c.Set(fmt.Sprint(in.next()), bytes.Repeat([]byte{7}, in.next()), 0); err != nil {
			return nil, err
		}
	}
	if err := c.Save(path); err != nil {
		return nil, err
	}
	if file, err = os.ReadFile(path); err != nil {
		return nil, err
	}
	at := (in.next()<<8 | in.next()) % len(file)
	switch in.next() % 3 {
	case 0:
		return file[:at], nil
	case 1:
		file[at] ^= byte(in.next())
	}
	return file, nil
}

// A savedEntry is an entry of a file.
type savedEntry struct {
	key, value string
	expired    bool
}

// entriesOfCacheFile returns the entries of a file, and whether it is whole.
func entriesOfCacheFile(file []byte) (entries []savedEntry, whole bool) {
	now := time.Now().UnixMilli()
	rest, ok := bytes.CutPrefix(file, []byte(magicOfCache))
	for ok && len(rest) >= 8 {
		length, sum := binary.LittleEndian.Uint32(rest), binary.LittleEndian.Uint32(rest[4:])
		rest = rest[8:]
		if length == 0 {
			return entries, len(rest) == 0 && sum == uint32(len(entries))
		}
		if uint64(length) > uint64(len(rest)) || crc32.Checksum(rest[:length], crc32.MakeTable(crc32.Castagnoli)) != sum {
			break
		}
		ok = decodeEntries(rest[:length], func(key, value []byte, at uint64) {
			entries = append(entries, savedEntry{string(key), string(value), at != 0 && int64(at) <= now})
		})
		rest = rest[length:]
	}
	return nil, false
}

// decodeEntries calls f for each entry of a block. It returns false if the last is cut short.
func decodeEntries(block []byte, f func(key, value []byte, at uint64)) bool {
	for len(block) > 0 {
		var numbers [3]uint64
		for i := range numbers {
			n, size := binary.Uvarint(block)
			if size <= 0 {
				return false
			}
			numbers[i], block = n, block[size:]
		}
		key, both := numbers[0], numbers[0]+numbers[1]
		if key > uint64(len(block)) || numbers[1] > uint64(len(block)) || both > uint64(len(block)) {
			return false
		}
		f(block[:key], block[key:both], numbers[2])
		block = block[both:]
	}
	return true
}

// loadCacheFile loads the file into a new Cache and compares its entries with those expected.
func loadCacheFile(heap *alloc.Allocator, path string, file []byte) error {
	c, err := offheap.NewCache[string, []byte](heap, offheap.CacheOptions{Bytes: 16 << 20})
	if err != nil {
		return err
	}
	defer c.Close()
	time.Sleep(time.Second) // so that the Cache can tell the past from its beginning
	want, whole := entriesOfCacheFile(file)
	n, err := c.Load(path)
	if !whole {
		if !errors.Is(err, offheap.ErrBadFile) || n != 0 || c.Stats().Sets != 0 {
			return fmt.Errorf("of a damaged file %d entries were set, %d in all: %v", n, c.Stats().Sets, err)
		}
		return nil
	}
	entries := make(map[string]string)
	set := 0
	for _, e := range want {
		if !e.expired {
			entries[e.key] = e.value
			set++
		}
	}
	if err != nil || n != set || c.Stats().Entries != int64(len(entries)) {
		return fmt.Errorf("%d entries were set and %d are there, want %d and %d: %w", n, c.Stats().Entries, set, len(entries), err)
	}
	for key, value := range entries {
		if got, ok := c.Get(nil, key); !ok || string(got) != value {
			return fmt.Errorf("the value of %q is %q, want %q", key, got, value)
		}
	}
	return nil
}
