// SPDX-License-Identifier: Apache-2.0

package vm

// splits is how many mappings mprotect makes of one when it changes its middle,
// less that one.
const splits = 2

// Guard makes whole pages of a readable and writable mapping inaccessible; what
// they hold is lost. Where the kernel has guard markers (MADV_GUARD_INSTALL,
// Linux 6.13) that costs no mapping. Elsewhere, in locked memory, and where a filter
// of kernel calls refuses them, mprotect does it, which splits the mapping: it counts
// as two more.
//
// The owner keeps split, to give it to Unguard or ForgetGuard. A guarded range
// reads as zeros when it is accessible again.
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

// ForgetGuard takes a guard that went with its mapping off the count of mappings.
func (s *Space) ForgetGuard(split bool) {
	if split {
		s.count(-splits)
	}
}

// Protect changes what a program may do with whole pages. On part of a mapping
// that may make up to three of one; only Guard counts them.
func (s *Space) Protect(base, size uintptr, a Access) error {
	noteGuard(base)
	return s.call(OpProtect, size, func() error { return sysProtect(base, size, a) })
}
