// SPDX-License-Identifier: Apache-2.0

package pagemap

import "sync/atomic"

// A Home leads assembly to an entry by one load instead of two while the map has one leaf. The page with
// the number n then has its entry at Entries + n*8, if n>>LeafBits is Index.
//
// As soon as there is a second leaf, no page has that Index: a branch that is taken now and then costs more
// than the load that it saves.
type Home struct {
	Index   uintptr // of the only leaf in the root, or noHome
	Entries uintptr // where that leaf would have the entry of page 0; set once, before Index
}

const noHome = ^uintptr(0)

var home = Home{Index: noHome}

// TheHome returns that of the map.
func TheHome() *Home { return &home }

// NewHome returns that of a map with many leaves, for tests.
func NewHome() *Home { return &Home{Index: noHome} }

// add takes note of a leaf, the i-th of the root. The caller holds growMu.
func (h *Home) add(i, leaf uintptr) {
	if h.Entries == 0 {
		atomic.StoreUintptr(&h.Entries, leaf-i<<leafBits*wordBytes)
		atomic.StoreUintptr(&h.Index, i)
	} else {
		atomic.StoreUintptr(&h.Index, noHome)
	}
}
