// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ErrBadFile means that a file was not written by Save, by an unknown version of it, or that it is
// damaged or cut short.
var ErrBadFile = errors.New("offheap: not a whole file of a cache")

// A file is a magic number and blocks. A block is its length (4 bytes), the CRC-32C of its
// entries (4 bytes) and the entries. An entry is the lengths of key and value and the time at
// which it expires (milliseconds since 1970, 0: never), as uvarints, and the key and the value.
// The last block has length 0, and the number of all entries instead of a checksum.
const (
	fileMagic = "ashlarC\x01" // the last byte is the version
	maxBlock  = 64<<20 - 1
)

// castagnoli returns the table of the checksum. The first call makes it, which takes a quarter of a millisecond
// that programs without checksums should not pay at their start.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// Save writes all entries to a file. It replaces the file at once at the end (rename), so after a
// crash the file is the old one or the new one. The Cache may be used meanwhile. An entry that is
// set meanwhile, or that other sets make the Cache move, may be missing.
func (c *Cache[K, V]) Save(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := c.c.write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDirectory(filepath.Dir(path))
}

// syncDirectory waits until the names of a directory are on the disk. Windows forbids the call:
// NTFS has the names in a log, which it stores with the files.
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, fs.ErrPermission) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// write writes the contents of the file.
func (c *cache) write(w io.Writer) error {
	if _, err := io.WriteString(w, fileMagic); err != nil {
		return err
	}
	var block []byte
	total := uint32(0)
	for i := range c.shards {
		for number, more := 0, true; more; number++ {
			var n uint32
			block, n, more = c.shards[i].encode(append(block[:0], 0, 0, 0, 0, 0, 0, 0, 0), number)
			if n == 0 {
				continue
			}
			total += n
			binary.LittleEndian.PutUint32(block, uint32(len(block)-8))
			binary.LittleEndian.PutUint32(block[4:], crc32.Checksum(block[8:], castagnoli()))
			if _, err := w.Write(block); err != nil {
				return err
			}
		}
	}
	_, err := w.Write(binary.LittleEndian.AppendUint32([]byte{0, 0, 0, 0}, total))
	return err
}

// encode appends the live entries of a segment to b. more is false if there is no such segment.
func (s *cacheShard) encode(b []byte, number int) (_ []byte, n uint32, more bool) {
	t := s.rlock("Cache.Save")
	defer t.runlock()
	if number >= len(s.segments) {
		return b, 0, false
	}
	for off := 0; off < s.segments[number].end; {
		e := s.entryAt(uint32(number)<<s.shift + uint32(off/unit) + 1)
		if off += e.size(); e.isDead() {
			continue
		}
		key, value, at := e.key(), e.value(), e.at()
		if at != 0 {
			at += s.started.UnixMilli()
		}
		b = binary.AppendUvarint(b, uint64(len(key)))
		b = binary.AppendUvarint(b, uint64(len(value)))
		b = binary.AppendUvarint(b, uint64(at))
		b = append(append(b, key...), value...)
		n++
	}
	return b, n, true
}

// Load sets all entries of a file from Save that have not expired, and returns how many it has
// set. It reads the whole file first. If the file is damaged, the Cache is unchanged, and the
// error wraps ErrBadFile. An entry that does not fit is left out.
func (c *Cache[K, V]) Load(path string) (n int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if err := readEntries(f, func(_, _ []byte, _ int64) {}); err != nil {
		return 0, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	err = readEntries(f, func(key, value []byte, at int64) {
		ttl := time.Duration(0)
		if at != 0 {
			if ttl = time.Until(time.UnixMilli(at)); ttl <= 0 {
				return
			}
		}
		if c.c.set(key, value, ttl) == nil {
			n++
		}
	})
	return n, err
}

// readEntries calls f for each entry of a file.
func readEntries(r io.Reader, f func(key, value []byte, at int64)) error {
	in := bufio.NewReaderSize(r, 1<<20)
	var head [8]byte
	if _, err := io.ReadFull(in, head[:]); err != nil || string(head[:]) != fileMagic {
		return bad("its magic number is %q", head[:])
	}
	var block bytes.Buffer
	for total := uint32(0); ; {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return bad("it ends before its last block: %v", err)
		}
		length, sum := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
		if length == 0 {
			if _, err := in.ReadByte(); err != io.EOF || sum != total {
				return bad("it has %d entries instead of %d, or more after them", total, sum)
			}
			return nil
		}
		if length > maxBlock {
			return bad("a block has %d bytes", length)
		}
		block.Reset()
		if _, err := io.CopyN(&block, in, int64(length)); err != nil { // it grows with what is there, whatever the length says
			return bad("it ends inside a block: %v", err)
		}
		if got := crc32.Checksum(block.Bytes(), castagnoli()); got != sum {
			return bad("a block has the checksum %#x instead of %#x", got, sum)
		}
		n, ok := decode(block.Bytes(), f)
		if !ok {
			return bad("an entry is cut short")
		}
		total += n
	}
}

// decode calls f for each entry of a block.
func decode(block []byte, f func(key, value []byte, at int64)) (n uint32, ok bool) {
	for ; len(block) > 0; n++ {
		var numbers [3]uint64 // lengths of key and value; time
		for i := range numbers {
			x, size := binary.Uvarint(block)
			if size <= 0 {
				return 0, false
			}
			numbers[i], block = x, block[size:]
		}
		key, value := numbers[0], numbers[1]
		if key > maxKey || value > maxValue || key+value > uint64(len(block)) {
			return 0, false
		}
		f(block[:key], block[key:key+value], int64(numbers[2]))
		block = block[key+value:]
	}
	return n, true
}

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrBadFile}, args...)...)
}
