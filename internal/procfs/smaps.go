// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strconv"
)

// An Area is one mapping of the process in /proc/self/smaps. All sizes are in bytes.
type Area struct {
	Start, End uintptr
	Name       []byte // path or name, empty if there is none; valid until the next Area

	RSS        int64 // resident
	PSS        int64 // resident; a page shared by n processes counts 1/n
	Referenced int64 // resident, and used since the marks were last cleared
	AnonHuge   int64 // in transparent huge pages
	LazyFree   int64 // resident, but the kernel may take it (MADV_FREE)
	Swap       int64
	Locked     int64
}

// Smaps calls each for every mapping of the process, in order of address. It reads the
// file in pieces, so it needs the same memory for any number of mappings. Meanwhile the
// kernel walks the page tables, which takes about 1 ms for each GiB of small pages.
func Smaps(root fs.FS, each func(*Area)) error {
	const name = "proc/self/smaps"
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var (
		r    = bufio.NewReaderSize(f, 64<<10)
		area Area
		path []byte
		any  bool
	)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("procfs: %s: %w", name, err)
		}
		if start, end, rest, ok := parseRange(line); ok {
			if any {
				each(&area)
			}
			path = append(path[:0], rest...)
			area, any = Area{Start: start, End: end, Name: path}, true
		} else {
			area.set(line)
		}
		if err == io.EOF {
			break
		}
	}
	if any {
		each(&area)
	}
	return nil
}

// set parses a line like "Rss: 12 kB" and sets its field.
func (a *Area) set(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	var to *int64
	switch string(name) {
	case "Rss":
		to = &a.RSS
	case "Pss":
		to = &a.PSS
	case "Referenced":
		to = &a.Referenced
	case "AnonHugePages":
		to = &a.AnonHuge
	case "LazyFree":
		to = &a.LazyFree
	case "Swap":
		to = &a.Swap
	case "Locked":
		to = &a.Locked
	default:
		return
	}
	*to = kilobytes(value)
}

// parseRange parses the first line of a mapping:
//
//	7f0000000000-7f0000021000 rw-p 00000000 00:00 0        [anon:name]
//
// rest is the part after the inode.
func parseRange(line []byte) (start, end uintptr, rest []byte, ok bool) {
	from, after, found := bytes.Cut(line, []byte("-"))
	if !found {
		return 0, 0, nil, false
	}
	to, after, found := bytes.Cut(after, []byte(" "))
	if !found {
		return 0, 0, nil, false
	}
	first, err := strconv.ParseUint(string(from), 16, strconv.IntSize)
	if err != nil {
		return 0, 0, nil, false
	}
	last, err := strconv.ParseUint(string(to), 16, strconv.IntSize)
	if err != nil {
		return 0, 0, nil, false
	}
	for range 4 { // permissions, offset, device, inode
		_, after, _ = bytes.Cut(bytes.TrimLeft(after, " "), []byte(" "))
	}
	return uintptr(first), uintptr(last), bytes.TrimSpace(after), true
}
