// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"cmp"
	"slices"
	"sync"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// An Info describes an open Region.
type Info struct {
	Name      string
	Kind      Kind
	HugePages HugePages
	Addr      uintptr // address of the first byte; 0 if the region has no bytes
	Len       int     // length in bytes
	Mapped    int     // bytes of address space, with header, rounding and guard pages
	Charged   int     // bytes that may occupy RAM and cannot be written back to a file
	Locked    bool    // all pages are locked
}

// Totals are sums over all regions of the process.
type Totals struct {
	Regions            int
	Mapped, MappedPeak int64 // bytes of address space
	Charged            int64 // bytes that may occupy RAM and cannot be written back to a file
	ChargedPeak        int64
	Mappings           int64 // an upper bound of the kernel's count
	Refused            int64 // bytes of Mapped that the kernel has refused to take back
}

// Regions describes all open regions, in the order of their addresses, including regions that
// the program forgot to close.
func Regions() []Info {
	regions.mu.Lock()
	defer regions.mu.Unlock()
	infos := make([]Info, 0, len(regions.all))
	for _, e := range regions.all {
		infos = append(infos, e.info)
	}
	slices.SortFunc(infos, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.Addr, b.Addr), cmp.Compare(a.Name, b.Name))
	})
	return infos
}

// Sum returns the sums over all regions of the process.
func Sum() Totals {
	regions.mu.Lock()
	n := len(regions.all)
	regions.mu.Unlock()
	return Totals{
		Regions: n,
		Mapped:  space.Mapped.Now(), MappedPeak: space.Mapped.Peak(),
		Charged: space.Footprint.Now(), ChargedPeak: space.Footprint.Peak(),
		Mappings: space.Mappings.Now(), Refused: remains.bytes(),
	}
}

// A list holds a description of each open region. The descriptions are copies, so that
// reading them, as describing a fault does, waits for no region. mu guards the list.
type list struct {
	mu  sync.Mutex
	all map[*Region]entry
}

// An entry describes an open region.
type entry struct {
	info      Info
	frame     frame
	file      *vm.File // open as long as the region is listed
	offset    int64
	protected bool
	readOnly  bool
	shared    bool // writes reach the file
	sparse    bool // the file takes disk space when it is written
}

var regions = list{all: map[*Region]entry{}}

// set adds or updates the description of r. The caller is inside the gate.
func (l *list) set(r *Region) {
	e := entry{
		info: Info{
			Name: r.name, Kind: r.kind, HugePages: r.huge, Len: int(r.length),
			Mapped: int(r.frame.size()), Locked: r.locked || r.secret,
		},
		frame: r.frame, file: r.file, offset: r.offset,
		protected: r.protected, readOnly: r.readOnly(),
		shared: r.mode == FileShared, sparse: r.sparse,
	}
	if r.length > 0 {
		e.info.Addr = r.base()
	}
	if r.charged {
		e.info.Charged = int(r.frame.body.Size)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[r] = e
}

func (l *list) drop(r *Region) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, r)
}

// find calls f with the region whose frame contains addr, if there is one. The region stays
// listed until f returns.
func (l *list) find(addr uintptr, f func(*entry)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.all {
		for _, m := range [...]vm.Mapping{e.frame.head, e.frame.body, e.frame.tail} {
			if addr-m.Base < m.Size {
				f(&e)
				return
			}
		}
	}
}
