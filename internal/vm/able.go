// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"fmt"
	"runtime"
)

// A Feature is something that a source of memory can do. Every source can map anonymous
// memory, zero it, and take it back. Packages above this one ask for features and never
// for an operating system.
type Feature uint32

// The features.
const (
	// OffHeap: the Go garbage collector does not count the memory.
	OffHeap Feature = 1 << iota
	// Guards: pages can be made inaccessible or read-only, and an access to them is a
	// fault of the goroutine.
	Guards
	// Markers: a guard splits no mapping. Where a kernel lacks them, or takes them without effect, Guard uses mprotect.
	Markers
	// Parts: a part of a mapping can be given back.
	Parts
	// Placing: a mapping can be put into a reservation, so that it has inaccessible
	// neighbours or a larger alignment.
	Placing
	// Moving: a mapping grows without a copy of its contents, and keeps locks and advice.
	Moving
	// Purging: RAM goes back to the kernel while the range stays mapped.
	Purging
	// LazyPurging: the kernel takes purged pages when it needs them.
	LazyPurging
	// Residency: the kernel tells which pages are in RAM, or at least in the working set.
	Residency
	// Locking: pages can be kept in RAM.
	Locking
	// LockingOnFault: pages can be locked when they are first accessed.
	LockingOnFault
	// HugePages: the kernel takes requests for huge pages.
	HugePages
	// Hints: the kernel takes advice about read-ahead.
	Hints
	// Prefetching: the kernel begins to read pages by advice.
	Prefetching
	// Hiding: memory can be kept out of core dumps and of children of fork.
	Hiding
	// Populating: pages can be brought into RAM by advice.
	Populating
	// Names: mappings have names that tools show.
	Names
	// Files: files can be mapped and resized.
	Files
	// FilesAhead: a mapping can be longer than its file, and the file can be cut off
	// while it is mapped.
	FilesAhead
	// Dropping: the process's own copies of a file's pages can be dropped, so that its private
	// mapping shows the file's pages again.
	Dropping
	// SharedMemory: processes can share memory, by a name or by a descriptor.
	SharedMemory
	// Reopening: an open file can be opened again without its name.
	Reopening
	// Permissions: files have owners and permission bits.
	Permissions
	// Preallocation: disk space can be taken before it is written.
	Preallocation
	// Holes: disk space can be given back inside a file.
	Holes
	// LengthLocks: the change of a file's length has a lock of its own.
	LengthLocks
	// Copies: the kernel tells which pages of a private file mapping are copies, or which pages of
	// watched memory were written.
	Copies
	// SecretMemory: memory that the kernel itself cannot read by accident.
	SecretMemory
	// MappingLimit: the kernel limits the number of mappings.
	MappingLimit
	// ProcessView: the kernel lists the mappings of the process, with their RAM, and the
	// limit of its control group.
	ProcessView
	// MemoryLimits: the system tells how much memory the process may have.
	MemoryLimits
	endOfFeatures
)

// Features has one bit for each feature.
const Features = endOfFeatures - 1

// The features of each source. internal/layers makes the table of the documentation of
// them.
const (
	linuxSource   = Features
	posixSource   = OffHeap | Guards | Parts | Placing | Purging | LazyPurging | Locking | Hints | Prefetching | Populating | Files | FilesAhead | Dropping | SharedMemory | Permissions | MemoryLimits
	windowsSource = OffHeap | Guards | Placing | Purging | LazyPurging | Residency | Locking | Prefetching | Populating | Files | SharedMemory | Reopening | Preallocation | LengthLocks | Copies | MemoryLimits
	heapSource    = Parts
)

// A Source is where memory comes from on some platforms.
type Source struct {
	Name      string
	Platforms string
	Able      Feature
}

// Sources returns all sources, also those of other platforms.
func Sources() []Source {
	return []Source{
		{"Linux", "linux", linuxSource},
		{"POSIX", "darwin, freebsd, netbsd, openbsd, dragonfly, illumos, solaris; linux with the tag ashlar_posix", posixSource},
		{"Windows", "windows", windowsSource},
		{"Go heap", "js, wasip1, plan9, aix; all with the tag ashlar_heap", heapSource},
	}
}

// Able reports whether this platform's source has all of the features. It is a constant
// for the compiler.
func Able(f Feature) bool { return source&f == f }

