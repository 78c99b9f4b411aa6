// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// The reasons for which a file or a shared object is refused, or something about it
// fails, besides those of packages alloc and io/fs; test for them with errors.Is.
var (
	// ErrForeign: it is not an arena of ashlar's, or one of a machine with another
	// byte order.
	ErrForeign = errors.New("not an arena of this kind")
	// ErrVersion: it was made by a newer version of ashlar.
	ErrVersion = errors.New("made by a newer version of ashlar")
	// ErrDamaged: checksums do not match: bits have changed, or somebody else wrote
	// to it.
	ErrDamaged = errors.New("damaged: a checksum does not match")
	// ErrTruncated: it is shorter than its header says.
	ErrTruncated = errors.New("truncated: it is shorter than its header says")
	// ErrRootType: the root is of another type, or the type's layout has changed.
	ErrRootType = errors.New("the root has another type")
	// ErrReadOnly: it was opened for reading.
	ErrReadOnly = errors.New("opened read-only")
	// ErrUnfinished: a process died while it committed. Open it once for writing.
	ErrUnfinished = errors.New("a commit is unfinished: open it once for writing")
	// ErrReopen: a commit failed half-way. What was synced is safe, and closing and
	// opening the file again brings it back. A full disk is not the reason: ErrNoSpace
	// comes before.
	ErrReopen = errors.New("a commit failed half-way: close the file and open it again")
	// ErrInUse: another process, or another File, has it open.
	ErrInUse = vm.ErrFileLocked
	// ErrNoSpace: the disk, or the user's share of it, is full.
	ErrNoSpace = vm.ErrNoSpace
	// ErrKernelLacks: this kernel is too old for it, or was built without it.
	ErrKernelLacks = vm.ErrKernelLacks
)

// A FileError says which operation on which file or shared object failed, and why.
// It wraps one of the errors above, of package alloc's or io/fs's.
type FileError struct {
	Op   string // "Open", "Sync", "NewRef", …
	Path string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("arena: %s of %q: %v", e.Op, e.Path, e.Err) }

// Unwrap returns the reason.
func (e *FileError) Unwrap() error { return e.Err }
