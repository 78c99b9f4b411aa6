// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"cmp"
	"slices"
	"sync"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// A Info is what is known of an open Region.
type Info struct {
	Name      string
	Kind      Kind
	HugePages HugePages
	Addr      uintptr // of the first byte; 0 if the region has no bytes
	Len       int     // bytes
	Mapped    int     // bytes of address space, with header, rounding and guards
	Charged   int     // bytes that may occupy RAM and cannot be written back
	Locked    bool
}

// Totals are sums over all regions of the process. Bytes are of address space
// and whole pages.
type Totals struct {
	Regions            int
	Mapped, MappedPeak int64 // bytes of address space
	Charged            int64 // bytes that may occupy RAM and cannot be written back
	ChargedPeak        int64
	Mappings           int64 // as the kernel counts them, at most
	Refused            int64 // bytes of Mapped that the kernel did not take back yet
}

// Regions returns all open regions by address: those of which nobody holds a
// pointer any more as well.
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

// Sum returns the sums over all regions.
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

// list is the list of all open regions. What it says of them are copies, so
// that who looks, an explainer of a fault among them, waits for no region.
type list struct {
	mu  sync.Mutex
	all map[*Region]entry
}

type entry struct {
	info      Info
	frame     frame
	file      *vm.File // open as long as the region is listed
	offset    int64
	protected bool
	readOnly  bool
	shared    bool // writes reach the file
	sparse    bool // the file takes its space when it is written
}

var regions = list{all: map[*Region]entry{}}

// set lists r as it now is. Call it behind the gate.
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

// find calls f with the region whose frame an address lies in, if there is one. The
// region stays listed until f returns.
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
