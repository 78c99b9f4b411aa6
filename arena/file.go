// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/stats"
)

// A File is an arena that is stored in a file. Its objects are reached from Root by refs.
// Compact frees the objects that no ref reaches.
//
// The memory of a File is the process's own copy of the file. Sync stores all changes at
// once. Changes since the last Sync are lost when the process ends. So the file always
// holds the state of the last Sync.
//
// Methods and refs are safe for concurrent use, with one exception: nobody may write to the
// memory while Sync or Close runs. A File that the program drops without Close stays open.
type File struct {
	count   uint64 // bytes of data allocated; atomic; the first field, so aligned to 8 bytes
	seen    view
	path    string
	options FileOptions

	mu              sync.Mutex // guards the fields below
	file            *vm.File
	locked          bool
	identity        vm.FileInfo // of file, when it was opened
	inMemory        bool        // the file system keeps files in RAM
	mapping         vm.Mapping
	capacity        uint64 // bytes of data that are mapped, at most last.Capacity
	removeDescriber func()
	last            header // of the last commit
	next            header // of the next commit; count is its Used
	length          int64  // of the file, unless another program changed it
	broken          error  // why this File cannot commit; nil: it can
	closed          bool
	copies          []*copying // running copies
	gaps            []gap      // free memory below count, by offset
	usable, high    uint64     // bytes of memory, see mapsAhead; else 0
	noted           bool       // the kernel notes which pages are written, see mapsAhead
}

// fileSpace is the account of the memory of all files.
var fileSpace vm.Space

// mapData maps the data. The mapping has the length of the capacity. Its pages beyond the
// end of the file become usable when the file grows.
func (f *File) mapData() error {
	f.capacity = f.last.Capacity
	if limit := pageUp(uint64(f.options.Capacity)); limit > 0 {
		f.capacity = min(f.capacity, max(limit, pageUp(f.last.Used)))
	}
	var err error
	switch {
	case !fits(f.capacity):
		err = alloc.ErrOutOfMemory
	case !mapsAhead:
		err = f.mapMemory()
	default:
		kind := vm.Kind{File: f.file, Offset: f.last.dataAt()}
		if f.options.ReadOnly {
			kind.Access = vm.ReadOnly
		}
		f.mapping, err = fileSpace.MapKind(uintptr(f.capacity), kind)
	}
	if errors.Is(err, alloc.ErrOutOfMemory) {
		return fmt.Errorf("%w: a Capacity of %d bytes is more address space than the process can have: "+
			"set FileOptions.Capacity to a smaller size", err, f.capacity)
	}
	if err != nil {
		return err
	}
	f.seen.base = f.mapping.Base
	storeMemory.add(f.mapping.Base, f.mapping.Size)
	f.next = f.last
	atomic.StoreUint64(&f.count, max(f.last.Used, dataFloor))
	return nil
}

// take implements Store.
func (f *File) take(op string, size, align uint64) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	off, err := f.takeLocked(size, align)
	if err != nil {
		return 0, f.fail(op, err)
	}
	return off, nil
}

// takeLocked is take for a caller that holds mu.
func (f *File) takeLocked(size, align uint64) (uint64, error) {
	if err := f.writable(); err != nil {
		return 0, err
	}
	align = max(align, minAlign)
	if off, ok := f.takeGap(size, align, nearGaps); ok {
		return off, nil
	}
	off := (f.count + align - 1) &^ (align - 1)
	err := f.takeAt(off, size)
	if errors.Is(err, alloc.ErrLimit) {
		if off, ok := f.takeGap(size, align, len(f.gaps)); ok {
			return off, nil
		}
	}
	return off, err
}

// takeAt allocates size bytes at an offset where nothing is allocated.
func (f *File) takeAt(off, size uint64) error {
	if size > f.capacity || off > f.capacity-size {
		return fmt.Errorf("%w: %d bytes more than the %d in use exceed the capacity of %d",
			alloc.ErrLimit, size, f.count, f.capacity)
	}
	if err := f.extend(off + size); err != nil {
		return err
	}
	if err := f.back(pagesOf(f.count), pagesOf(off+size)); err != nil {
		return err
	}
	if err := f.makeUsable(pagesOf(off+size) * filePage); err != nil {
		return err
	}
	atomic.StoreUint64(&f.count, off+size)
	return nil
}

