// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"io/fs"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// HugePages says which pages a Region shall have, and had.
type HugePages uint8

const (
	// SmallPages are those of the kernel's page size, or what it makes of them.
	SmallPages HugePages = iota
	// TransparentPages asks for transparent huge pages: the region is aligned to
	// them, and the kernel is advised to use them. It does so as it finds memory.
	TransparentPages
	// ExplicitPages asks for those that the system sets aside (vm.nr_hugepages).
	// They are never swapped. When there are not enough, and for files and shared
	// objects, the region gets transparent ones; Region.HugePages tells.
	ExplicitPages
)

func (h HugePages) String() string {
	return [...]string{"small", "transparent huge", "explicit huge"}[h]
}

// Options are what every kind of Region has to choose. The zero value is
// the default of each.
type Options struct {
	// Name is shown by Regions, in errors and, where the kernel can, in
	// /proc/self/maps. Default: the path of a file, the name of a shared object.
	Name string

	// Align is what the address of Bytes is a multiple of: a power of two. Default:
	// the page size. For a window of a file that begins inside a page it is the
	// page that is aligned.
	Align int

	// GuardPages puts a page without access in front of the region and one behind it:
	// to run over its ends is a fault. They cost two mappings, and Resize then moves
	// the region always.
	GuardPages bool

	// HugePages asks for huge pages. Default: SmallPages.
	HugePages HugePages

	// Populate brings all pages in at once, as far as there is memory.
	Populate bool

	// Lock keeps the region in RAM, as Region.Lock does.
	Lock bool
}

// MapOptions are the settings of Map.
type MapOptions struct {
	Options

	// Secret is for keys: the memory is locked, has guards, is in no core dump, does
	// not reach a child of fork, and is wiped by Close. Where the kernel has
	// memfd_secret (Linux 5.14, enabled by default from 6.5), neither the kernel
	// nor other processes can reach it by accident. It is RAM that the process may
	// lock: see ErrLockLimit. Explicit huge pages are not for it.
	Secret bool
}

// FileMode says what writes to a mapped file do.
type FileMode uint8

const (
	// FileReadOnly refuses them: a write faults. The default.
	FileReadOnly FileMode = iota
	// FileShared has them reach the file and everyone who maps or reads it.
	FileShared
	// FileCopyOnWrite gives the region its own copy of the pages that are written.
	FileCopyOnWrite
)

func (m FileMode) String() string {
	return [...]string{"read-only", "shared", "copy on write"}[m]
}

// FileOptions are the settings of MapFile.
type FileOptions struct {
	Options

	// Mode says what writes do. Default: FileReadOnly.
	Mode FileMode

	// Offset is where in the file the region begins, in bytes; any.
	Offset int64

	// Length is that of the region in bytes. With FileShared a file that ends before
	// grows; otherwise that is ErrTruncated. Default: to the end of the file.
	Length int

	// Create makes the file if it does not exist. FileShared only.
	Create bool

	// Permissions are those of a file that is made, less the umask. Default: 0600.
	Permissions fs.FileMode

	// Sparse leaves the space of what the file grows by to be found when it is
	// written, and a full disk to be a fault then. Default: the space is taken
	// when the file grows, and its lack is ErrNoSpace.
	Sparse bool
}

// OpenMode says whether a shared object is made or found.
type OpenMode uint8

const (
	// OpenOrCreate takes the object of that name, or makes it. The default.
	OpenOrCreate OpenMode = iota
	// MustCreate makes it; that there is one is fs.ErrExist.
	MustCreate
	// MustExist takes it; that there is none is fs.ErrNotExist.
	MustExist
)

// SharedOptions are the settings of MapShared and MapInherited.
type SharedOptions struct {
	Options

	// Open says whether a named object is made or found. Default: OpenOrCreate.
	Open OpenMode

	// Begin is called with the bytes of the object before MapShared or MapInherited
	// returns. made tells that they are zero since the object is new: Begin fills it
	// then, and others do not see it before. An error of Begin is that of the call; a
	// new object is not made then, and one that exists stays as it is. Default: none.
	Begin func(b []byte, made bool) error

	// ReadOnly maps an object that exists for reading.
	ReadOnly bool

	// Permissions are those of an object that is made, less the umask, and the most
	// that one that is found may have. Unless they admit other users, an object that
	// belongs to one is refused: anyone can put a file into /dev/shm. Default: 0600.
	Permissions fs.FileMode

	// Unlink removes the name when the region is closed, if it is still that of this
	// object. Processes that have it mapped keep it.
	Unlink bool

	// Sparse leaves the RAM of a named object to be found when it is written, and a
	// full /dev/shm to be a fault then. Default: it is taken when the object is made
	// or grows, and its lack is ErrNoSpace. A memfd is always sparse.
	Sparse bool
}

// permissions returns the nine bits, or the default of them.
func permissions(m fs.FileMode) uint32 {
	if m == 0 {
		return 0o600
	}
	return uint32(m.Perm())
}

// Access says what a program may do with pages.
type Access uint8

// The kinds of access.
const (
	ReadWrite = Access(vm.ReadWrite)
	ReadOnly  = Access(vm.ReadOnly) // writing faults
	NoAccess  = Access(vm.NoAccess) // reading faults too
)

// Advice tells the kernel how a region is going to be used, or asks it to do
// something about it now.
type Advice uint8

// The kinds of advice. A range of DontNeed and Free is rounded inwards to pages,
// one of others outwards.
const (
	AdviseNormal        = Advice(vm.Normal)
	AdviseSequential    = Advice(vm.Sequential) // read ahead much
	AdviseRandom        = Advice(vm.Random)     // do not read ahead
	AdviseWillNeed      = Advice(vm.WillNeed)   // begin to read now
	AdviseDontNeed      = Advice(vm.DontNeed)   // drop the pages: private ones are zeros, or the file's again
	AdviseFree          = Advice(vm.Free)       // drop them when RAM is short; only Map
	AdviseHugePage      = Advice(vm.HugePage)
	AdviseNoHugePage    = Advice(vm.NoHugePage)
	AdviseDontDump      = Advice(vm.DontDump) // leave it out of core dumps
	AdviseDump          = Advice(vm.Dump)
	AdviseWipeOnFork    = Advice(vm.WipeOnFork) // a child of fork sees zeros; only Map
	AdviseKeepOnFork    = Advice(vm.KeepOnFork)
	AdviseDontFork      = Advice(vm.DontFork)      // a child of fork does not have it
	AdvisePopulateRead  = Advice(vm.PopulateRead)  // bring all pages in for reading, now; Linux 5.14
	AdvisePopulateWrite = Advice(vm.PopulateWrite) // bring all pages in for writing, now; Linux 5.14
)

func (a Advice) String() string { return vm.Advice(a).String() }
