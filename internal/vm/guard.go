// SPDX-License-Identifier: Apache-2.0

package vm

// splits is the number of mappings added when mprotect changes the middle of one.
const splits = 2

// Guard makes whole pages of a readable and writable mapping inaccessible and discards
// their contents. With guard markers (MADV_GUARD_INSTALL, Linux 6.13) it adds no mapping.
// Without them, in locked memory, and where seccomp forbids them, it uses mprotect, which
// splits the mapping and counts as two mappings more.
//
// The caller must keep split and pass it to Unguard or ForgetGuard. A range that is
// accessible again reads as zeros.
func (s *Space) Guard(base, size uintptr) (split bool, err error) {
	noteGuard(base)
	err = s.call(OpGuard, size, func() error { return sysGuard(base, size, true) })
	if !isInvalid(err) && !isLacking(err) && !isForbidden(err) {
		return false, err
	}
	if err := s.Purge(base, size, false); err != nil {
		return false, err
	}
	if err := s.Protect(base, size, NoAccess); err != nil {
		return false, err
	}
	s.count(splits)
	return true, nil
}

// Unguard makes a guarded range readable and writable again.
func (s *Space) Unguard(base, size uintptr, split bool) error {
	if !split {
		return s.call(OpGuard, size, func() error { return sysGuard(base, size, false) })
	}
	if err := s.Protect(base, size, ReadWrite); err != nil {
		return err
	}
	s.ForgetGuard(split)
	return nil
}

// ForgetGuard updates the count of mappings for a guard that was unmapped with its
// mapping.
func (s *Space) ForgetGuard(split bool) {
	if split {
		s.count(-splits)
	}
}

// Protect changes the access to whole pages. If they are a part of a mapping, the kernel
// may split it into three; the count of mappings does not include this.
func (s *Space) Protect(base, size uintptr, a Access) error {
	noteGuard(base)
	return s.call(OpProtect, size, func() error { return sysProtect(base, size, a) })
}
