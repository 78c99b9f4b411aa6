// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"syscall"
	"testing"
)

func TestAdvise(t *testing.T) {
	for a := range NumAdvice {
		t.Run(a.String(), func(t *testing.T) {
			var s Space
			start, m := mapIn(t, &s, mib, PageSize())
			defer release(t, &s, m)
			fill(start, mib, 5)
			lacks(t, s.Advise(start, mib, a))
			switch a {
			case DontNeed:
				check(t, "dropped", start, mib, 0)
			case Free: // either
			default:
				check(t, "kept", start, mib, 5)
			}
		})
	}
}

// EINVAL has two meanings, and the error says which: the kernel does not know the advice,
// or the advice does not apply to the mapping.
func TestAdviseRefused(t *testing.T) {
	Require(t, Hiding)
	var s Space
	start, m := mapIn(t, &s, mib, PageSize())
	defer release(t, &s, m)
	Inject(func(op Op) error {
		if op == OpAdvise {
			return syscall.EINVAL
		}
		return nil
	})
	err := s.Advise(start, mib, PopulateWrite)
	Inject(nil)
	if !errors.Is(err, ErrKernelLacks) || !errors.Is(err, syscall.EINVAL) {
		t.Errorf("unknown to the kernel: %v", err)
	}
	f := newFile(t, &s, mib)
	shown, err := s.MapKind(mib, Kind{File: f, Shared: true})
	must(t, err)
	defer release(t, &s, shown)
	err = s.Advise(shown.Base, mib, WipeOnFork)
	if err == nil || errors.Is(err, ErrKernelLacks) || !errors.Is(err, syscall.EINVAL) {
		t.Errorf("not for a file: %v", err)
	}
}

// Names are optional: kernels without them return ErrKernelLacks, and nothing else
// happens.
func TestName(t *testing.T) {
	var s Space
	start, m := mapIn(t, &s, mib, PageSize())
	defer release(t, &s, m)
	lacks(t, s.Name(start, mib, "a name [of] $ome length, with bytes that the kernel refuses: \x01\\` and so on and on and on"))
}