// lengthen implements Store.
func (f *File) lengthen(off, size uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.writable() != nil {
		return false
	}
	return off == f.count && f.takeAt(off, size) == nil || f.lengthenInGap(off, size)
}

// writable returns an error if the file cannot be changed. The caller holds mu.
func (f *File) writable() error {
	switch {
	case f.closed:
		return alloc.ErrClosed
	case f.broken != nil:
		return f.broken
	case f.options.ReadOnly:
		return ErrReadOnly
	}
	return nil
}

// findRoot implements Store.
func (f *File) findRoot(op string, t fingerprint, size, align uint64) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, f.fail(op, alloc.ErrClosed)
	}
	if f.next.Root == 0 {
		root, err := f.takeLocked(size, align)
		if err != nil {
			return 0, f.fail(op, err)
		}
		f.next.Root, f.next.RootType = root, t
	}
	if f.next.RootType != t {
		return 0, f.fail(op, ErrRootType)
	}
	return f.next.Root, nil
}

// Close closes the file and releases its memory. Changes since the last Sync are lost. Refs
// and pointers into the file are invalid afterwards. The error wraps ErrTruncated if
// another program has shortened the file. Further calls do nothing.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	f.removeDescriber()
	var err error
	if !f.options.ReadOnly && f.broken == nil {
		if err = f.whole(); err == nil {
			err = f.truncate(f.last.end())
		}
	}
	if err = errors.Join(err, f.release()); err != nil {
		return f.fail("Close", err)
	}
	return nil
}

// release releases what Open obtained. If the kernel does not unmap the mapping, it stays,
// as clean address space. release unlocks the file before it closes the descriptor, because
// a child process between fork and exec has a copy of the descriptor.
func (f *File) release() error {
	var errs []error
	if f.mapping.Size > 0 {
		storeMemory.remove(f.mapping.Base, f.mapping.Size)
		errs = append(errs, fileSpace.Release(f.mapping))
		fileSpace.Refund(uintptr(f.usable))
	}
	if f.file != nil {
		if f.locked {
			errs = append(errs, fileSpace.UnlockFile(f.file))
		}
		errs = append(errs, fileSpace.CloseFile(f.file))
	}
	f.mapping, f.file, f.locked = vm.Mapping{}, nil, false
	f.gaps, f.usable, f.high = nil, 0, 0
	atomic.StoreUint64(&f.count, 0) // from now on refs are invalid
	return errors.Join(errs...)
}

// Stats returns the numbers of the arena. Reserved is the capacity, and Resets is 0.
func (f *File) Stats() stats.Arena {
	f.mu.Lock()
	defer f.mu.Unlock()
	used := int64(f.usedBytes())
	return stats.Arena{Name: f.path, Concurrent: true, Reserved: int64(f.capacity),
		Used: used, Free: int64(f.capacity) - used, HighWater: int64(f.count), Chunks: 1}
}

func (f *File) view() *view { return &f.seen }

func (f *File) fail(op string, err error) error { return &FileError{Op: op, Path: f.path, Err: err} }

// Catch runs do and returns its error. If do uses memory of the file that the kernel cannot
// supply, Catch ends do and returns an error with the cause: another program shortened the
// file, the disk has an error, or do writes to a file that was opened for reading. Catch
// catches only the accesses of its own goroutine.
func (f *File) Catch(do func() error) error {
	var result error
	if err := fault.Catch(func() { result = do() }, f.describe); err != nil {
		return err
	}
	return result
}

// describe is the describer that package fault calls.
func (f *File) describe(addr uintptr) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.describeLocked(addr)
}

// describeLocked is describe for callers that hold mu.
func (f *File) describeLocked(addr uintptr) error {
	if f.closed || addr-f.mapping.Base >= f.mapping.Size {
		return nil
	}
	info, err := fileSpace.Stat(f.file)
	switch {
	case err == nil && f.last.dataAt()+int64(addr-f.mapping.Base) >= info.Size:
		err = fmt.Errorf("%w: another program made it %d bytes long", ErrTruncated, info.Size)
	case f.options.ReadOnly:
		err = ErrReadOnly
	case err == nil && info.Full: // some file systems, as tmpfs, take space when a page is read
		err = fmt.Errorf("%w, and the file system has no space for this page", ErrNoSpace)
	default:
		err = errors.New("the kernel could not supply the page: the disk has an error, or memory is full")
	}
	return f.fail(fmt.Sprintf("access at %#x", addr), err)
}
