// SPDX-License-Identifier: Apache-2.0

package arena

import "github.com/ashlar-go/ashlar/internal/vm"

// mapsAhead says that the memory of a File is a private mapping of the file, which is longer than
// the file and grows into it. Where the kernel has no such mappings (Windows), the memory is
// private memory. Open reads the file into it. The kernel notes which pages are written (vm.Copies),
// until a commit has written them to the file; otherwise a commit compares memory with the file:
//
//	0                    high              usable                   capacity
//	┌────────────────────┬─────────────────┬────────────────────────┐
//	│ has been allocated │ zero            │ reserved, inaccessible │
//	└────────────────────┴─────────────────┴────────────────────────┘
//
// A file that is opened for reading never grows, so its mapping is as long as its data.
var mapsAhead = vm.Able(vm.FilesAhead)

// mapMemory makes the memory of a File without mapsAhead.
func (f *File) mapMemory() (err error) {
	page := uint64(vm.PageSize())
	used := (f.last.Used + page - 1) &^ (page - 1)
	if f.options.ReadOnly && used > 0 {
		f.mapping, err = fileSpace.MapKind(uintptr(used), vm.Kind{File: f.file, Offset: f.last.dataAt(), Access: vm.ReadOnly})
		return err
	}
	if f.mapping, err = fileSpace.MapKind(uintptr(f.capacity), vm.Kind{Access: vm.NoAccess, Watched: true}); err != nil {
		return err
	}
	if err := f.makeUsable(f.last.pages() * filePage); err != nil {
		return err
	}
	err = f.readPages(f.last.place(0), f.last.pages(), func(i uint64, data []byte) error {
		copy(memory(f.mapping.Base, i), data)
		return nil
	})
	f.noted = err == nil && fileSpace.Forget(f.mapping.Base, f.mapping.Size) == nil
	return err
}

// makeUsable makes the memory below an offset usable, and twice as much if it is short.
func (f *File) makeUsable(to uint64) error {
	if mapsAhead || to <= f.high {
		return nil
	}
	if to > f.usable {
		page := uint64(vm.PageSize())
		size := (min(max(2*f.usable, to, 1<<20), max(f.capacity, to)) + page - 1) &^ (page - 1)
		size = min(size, uint64(f.mapping.Size))
		more := uintptr(size - f.usable)
		if err := fileSpace.Charge(more); err != nil {
			return err
		}
		if err := fileSpace.Protect(f.mapping.Base+uintptr(f.usable), more, vm.ReadWrite); err != nil {
			fileSpace.Refund(more)
			return err
		}
		f.usable = size
	}
	f.high = to
	return nil
}

// clearBeyond zeroes the memory from an offset on, as the kernel does in a mapping whose file is
// cut off.
func (f *File) clearBeyond(from uint64) {
	if mapsAhead || from >= f.high {
		return
	}
	fileSpace.Clear(f.mapping.Base+uintptr(from), uintptr(f.high-from))
	f.high = from
}
