// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A mappedObject is an object of more than MaxSize bytes. There are few of them: the
// tables of Allocators on machines with thousands of processors.
type mappedObject struct {
	vm.Mapping
	live  bool
	dirty bool // it may hold other bytes than zeros; live or not, it counts as footprint then
}

// mapped are the objects with mappings of their own. They stay for ever, as slabs do, and
// are used again. Guarded by mu.
var mapped []mappedObject

// wholePages returns the bytes of a mapped object of size bytes.
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

// purgeMapped gives the RAM of mapped objects that are not live back to the kernel. Call
// it with mu held.
func purgeMapped() (n int64) {
	for i := range mapped {
		if o := &mapped[i]; !o.live && o.dirty && Space.Purge(o.Base, o.Size, false) == nil {
			o.dirty = false
			n += int64(o.Size)
		}
	}
	return n
}
