package arena

import (
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/stats"
)

// FileOptions are the settings of Open. The zero value is the default of each.
type FileOptions struct {
	// Capacity bounds the data of a file that is made, in bytes, for all its life. It
	// is address space, and a hole of a thousandth of it in the file. A file that
	// exists keeps its own. Default: 16 GiB, on 32-bit systems 256 MiB.
	Capacity int64

	// ReadOnly opens a file that exists, for reading; several may do that at once.
	// Writing to its memory faults.
	ReadOnly bool

	// Permissions are those of a file that is made, less the umask. Default: 0600.
	Permissions fs.FileMode

	// Verify checks the sums of all data before Open returns, as File.Verify does.
	// Without it Open takes the same time whatever the file holds.
	Verify bool

	// NoStore leaves it to the kernel when to write to the disk. A commit then
	// survives the death of the process, but not that of the system.
	NoStore bool
}

const defaultCapacity = 256 << 20 << (6 * (bits.UintSize / 64))

// A File is an arena whose contents live in a file. What was allocated is reached
// from Root by refs; nothing is freed but by removing the file.
//
// The memory is the process' own copy of the file: writes to it reach the file when
// Sync commits them, all together, and are gone when the process ends before. So the
// file holds the state of the last Sync, always.
//
// Methods and refs may be used concurrently, but for this: nobody may write to the
// memory while Sync or Close runs. A File that is dropped without Close stays open.
type File struct {
	seen    view
	path    string
	options FileOptions

	mu        sync.Mutex // guards what follows
	file      *vm.File
	mapping   vm.Mapping
	unexplain func()
	last      header // committed
	next      header // to be committed; its Used is count
	length    int64  // of the file
	broken    error  // why there can be no more commits
	closed    bool
	commits   int64
	count     uint64 // bytes of data allocated; atomic
}

// fileSpace is the account of all files' memory.
var fileSpace vm.Space

// Open opens the arena in the file at path, or makes it. A commit that a process died
// in is finished first, or undone. The error is a *FileError: ErrForeign, ErrVersion,
// ErrDamaged, ErrTruncated, ErrUnfinished and ErrInUse say why a file is refused.
//
// The header's sums are always checked, those of the data with FileOptions.Verify or
// by File.Verify.
func Open(path string, o FileOptions) (*File, error) {
	f := &File{path: path, options: o}
	f.seen.used = &f.count
	if err := f.open(); err != nil {
		return nil, f.fail("Open", errors.Join(err, f.release()))
	}
	f.unexplain = fault.Register(f.explain)
	return f, nil
}

func (f *File) open() error {
	capacity := uint64(f.options.Capacity)
	if capacity == 0 {
		capacity = defaultCapacity
	}
	capacity = (capacity + dataAlign - 1) &^ (dataAlign - 1)
	if f.options.Capacity < 0 || capacity > mostCapacity || !fits(capacity) {
		return fmt.Errorf("%w: a capacity of %d bytes", alloc.ErrInvalidSize, f.options.Capacity)
	}
	if err := f.openFile(capacity); err != nil {
		return err
	}
	if err := f.recover(); err != nil {
		return err
	}
	if err := f.show(); err != nil {
		return err
	}
	if f.options.Verify {
		return f.verify()
	}
	return nil
}

// openFile opens the file, or makes one of no bytes, locks it, and writes the header
// of one without.
func (f *File) openFile(capacity uint64) (err error) {
	if f.options.ReadOnly {
		f.file, err = fileSpace.Open(f.path, 0, 0)
	} else {
		permissions := uint32(f.options.Permissions.Perm())
		if permissions == 0 {
			permissions = 0o600
		}
		f.file, err = fileSpace.Open(f.path, vm.ForWriting|vm.Create, permissions)
	}
	if err != nil {
		return err
	}
	if err := fileSpace.LockFile(f.file, !f.options.ReadOnly, false); err != nil {
		return err
	}
	info, err := fileSpace.Stat(f.file)
	switch {
	case err != nil:
		return err
	case !info.Regular:
		return fmt.Errorf("%w: it is no regular file", ErrForeign)
	case info.Size == 0 && !f.options.ReadOnly:
		return f.create(capacity)
	}
	f.length = info.Size
	return nil
}

