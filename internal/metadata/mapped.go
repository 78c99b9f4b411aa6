// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A mappedObject is an object of more than MaxSize bytes. There are few: only the tables
// of Allocators on machines with thousands of processors are that large.
type mappedObject struct {
	vm.Mapping
	live  bool
	dirty bool // it may contain bytes other than zeros; then it counts as footprint, live or not
}

// mapped contains the objects with mappings of their own. Like slabs they are never
// unmapped, only reused. Protected by mu.
var mapped []mappedObject

// wholePages returns size rounded up to whole pages, in bytes.
func wholePages(size uintptr) uintptr { return raw.AlignUp(size, vm.PageSize()) }

// allocMapped is Alloc for more than MaxSize bytes. Call it with mu held.
func allocMapped(size uintptr) (uintptr, error) {
	size = wholePages(size)
	for i := range mapped {
		if o := &mapped[i]; !o.live && o.Size == size {
			if o.dirty {
				raw.Clear(o.Base, size)
			} else {
				Space.Footprint.Add(int64(size))
			}
			o.live, o.dirty = true, true
			inUse += int(size)
			return o.Base, nil
		}
	}
	_, m, err := Space.Map(size, vm.PageSize())
	if err != nil {
		return 0, err
	}
	Space.Label(m, "ashlar metadata")
	Space.Footprint.Add(int64(size))
	mapped = append(mapped, mappedObject{Mapping: m, live: true, dirty: true})
	inUse += int(size)
	return m.Base, nil
}

// freeMapped is Free for more than MaxSize bytes. Call it with mu held.
func freeMapped(p uintptr) {
	for i := range mapped {
		if o := &mapped[i]; o.Base == p {
			o.live = false
			inUse -= int(o.Size)
			return
		}
	}
}

// purgeMapped returns the RAM of free mapped objects to the kernel. Call it with mu held.
func purgeMapped() (n int64) {
	for i := range mapped {
		if o := &mapped[i]; !o.live && o.dirty && Space.Purge(o.Base, o.Size, false) == nil {
			o.dirty = false
			n += int64(o.Size)
		}
	}
	return n
}
