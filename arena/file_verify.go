// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ashlar-go/ashlar/alloc"
)

// Verify reads all data of the last commit and compares them with their checksums. The
// error wraps ErrDamaged and names the first place that differs, or wraps ErrTruncated. After
// a commit that failed with ErrReopen it wraps ErrReopen: open the file again first.
func (f *File) Verify() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.broken // the file may have half of a commit
	switch {
	case f.closed:
		err = alloc.ErrClosed
	case err == nil:
		err = f.verify()
	}
	if err != nil {
		return f.fail("Verify", err)
	}
	return nil
}

func (f *File) verify() error {
	h := &f.last
	sums := make([]byte, filePage)
	return f.readPages(h.place(0), h.pages(), func(i uint64, page []byte) error {
		if i%perTable == 0 {
			if err := f.read(sums, h.tablePlace(i)); err != nil {
				return err
			}
		}
		return compareSum(h, sums, i, page)
	})
}

// compareSum compares page i of the data with its checksum in a page of the table.
func compareSum(h *header, sums []byte, i uint64, page []byte) error {
	if binary.NativeEndian.Uint32(sums[i%perTable*sumSize:]) != sum(page) {
		return fmt.Errorf("%w: the checksum of the data at offset %d, byte %d of the file",
			ErrDamaged, i*filePage, h.place(i))
	}
	return nil
}

// read reads a part of the file. It fails if the file is too short.
func (f *File) read(p []byte, at int64) error {
	err := fileSpace.ReadFile(f.file, p, at)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends before byte %d", ErrTruncated, at+int64(len(p)))
	}
	return err
}
