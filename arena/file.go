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

// A File is an arena whose contents live in a file. What was allocated is reached
// from Root by refs; nothing is freed but by removing the file.
//
// The memory is the process' own copy of the file: writes to it reach the file when
// Sync commits them, all together, and are gone when the process ends before. So the
// file holds the state of the last Sync, always.
//
// Methods and refs may be used concurrently, with one exception: nobody may write to the
// memory while Sync or Close runs. A File that is dropped without Close stays open.
type File struct {
	count   uint64 // bytes of data allocated; atomic, and first: aligned to 8 bytes
	seen    view
	path    string
	options FileOptions

	mu              sync.Mutex // guards what follows
	file            *vm.File
	locked          bool
	inMemory        bool // on a file system whose files are RAM
	mapping         vm.Mapping
	capacity        uint64 // bytes of data that are mapped, at most last.Capacity
	removeDescriber func()
	last            header // committed
	next            header // to be committed; its Used is count
	length          int64  // of the file, unless somebody else changed it
	broken          error  // why there can be no more commits
	closed          bool
	copies          []*copying // that are being made
}

// fileSpace is the account of all files' memory.
var fileSpace vm.Space

// show maps the data. The mapping is as long as the capacity, and its pages beyond the
// end of the file come into being when the file is made longer.
func (f *File) show() error {
	f.capacity = f.last.Capacity
	if limit := pageUp(uint64(f.options.Capacity)); limit > 0 {
		f.capacity = min(f.capacity, max(limit, pageUp(f.last.Used)))
	}
	var err error
	if !fits(f.capacity) {
		err = alloc.ErrOutOfMemory
	} else {
		kind := vm.Kind{File: f.file, Offset: f.last.dataAt()}
		if f.options.ReadOnly {
			kind.Access = vm.ReadOnly
		}
		f.mapping, err = fileSpace.MapKind(uintptr(f.capacity), kind)
	}
	if errors.Is(err, alloc.ErrOutOfMemory) {
		return fmt.Errorf("%w: a Capacity of %d bytes is more address space than the process can have, "+
			"set FileOptions.Capacity to less", err, f.capacity)
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
	off := (f.count + align - 1) &^ (align - 1)
	return off, f.takeAt(off, size)
}

// takeAt allocates size bytes at an offset, at which nothing was allocated.
func (f *File) takeAt(off, size uint64) error {
	if size > f.capacity || off > f.capacity-size {
		return fmt.Errorf("%w: %d bytes more than the %d in use exceed the capacity of %d",
			alloc.ErrLimit, size, f.count, f.capacity)
	}
	if err := f.extend(off + size); err != nil {
		return err
	}
	if err := f.back(off + size); err != nil {
		return err
	}
	atomic.StoreUint64(&f.count, off+size)
	return nil
}

// lengthen implements Store.
func (f *File) lengthen(off, size uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writable() == nil && off == f.count && f.takeAt(off, size) == nil
}

// writable tells why there can be no changes, if so. The caller holds mu.
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

// rooted implements Store.
func (f *File) rooted(op string, t fingerprint, size, align uint64) (uint64, error) {
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

// Close closes the file and gives its memory back. What was not synced is lost; refs
// and pointers into it must not be used any more. The error wraps ErrTruncated if
// somebody has cut the file meanwhile. Further calls do nothing.
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

// release gives back what Open obtained. A mapping that the kernel does not take back
// stays, as clean address space. The lock is released before the descriptor is closed:
// a child between fork and exec holds a copy of the descriptor.
func (f *File) release() error {
	var errs []error
	if f.mapping.Size > 0 {
		storeMemory.remove(f.mapping.Base, f.mapping.Size)
		errs = append(errs, fileSpace.Release(f.mapping))
	}
	if f.file != nil {
		if f.locked {
			errs = append(errs, fileSpace.UnlockFile(f.file))
		}
		errs = append(errs, fileSpace.CloseFile(f.file))
	}
	f.mapping, f.file, f.locked = vm.Mapping{}, nil, false
	atomic.StoreUint64(&f.count, 0) // refs lead nowhere now
	return errors.Join(errs...)
}

// Stats returns the numbers of the arena: Reserved is the capacity, Resets is 0.
func (f *File) Stats() stats.Arena {
	f.mu.Lock()
	defer f.mu.Unlock()
	used := int64(f.count)
	return stats.Arena{Name: f.path, Concurrent: true, Reserved: int64(f.capacity),
		Used: used, Free: int64(f.capacity) - used, HighWater: used, Chunks: 1}
}

func (f *File) view() *view { return &f.seen }

func (f *File) fail(op string, err error) error { return &FileError{Op: op, Path: f.path, Err: err} }

// Catch runs do and returns its error. If do accesses memory of the file that the kernel
// cannot supply, do ends there and the error says why: somebody made the file shorter,
// the disk has an error, or do writes to a file that was opened for reading. Catch
// catches accesses by its own goroutine only.
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
		err = fmt.Errorf("%w: somebody made it %d bytes long", ErrTruncated, info.Size)
	case f.options.ReadOnly:
		err = ErrReadOnly
	case err == nil && info.Full: // some, as tmpfs, want room for what is but read
		err = fmt.Errorf("%w, and this page was never in it", ErrNoSpace)
	default:
		err = errors.New("the kernel could not supply the page: an error of the disk, or no memory left")
	}
	return f.fail(fmt.Sprintf("access at %#x", addr), err)
}