// show maps the data. The mapping is as long as the capacity, and the pages behind the
// end of the file come into being when that is made longer.
func (f *File) show() error {
	if !fits(f.last.Capacity) {
		return fmt.Errorf("%w: its capacity of %d bytes is more than an address space", alloc.ErrOutOfMemory, f.last.Capacity)
	}
	kind := vm.Kind{File: f.file, Offset: f.last.dataAt()}
	if f.options.ReadOnly {
		kind.Access = vm.ReadOnly
	}
	m, err := fileSpace.MapKind(uintptr(f.last.Capacity), kind)
	if err != nil {
		return err
	}
	f.mapping, f.seen.base = m, m.Base
	f.next = f.last
	atomic.StoreUint64(&f.count, max(f.last.Used, dataFloor))
	return nil
}

// take implements Store.
func (f *File) take(op string, size, align uint64) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.writable(); err != nil {
		return 0, f.fail(op, err)
	}
	align = max(align, minAlign)
	off := (f.count + align - 1) &^ (align - 1)
	if size > f.last.Capacity || off > f.last.Capacity-size {
		return 0, f.fail(op, fmt.Errorf("%w: %d bytes more than the %d in use exceed the capacity of %d",
			alloc.ErrLimit, size, f.count, f.last.Capacity))
	}
	if err := f.extend(off + size); err != nil {
		return 0, f.fail(op, err)
	}
	atomic.StoreUint64(&f.count, off+size)
	return off, nil
}

// extend makes the file long enough for so many bytes of data to be accessible, and
// for twice as many if it is not.
func (f *File) extend(used uint64) error {
	const least = 1 << 20
	if f.length >= f.last.dataAt()+int64(pagesOf(used)*filePage) {
		return nil
	}
	size := min(max(2*used, least), f.last.Capacity)
	length := f.last.dataAt() + int64(pagesOf(size)*filePage)
	if err := fileSpace.Truncate(f.file, length); err != nil {
		return err
	}
	f.length = length
	return nil
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
func (f *File) rooted(op string, t fingerprint, make func() (uint64, error)) (uint64, error) {
	f.mu.Lock()
	root, known, closed := f.next.Root, f.next.RootType, f.closed
	f.mu.Unlock()
	switch {
	case closed:
		return 0, f.fail(op, alloc.ErrClosed)
	case root == 0:
		return f.newRoot(t, make)
	case known != t:
		return 0, f.fail(op, ErrRootType)
	}
	return root, nil
}

func (f *File) newRoot(t fingerprint, make func() (uint64, error)) (uint64, error) {
	root, err := make()
	if err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next.Root == 0 {
		f.next.Root, f.next.RootType = root, t
	}
	return f.next.Root, nil
}

// Close closes the file and gives its memory back. What was not synced is lost; refs
// and pointers into it must not be used any more. Further calls do nothing.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	f.closed = true
	f.unexplain()
	var err error
	if !f.options.ReadOnly && f.broken == nil {
		err = fileSpace.Truncate(f.file, f.last.end())
	}
	if err = errors.Join(err, f.release()); err != nil {
		return f.fail("Close", err)
	}
	return nil
}

// release gives back what Open obtained. A mapping that the kernel does not take back
// stays, as clean address space.
func (f *File) release() error {
	var errs []error
	if f.mapping.Size > 0 {
		errs = append(errs, fileSpace.Release(f.mapping))
	}
	if f.file != nil {
		errs = append(errs, fileSpace.CloseFile(f.file))
	}
	f.mapping, f.file = vm.Mapping{}, nil
	atomic.StoreUint64(&f.count, 0) // refs lead nowhere now
	return errors.Join(errs...)
}

// Stats returns the numbers of the arena: Reserved is the capacity, Resets is 0.
func (f *File) Stats() stats.Arena {
	f.mu.Lock()
	defer f.mu.Unlock()
	used := int64(f.count)
	return stats.Arena{Name: f.path, Concurrent: true, Reserved: int64(f.last.Capacity),
		Used: used, Free: int64(f.last.Capacity) - used, HighWater: used, Chunks: 1}
}

func (f *File) view() *view { return &f.seen }

func (f *File) fail(op string, err error) error { return &FileError{Op: op, Path: f.path, Err: err} }

// Access runs f and returns what it returns. If f accesses memory of the file that
// cannot be had, because somebody made the file shorter, the disk has an error, or it
// was opened for reading and is written to, f ends there, and the error says so. Only
// accesses by f's own goroutine are caught.
func (f *File) Access(do func() error) error {
	var result error
	if err := fault.Catch(func() { result = do() }, f.explain); err != nil {
		return err
	}
	return result
}

// explain implements an explainer of package fault.
func (f *File) explain(addr uintptr) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.explainLocked(addr)
}

// explainLocked is explain for who holds mu.
func (f *File) explainLocked(addr uintptr) error {
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
