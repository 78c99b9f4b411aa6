// SPDX-License-Identifier: Apache-2.0

package vm

// Lock keeps the pages of a range in RAM. Without onFault it brings all pages in now;
// with onFault each page is locked when it is first accessed. An ErrLockLimit contains
// the limit and how to raise it. ErrAbsent means that some pages could not be brought in;
// the range is still locked until Unlock.
func (s *Space) Lock(base, size uintptr, onFault bool) error {
	return s.call(OpLock, size, func() error { return sysLock(base, size, onFault) })
}

// Unlock allows the kernel to swap out the pages of a range again.
func (s *Space) Unlock(base, size uintptr) error {
	return s.call(OpUnlock, size, func() error { return sysUnlock(base, size) })
}

// Sync writes the changed pages of a range of a shared mapping of f to the file. It waits
// until they are stored. With async it returns at once, and the kernel writes them at its
// usual time.
func (s *Space) Sync(f *File, base, size uintptr, async bool) error {
	return s.call(OpSync, size, func() error { return sysSync(f.fd, base, size, async) })
}

// Name gives a range of anonymous memory a name in /proc/self/maps. Bytes that the kernel
// does not accept become underscores. Without CONFIG_ANON_VMA_NAME it returns
// ErrKernelLacks, which callers may ignore.
func (s *Space) Name(base, size uintptr, name string) error {
	const longest = 79
	err := s.call(OpName, size, func() error { return sysName(base, size, printable(name, longest)) })
	if isInvalid(err) {
		return lacking("prctl(PR_SET_VMA_ANON_NAME)", err)
	}
	return err
}

// printable returns at most n bytes of a name, in a form that the kernel accepts.
func printable(name string, n int) string {
	text := []byte(name[:min(len(name), n)])
	for i, c := range text {
		switch {
		case c < ' ' || c > '~', c == '[', c == ']', c == '\\', c == '$', c == '`':
			text[i] = '_'
		}
	}
	return string(text)
}
