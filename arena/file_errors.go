// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// The reasons why an operation on a file or a shared object fails. Others are in packages
// alloc and io/fs. Test for them with errors.Is.
var (
	// ErrForeign: it is not an arena of package arena, or a machine with another byte order
	// made it.
	ErrForeign = errors.New("not an arena of this kind")
	// ErrVersion: a newer version of ashlar made it.
	ErrVersion = errors.New("made by a newer version of ashlar")
	// ErrDamaged: a checksum does not match. Bits have changed, or another program wrote to
	// it.
	ErrDamaged = errors.New("damaged: a checksum does not match")
	// ErrTruncated: it is shorter than its header says.
	ErrTruncated = errors.New("truncated: it is shorter than its header says")
	// ErrRootType: the root has another type, or the layout of its type has changed.
	ErrRootType = errors.New("the root has another type")
	// ErrReadOnly: it was opened for reading only.
	ErrReadOnly = errors.New("opened read-only")
	// ErrUnfinished: a process died during a commit. Open the file once for writing.
	ErrUnfinished = errors.New("a commit is unfinished: open it once for writing")
	// ErrReopen: a commit failed half-way. The data of the last Sync are safe. Close the
	// file and open it again. A full disk is not the cause, because Sync returns ErrNoSpace
	// before that.
	ErrReopen = errors.New("a commit failed half-way: close the file and open it again")
	// ErrInUse: another process, or another File of this process, has it open.
	ErrInUse = vm.ErrFileLocked
	// ErrNoSpace: the disk is full, or the user's quota is used up.
	ErrNoSpace = vm.ErrNoSpace
	// ErrKernelLacks: the kernel does not support the operation.
	ErrKernelLacks = vm.ErrKernelLacks
)

// A FileError describes an operation on a file or a shared object that failed. It wraps one
// of the errors above, or an error of package alloc or io/fs.
type FileError struct {
	Op   string // "Open", "Sync", "NewRef", …
	Path string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("arena: %s of %q: %v", e.Op, e.Path, e.Err) }

// Unwrap returns the reason.
func (e *FileError) Unwrap() error { return e.Err }
