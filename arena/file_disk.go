// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// A diskCall is a call by which a File changes the disk.
type diskCall struct {
	kind diskKind
	at   int64  // where a write or a hole begins; or the new length
	data []byte // of a write
	size int64  // of a hole
}

type diskKind uint8

const (
	diskWrite diskKind = iota
	diskLength
	diskHole
	diskStore // all calls before it are on the disk
)

// diskLog is called after each diskCall, in tests.
var diskLog func(path string, c diskCall)

func (f *File) logged(c diskCall, err error) error {
	if diskLog != nil && err == nil {
		diskLog(f.path, c)
	}
	return err
}

// write writes p, unless the file was cut: a write beyond its end would make the file
// longer again.
func (f *File) write(p []byte, at int64) error {
	if err := f.whole(); err != nil {
		return err
	}
	return f.logged(diskCall{kind: diskWrite, at: at, data: p}, fileSpace.WriteFile(f.file, p, at))
}

// punch makes a hole. If the file system has none, punch writes zeros; the caller makes holes
// only of pages that have space.
func (f *File) punch(at, size int64) error {
	if err := f.whole(); err != nil {
		return err
	}
	err := f.logged(diskCall{kind: diskHole, at: at, size: size}, fileSpace.Punch(f.file, at, size))
	if !errors.Is(err, vm.ErrKernelLacks) {
		return err
	}
	zeros := make([]byte, min(size, maxRun))
	for end := at + size; at < end; at += int64(len(zeros)) {
		if err := f.write(zeros[:min(int64(len(zeros)), end-at)], at); err != nil {
			return err
		}
	}
	return nil
}

// truncate sets the length of the file.
func (f *File) truncate(length int64) error {
	err := f.logged(diskCall{kind: diskLength, at: length}, fileSpace.Truncate(f.file, length))
	if err == nil {
		f.length = length
	}
	return err
}

// store waits until all writes are on the disk, unless NoStore is set.
func (f *File) store() error {
	if f.options.NoStore {
		return nil
	}
	return f.logged(diskCall{kind: diskStore}, fileSpace.StoreFile(f.file))
}
