// SPDX-License-Identifier: Apache-2.0

package vm

import "testing"

// TestProtectMixed: Protect takes ranges whose pages differ in their access, and pages that have
// the access already.
func TestProtectMixed(t *testing.T) {
	Require(t, Guards)
	page := PageSize()
	for _, first := range []Access{NoAccess, ReadWrite} {
		var s Space
		m, err := s.MapKind(8*page, Kind{Access: first})
		must(t, err)
		must(t, s.Protect(m.Base, 8*page, NoAccess))
		must(t, s.Protect(m.Base, 2*page, ReadWrite))
		must(t, s.Protect(m.Base+4*page, page, ReadWrite))
		fill(m.Base, 2*page, 3)
		must(t, s.Protect(m.Base+page, 5*page, NoAccess))
		must(t, s.Protect(m.Base, 6*page, ReadWrite))
		check(t, "pages that kept their contents", m.Base, 2*page, 3)
		check(t, "pages that were inaccessible", m.Base+2*page, 4*page, 0)
		fill(m.Base, 6*page, 4)
		must(t, s.Protect(m.Base, 8*page, ReadOnly))
		check(t, "read-only", m.Base, 6*page, 4)
		must(t, s.Protect(m.Base, 8*page, ReadWrite))
		fill(m.Base, 8*page, 5)
		check(t, "at the end", m.Base, 8*page, 5)
		release(t, &s, m)
		balanced(t, &s)
	}
}
