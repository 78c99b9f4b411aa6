// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// A recording has the calls by which a File changed its disk, and the commits it reported
// meanwhile.
type recording struct {
	before []byte // contents before the first call
	calls  []diskCall
	acked  []uint64 // acked[k]: commits of which Sync had returned before calls[k]
}

// record runs do on a file that holds an image, or on no file if the image is nil. It
// returns the calls that changed the disk.
func record(t testing.TB, image []byte, do func(path string, acked *uint64)) *recording {
	t.Helper()
	r, path, acked := &recording{before: image}, filepath.Join(t.TempDir(), "recorded"), uint64(0)
	if image != nil {
		if err := os.WriteFile(path, image, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	diskLog = func(_ string, c diskCall) {
		c.data = bytes.Clone(c.data)
		r.calls, r.acked = append(r.calls, c), append(r.acked, acked)
	}
	defer func() { diskLog = nil }()
	do(path, &acked)
	r.acked = append(r.acked, acked)
	return r
}

const sectorSize = 512

// A disk is the possible contents of a disk after a power cut: all stored calls, any choice
// of sectors of the other writes, and changes of the length in order.
type disk struct {
	image   []byte     // all stored writes
	pending []diskCall // later calls
}

func (d *disk) do(c diskCall) {
	if c.kind == diskStore {
		d.image = d.rebuild(len(d.pending), func(int) bool { return true })
		d.pending = nil
		return
	}
	if c.kind == diskHole { // on the disk, zeros
		c = diskCall{kind: diskWrite, at: c.at, data: make([]byte, c.size)}
	}
	d.pending = append(d.pending, c)
}

// sectors returns the number of sectors of the pending writes.
func (d *disk) sectors() (n int) {
	for _, c := range d.pending {
		n += (len(c.data) + sectorSize - 1) / sectorSize
	}
	return n
}

// rebuild returns the image with those pending changes of the length that are among the
// first lengths calls, and with the chosen sectors of the pending writes.
func (d *disk) rebuild(lengths int, chosen func(sector int) bool) []byte {
	image, sector := bytes.Clone(d.image), 0
	for i, c := range d.pending {
		if c.kind == diskLength {
			if i < lengths {
				image = append(image, make([]byte, max(0, int(c.at)-len(image)))...)[:c.at]
			}
			continue
		}
		for off := 0; off < len(c.data); off += sectorSize {
			part := c.data[off:min(off+sectorSize, len(c.data))]
			if at := int(c.at) + off; chosen(sector) && at+len(part) <= len(image) {
				copy(image[at:], part)
			}
			sector++
		}
	}
	return image
}

// images calls check with images that the disk may hold now. If there are few, it uses all
// of them. Otherwise it uses no sector, all sectors, all except those of one call, and a
// number of random choices.
func (d *disk) images(random *rand.Rand, number int, check func(image []byte)) {
	n, seen := d.sectors(), map[string]bool{}
	try := func(lengths int, chosen func(int) bool) {
		if image := d.rebuild(lengths, chosen); !seen[string(image)] {
			seen[string(image)] = true
			check(image)
		}
	}
	for lengths := 0; lengths <= len(d.pending); lengths++ {
		if lengths > 0 && d.pending[lengths-1].kind != diskLength {
			continue
		}
		try(lengths, func(int) bool { return false })
		try(lengths, func(int) bool { return true })
		if n <= 6 {
			for bits := range 1 << n {
				try(lengths, func(i int) bool { return bits>>i&1 != 0 })
			}
			continue
		}
		first := 0
		for _, c := range d.pending {
			next := first + (len(c.data)+sectorSize-1)/sectorSize
			try(lengths, func(i int) bool { return i < first || i >= next })
			try(lengths, func(i int) bool { return i >= first && i < next })
			try(lengths, func(i int) bool { return i < next })
			first = next
		}
		for range number {
			share := random.Float64()
			try(lengths, func(int) bool { return random.Float64() < share })
		}
	}
}

// checkImages opens and verifies the images that a power cut between any two calls can
// leave. Each must hold the last reported commit or the next. If damage is not nil, it
// changes the image first. Open may then refuse the image, but must not accept other
// contents.
func (r *recording) checkImages(t *testing.T, number int, damage func(image []byte) bool) {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	dir := t.TempDir()
	count, refused := 0, 0
	d := disk{image: r.before}
	for k := range len(r.calls) + 1 {
		d.images(random, number, func(image []byte) {
			if damage != nil && !damage(image) {
				return
			}
			count++
			n, err := openImage(t, dir, image, FileOptions{Capacity: 1 << 20, Verify: true, NoStore: true})
			switch {
			case damage != nil && (isDamage(err) || errors.Is(err, ErrForeign)):
				refused++
			case err != nil:
				t.Fatalf("between calls %d and %d (%s): %v", k-1, k, r.name(k), err)
			case n < r.acked[k] || n > r.acked[k]+1:
				t.Fatalf("between calls %d and %d (%s): the file holds commit %d, and %d were made",
					k-1, k, r.name(k), n, r.acked[k])
			}
		})
		if k < len(r.calls) {
			d.do(r.calls[k])
		}
	}
	t.Logf("%d images between %d calls, %d refused", count, len(r.calls), refused)
}

func (r *recording) name(k int) string {
	if k == len(r.calls) {
		return "the end"
	}
	c := r.calls[k]
	return fmt.Sprintf("%s at %d, %d bytes", [...]string{"write", "length", "hole", "store"}[c.kind], c.at, len(c.data))
}

// commits makes the given number of commits, and closes the file.
func commits(t testing.TB, n int) func(path string, acked *uint64) {
	return func(path string, acked *uint64) {
		f, err := Open(path, FileOptions{Capacity: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; err == nil && i < n; i++ {
			if err = errors.Join(advance(f), f.Sync()); err == nil {
				*acked++
			}
		}
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFilePowerCut: after a power cut the file holds the last commit or the running one,
// whatever part of the writes reached the disk.
func TestFilePowerCut(t *testing.T) {
	number := 15
	if testing.Short() {
		number = 2
	}
	r := record(t, nil, commits(t, 3))
	t.Run("clean", func(t *testing.T) { r.checkImages(t, number, nil) })
	for slot := range 2 {
		t.Run(fmt.Sprintf("bad bit in slot %d", slot), func(t *testing.T) {
			r.checkImages(t, number/5, func(image []byte) bool {
				at := slot*filePage + 100
				if at >= len(image) {
					return false
				}
				image[at] ^= 1
				return true
			})
		})
	}
}

// TestFilePowerCutAgain: the power can fail during recovery, too.
func TestFilePowerCutAgain(t *testing.T) {
	_, marked, unfinished := images(t)
	unstored := bytes.Clone(marked)
	unstored[journalEnd(t, marked)-1] ^= 1
	for name, c := range map[string]struct {
		image []byte
		acked uint64
	}{"marked": {marked, 2}, "unfinished": {unfinished, 3}, "not stored": {unstored, 2}} {
		t.Run(name, func(t *testing.T) {
			r := record(t, c.image, func(path string, acked *uint64) {
				*acked = c.acked
				f, err := Open(path, FileOptions{})
				if err == nil {
					err = f.Close()
				}
				if err != nil {
					t.Fatal(err)
				}
			})
			r.checkImages(t, 5, nil)
		})
	}
}
