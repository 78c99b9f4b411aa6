// SPDX-License-Identifier: Apache-2.0

package arena

// A diskCall is a call by which a File changes the disk.
type diskCall struct {
	kind diskKind
	at   int64  // where a write begins; or the new length
	data []byte // of a write
}

type diskKind uint8

const (
	diskWrite diskKind = iota
	diskLength
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
	return f.logged(diskCall{diskWrite, at, p}, fileSpace.WriteFile(f.file, p, at))
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
