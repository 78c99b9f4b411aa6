// SPDX-License-Identifier: Apache-2.0

package mmap

// Sync writes changes of the region back to the file, and returns when they are stored. It
// does nothing for memory without a file. With FileCopyOnWrite the error is ErrInvalid,
// because changes never reach the file.
func (r *Region) Sync() error { return r.sync(0, toEnd, false) }

// SyncRange writes back the pages of the n bytes from offset off on; n = -1 means to the end
// of the region.
func (r *Region) SyncRange(off, n int) error { return r.sync(off, n, false) }

// SyncAsync asks the kernel to write changes back to the file, and does not wait. Linux
// treats the call as a hint, and writes at the time when it would have written anyway.
func (r *Region) SyncAsync() error { return r.sync(0, toEnd, true) }

func (r *Region) sync(off, n int, async bool) error {
	return r.onPages("Sync", off, n, func(p addrRange) error {
		switch {
		case r.file == nil:
			return nil
		case r.mode == FileCopyOnWrite:
			return invalid("changes of a copy-on-write region never reach the file")
		}
		p = r.around(p)
		return space.Sync(r.file, p.begin, p.size(), async)
	})
}
