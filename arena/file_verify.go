package arena

import (
	"encoding/binary"
	"fmt"

	"github.com/ashlar-go/ashlar/alloc"
)

// Verify reads all that the last commit wrote and compares it with its sums. The error
// wraps ErrDamaged and names the first place that differs.
func (f *File) Verify() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := alloc.ErrClosed
	if !f.closed {
		err = f.verify()
	}
	if err != nil {
		return f.fail("Verify", err)
	}
	return nil
}

func (f *File) verify() error {
	const batch = 256
	t := table{file: f, pages: map[int64][]byte{}}
	buffer := make([]byte, batch*filePage)
	for at, pages := uint64(0), f.last.pages(); at < pages; at += batch {
		n := min(batch, pages-at)
		if err := fileSpace.ReadFile(f.file, buffer[:n*filePage], f.last.place(at)); err != nil {
			return err
		}
		for i := range n {
			if err := t.check(at+i, buffer[i*filePage:(i+1)*filePage]); err != nil {
				return err
			}
		}
		clear(t.pages)
	}
	return nil
}

// check compares page i of the data with its sum.
func (t *table) check(i uint64, page []byte) error {
	sums, err := t.page(i)
	if err != nil {
		return err
	}
	if binary.NativeEndian.Uint32(sums[i%perTable*sumSize:]) != sum(page) {
		return fmt.Errorf("%w: that of the data from offset %d on, byte %d of the file",
			ErrDamaged, i*filePage, t.file.last.place(i))
	}
	return nil
}
