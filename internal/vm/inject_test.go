// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"testing"
)

// Each call that fails leaves the memory and the account unchanged.
func TestFailure(t *testing.T) {
	for _, c := range []struct {
		op   Op
		call func(*Space, Mapping) error
	}{
		{OpMap, func(s *Space, _ Mapping) error { _, _, err := s.Map(mib, PageSize()); return err }},
		{OpMap, func(s *Space, _ Mapping) error { _, _, err := s.Map(mib, 4*mib); return err }},
		{OpPurge, func(s *Space, m Mapping) error { return s.Purge(m.Base, m.Size, false) }},
		{OpPurge, func(s *Space, m Mapping) error { return s.Purge(m.Base, m.Size, true) }},
		{OpRelease, func(s *Space, m Mapping) error { return s.Release(m) }},
		{OpRemap, func(s *Space, m Mapping) error {
			same, err := s.Remap(m, 2*mib)
			if same != m {
				return errors.New("another mapping was returned")
			}
			return err
		}},
	} {
		t.Run(c.op.String(), func(t *testing.T) {
			var s Space
			start, m := mapIn(t, &s, mib, PageSize())
			fill(start, mib, 9)
			mapped := Mappings()
			calls := s.Calls(c.op)
			stop := fail(t, c.op, 0)
			if err := c.call(&s, m); !errors.Is(err, errInjected) {
				t.Errorf("%v: %v, want the injected error", c.op, err)
			}
			stop()
			if s.Calls(c.op) != calls+1 {
				t.Errorf("the failed call is not counted")
			}
			check(t, "after the failure", start, mib, 9)
			wantGauge(t, "mapped", &s.Mapped, mib, mib)
			wantGauge(t, "mappings", &s.Mappings, 1, 1)
			if Mappings() != mapped {
				t.Errorf("the process has %d mappings, want %d", Mappings(), mapped)
			}
			release(t, &s, m)
		})
	}
}
