// SPDX-License-Identifier: Apache-2.0

package mmap

// Sync writes changes of the region back to the file, and returns when they are stored.
// It does nothing for memory without a file. What is written to a region with
// FileCopyOnWrite never reaches the file: ErrInvalid.
func (r *Region) Sync() error { return r.sync(0, toEnd, false) }

// SyncRange does for n bytes from offset off on what Sync does for all; n = -1 means to
// the end of the region. It writes whole pages.
func (r *Region) SyncRange(off, n int) error { return r.sync(off, n, false) }

// SyncAsync asks the kernel to write changes back to the file, and does not wait. Today's
// Linux takes it as a hint: it writes when it would have written anyway.
func (r *Region) SyncAsync() error { return r.sync(0, toEnd, true) }

func (r *Region) sync(off, n int, async bool) error {
	return r.onPages("Sync", off, n, func(p addrRange) error {
		switch {
		case r.file == nil:
			return nil
		case r.mode == FileCopyOnWrite:
			return invalid("what is written to a copy-on-write region never reaches the file")
		}
		p = r.around(p)
		return space.Sync(p.begin, p.size(), async)
	})
}