// serves says what users have of a feature.
var serves = map[Feature]string{
	OffHeap:        "GOGC and GOMEMLIMIT do not see the memory",
	Guards:         "faults of checked allocators, guarded samples, SpanGuards, Region.Protect, Catch",
	Markers:        "the same without a cost in mappings",
	Parts:          "large objects that shrink give address space back",
	Placing:        "Options.GuardPages and Align of regions",
	Moving:         "Realloc of large objects without a copy, Resize keeps locks and advice",
	Purging:        "Trim, Purge, decay: the resident set shrinks",
	LazyPurging:    "Options with a lazy purge, AdviseFree",
	Residency:      "clearing large objects does not bring pages in",
	Locking:        "Region.Lock",
	LockingOnFault: "Region.LockOnFault",
	HugePages:      "Options.HugePages of allocators, arenas and regions",
	Hints:          "AdviseSequential, AdviseRandom",
	Prefetching:    "AdviseWillNeed",
	Hiding:         "AdviseDontDump, AdviseWipeOnFork, Secret",
	Populating:     "AdvisePopulateRead, AdvisePopulateWrite",
	Names:          "mappings have names in the tools of the system",
	Files:          "MapFile, MapOpenFile",
	FilesAhead:     "FileOptions.Beyond; arena.Open reads no data; a mapped file can become shorter",
	Dropping:       "AdviseDontNeed of copy-on-write files",
	SharedMemory:   "MapShared, arena.OpenShared",
	Reopening:      "MapInherited, arena.OpenInherited",
	Permissions:    "the Permissions of files and objects, objects of other users are refused",
	Preallocation:  "a full disk is ErrNoSpace and not a fault",
	Holes:          "Compact of an arena's file gives disk space back",
	LengthLocks:    "several processes may change the length of one file at once",
	Copies:         "Sync of an arena's file reads changed pages only",
	SecretMemory:   "Secret is out of the kernel's reach",
	MappingLimit:   "warnings near the limit; large objects share mappings",
	ProcessView:    "Allocator.Process, the limit of the control group in alloc/budget",
	MemoryLimits:   "budget.Options without a Limit",
}

// Serves says what users have of a feature.
func (f Feature) Serves() string { return serves[f] }

var featureNames = map[Feature]string{
	OffHeap: "memory outside the Go heap", Guards: "guard pages", Markers: "guard pages that split no mapping", Parts: "giving back a part of a mapping",
	Placing: "mapping at a chosen place", Moving: "growing a mapping without a copy", Purging: "giving RAM back",
	LazyPurging: "giving RAM back lazily", Residency: "which pages are in RAM", Locking: "locked memory",
	LockingOnFault: "locking pages on their first access", HugePages: "huge pages", Hints: "advice about read-ahead", Prefetching: "reading ahead by advice",
	Hiding: "hiding memory from core dumps and children", Populating: "populating pages by advice",
	Names: "names of mappings", Files: "mapped files", FilesAhead: "mappings longer than their file", Dropping: "dropping copies of a file's pages",
	SharedMemory: "shared memory", Reopening: "opening an inherited file again", Preallocation: "preallocated disk space", Holes: "holes in files", Permissions: "permission bits of files",
	LengthLocks: "locks of a file's length", Copies: "which pages of a file's memory were changed",
	SecretMemory: "memory that the kernel cannot read", MappingLimit: "the limit of mappings",
	ProcessView: "the kernel's view of the process", MemoryLimits: "the process's limit of memory",
}

func (f Feature) String() string { return featureNames[f] }

// Platform names the platform of this build, with the source's tag if one was chosen.
func Platform() string { return runtime.GOOS + "/" + runtime.GOARCH + sourceTag }

// missing is the error for a feature that this platform's source lacks. It is
// ErrUnsupported and ErrKernelLacks, and the standard library's ErrUnsupported.
type missing struct{ feature Feature }

func (m *missing) Error() string {
	return fmt.Sprintf("%v: not supported on %s", m.feature, Platform())
}

// Is reports whether the error is one of the sentinels.
func (m *missing) Is(target error) bool {
	return target == ErrUnsupported || target == ErrKernelLacks || target == errors.ErrUnsupported
}

// Need returns nil if this platform's source has the feature, and otherwise an error that
// names the feature and the platform.
func Need(f Feature) error {
	if Able(f) {
		return nil
	}
	return &missing{f}
}

// Require skips a test of a feature that this platform's source lacks. The reason names
// the feature and the platform.
func Require(t interface {
	Helper()
	Skip(args ...any)
}, f Feature) {
	t.Helper()
	for bit := Feature(1); bit < endOfFeatures; bit <<= 1 {
		if f&bit != 0 && !Able(bit) {
			t.Skip(Need(bit))
		}
	}
}
