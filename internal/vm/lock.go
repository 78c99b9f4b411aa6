// SPDX-License-Identifier: Apache-2.0

package vm

// Lock keeps the pages of a range in RAM: all of them from now on, or with onFault
// each from when it is first touched. ErrLockLimit says how much the process may
// lock, and how that is changed. ErrAbsent says that some pages could not be brought in;
// they are locked all the same until Unlock.
func (s *Space) Lock(base, size uintptr, onFault bool) error {
	return s.call(OpLock, size, func() error { return sysLock(base, size, onFault) })
}

// Unlock lets the kernel swap the pages of a range out again.
func (s *Space) Unlock(base, size uintptr) error {
	return s.call(OpUnlock, size, func() error { return sysUnlock(base, size) })
}

// Sync writes the changed pages of a shared mapping of a file back, those of the
// range. It returns when they are stored, or with async at once: then the kernel
// writes them in its own time, as it would without being asked.
func (s *Space) Sync(base, size uintptr, async bool) error {
	return s.call(OpSync, size, func() error { return sysSync(base, size, async) })
}

// Name shows a range of anonymous memory under a name in /proc/self/maps. Bytes
// that the kernel refuses become underscores. Kernels without
// CONFIG_ANON_VMA_NAME say ErrKernelLacks, which harms nothing.
func (s *Space) Name(base, size uintptr, name string) error {
	const longest = 79
	err := s.call(OpName, size, func() error { return sysName(base, size, printable(name, longest)) })
	if isInvalid(err) {
		return lacking("prctl(PR_SET_VMA_ANON_NAME)", err)
	}
	return err
}

// printable returns what of a name the kernel takes, of at most n bytes.
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
