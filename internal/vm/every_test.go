// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"testing"
)

// Each call that concerns files and pages can be made to fail. It is counted then, and
// changes nothing.
func TestEveryCallFails(t *testing.T) {
	Require(t, Files)
	var s Space
	f := newFile(t, &s, mib)
	m, err := s.MapKind(mib, Kind{File: f, Shared: true})
	must(t, err)
	fill(m.Base, mib, 5)
	name := t.TempDir() + "/new"
	calls := map[Op]func() error{
		OpMap:      func() error { _, err := s.MapKind(mib, Kind{File: f}); return err },
		OpAdvise:   func() error { return s.Advise(m.Base, mib, DontNeed) },
		OpGuard:    func() error { _, err := s.Guard(m.Base, mib); return err },
		OpProtect:  func() error { return s.Protect(m.Base, mib, NoAccess) },
		OpLock:     func() error { return s.Lock(m.Base, mib, true) },
		OpUnlock:   func() error { return s.Unlock(m.Base, mib) },
		OpSync:     func() error { return s.Sync(f, m.Base, mib, false) },
		OpName:     func() error { return s.Name(m.Base, mib, "name") },
		OpOpen:     func() error { _, err := s.Open(name, ForWriting|Create, 0o600); return err },
		OpMemfd:    func() error { _, err := s.Memfd("name"); return err },
		OpSecret:   func() error { _, err := s.Secret(); return err },
		OpDup:      func() error { _, err := s.Dup(f.Fd(), "copy"); return err },
		OpStat:     func() error { _, err := s.Stat(f); return err },
		OpTruncate: func() error { return s.Truncate(f, 0) },
		OpAllocate: func() error { return s.Allocate(f, 0, 2*mib) },
		OpFlock:    func() error { return s.LockFile(f, true, false) },
		OpLink:     func() error { return s.Link(f, name) },
		OpUnlink:   func() error { return s.Unlink(f.Name()) },
	}
	for op, call := range calls {
		t.Run(op.String(), func(t *testing.T) {
			made, mapped := s.Calls(op), Mappings()
			stop := fail(t, op, 0)
			if err := call(); !errors.Is(err, errInjected) {
				t.Errorf("%v, want the injected error", err)
			}
			stop()
			if n := s.Calls(op) - made; n != 1 {
				t.Errorf("counted %d calls", n)
			}
			check(t, "after the failure", m.Base, mib, 5)
			if info, err := s.Stat(f); err != nil || info.Size != mib || info.Links != 1 || Mappings() != mapped {
				t.Errorf("%+v, %v, %d mappings, were %d", info, err, Mappings(), mapped)
			}
		})
	}
	release(t, &s, m)
	balanced(t, &s)
}

// A descriptor is closed even if the test or the kernel makes the call fail.
func TestCloseFileFails(t *testing.T) {
	var s Space
	f, err := s.Memfd("name")
	must(t, err)
	stop := fail(t, OpClose, 0)
	if err := s.CloseFile(f); !errors.Is(err, errInjected) {
		t.Errorf("CloseFile: %v", err)
	}
	stop()
	if _, err := s.Stat(f); err == nil {
		t.Error("the descriptor is still open")
	}
}
