package alloc

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/sizeclass"
)

// A cache is a rack for every class and a lot for large objects. Each processor
// has one, found through the allocator's table of caches, and so has each Local.
// Cache and table live in metadata.
//
// Blocks of whole pages all begin in one set of the processor's cache, that of the
// pages' first lines. The rack of class c is the c-th line of a cache, classes of
// whole pages are odd up to the 64th line, and metadata begins an even number of
// lines behind a page: so their racks are in other sets.
const (
	cacheSize = lotStart + unsafe.Sizeof(lot{})
	wordShift = 2 + wordSize/8
)

// newCache returns a cache whose racks are bare.
func newCache() (uintptr, error) {
	cache, err := metadata.Alloc(cacheSize)
	if err == nil {
		bare(cache)
	}
	return cache, err
}

// bare makes every rack of a cache one without magazines.
func bare(cache uintptr) {
	r := noRack()
	for c := range sizeclass.Class(sizeclass.Count) {
		*rackOf(cache, c) = r
	}
}

// rackFor returns the rack of a fit's class.
func rackFor(cache uintptr, f sizeclass.Fit) *rack { return (*rack)(raw.Pointer(cache + f.Row())) }

// rackOf returns the rack of a class.
func rackOf(cache uintptr, c sizeclass.Class) *rack {
	return (*rack)(raw.Pointer(cache + uintptr(c)*rackSize))
}

// noCache stands for the cache of a slot that has none: every rack in it is bare,
// so that whoever uses it ends up on a slow path. The first Allocator's start
// makes it so.
var (
	noCache struct {
		racks [sizeclass.Count]rack
		lot   lot
	}
	bareNo sync.Once
)

// hasCache reports whether the table has an entry for slot id.
func (a *Allocator) hasCache(id int) bool { return uint(id) < uint(atomic.LoadUint32(&a.tableLen)) }

// cacheOf returns the cache of slot id, for which the table has an entry. Only
// whoever holds the slot may use it, and only until it lets go of the slot.
//
// The length was read before the table, and the table only grows until Close, which
// waits for its readers: what is found now is as long at least.
func (a *Allocator) cacheOf(id int) uintptr {
	return atomic.LoadUintptr(entryOf(atomic.LoadUintptr(&a.table), id))
}

// none returns the address of noCache, which is static and so never moves.
func none() uintptr { return raw.Addr(unsafe.Pointer(&noCache)) }

func entryOf(table uintptr, id int) *uintptr {
	return (*uintptr)(raw.Pointer(table + uintptr(id)<<wordShift))
}

// attach gives slot id a cache.
func (a *Allocator) attach(id int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gate.closed.Load() {
		return ErrClosed
	}
	if err := a.growTable(id + 1); err != nil {
		return err
	}
	entry := entryOf(a.table, id)
	if *entry != none() {
		return nil
	}
	cache, err := newCache()
	if err != nil {
		return err
	}
	atomic.StoreUintptr(entry, cache)
	return nil
}

// growTable makes the table of caches hold n entries at least. There is room for
// those of some thousand processors.
func (a *Allocator) growTable(n int) error {
	const most = metadata.MaxSize >> wordShift
	old, oldLen := a.table, int(a.tableLen)
	if n <= oldLen {
		return nil
	}
	if n > most {
		return ErrOutOfMemory
	}
	n = min(max(n, 2*oldLen, runtime.GOMAXPROCS(0), runtime.NumCPU(), 8), most)
	table, err := metadata.Alloc(uintptr(n) << wordShift)
	if err != nil {
		return err
	}
	for id := range n {
		if id < oldLen {
			*entryOf(table, id) = *entryOf(old, id)
		} else {
			*entryOf(table, id) = none()
		}
	}
	atomic.StoreUintptr(&a.table, table)
	atomic.StoreUint32(&a.tableLen, uint32(n))
	if old != 0 {
		percpu.Synchronize() // until nobody reads the old table
		metadata.Free(old, uintptr(oldLen)<<wordShift)
	}
	return nil
}

// detach takes away the caches of the slots that want reports true for and
// returns their magazines to the depots.
func (a *Allocator) detach(want func(id int, cache uintptr) bool) {
	a.mu.Lock()
	var gone []uintptr
	for id := range int(a.tableLen) {
		entry := entryOf(a.table, id)
		if *entry != none() && want(id, *entry) {
			gone = append(gone, *entry)
			atomic.StoreUintptr(entry, none())
		}
	}
	if len(gone) > 0 {
		percpu.Synchronize() // until nobody uses them
	}
	for _, cache := range gone {
		a.drain(cache)
		metadata.Free(cache, cacheSize)
	}
	a.mu.Unlock()
}

// drain moves all that a cache holds to the depots. The caller owns the cache.
func (a *Allocator) drain(cache uintptr) {
	for c := range sizeclass.Class(sizeclass.Count) {
		r := rackOf(cache, c)
		if *r == noRack() {
			continue // a bare one may count codes, Realloc's
		}
		a.stow(c, r.loaded())
		a.stow(c, r.prev)
		d := &a.depots[c]
		d.mu.Lock()
		d.allocs += r.allocs()
		d.codes += r.codes
		d.mu.Unlock()
		*r = noRack()
	}
	a.clearLot(lotOf(cache))
}
