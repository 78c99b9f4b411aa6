// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"slices"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/gotype"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// A runList lists an arena's runs of linked objects, in metadata: a chain of pages of words.
//
//	┌──────┬───┬─────┬─────┬───────┬───────┬─────┬─────┬───────┬ ┄ ┐
//	│ next │ n │  0  │ top │ run 0 │ run 1 │  0  │ top │ run 2 │   │   the newest page comes first
//	└──────┴───┴─────┴─────┴───────┴───────┴─────┴─────┴───────┴ ┄ ┘
//
// A run is a word: number of the kind · 2^47 + size in bytes. Runs follow each other from top
// down: each ends where the one before begins. The words 0 and top say where the next run ends.
// Each page begins with them. A run that has a top of its own can be extended upwards.
type runList struct {
	head   uintptr             // address of the first page, 0: none
	at     uintptr             // where a run must end to need no top
	kinds  []runKind           // beginning with number 1
	recent [recentKinds]uint32 // numbers of kinds that were used last, by their hash; 0: none
}

// A runKind is the type of a run's objects and the distance from one to the next, in bytes.
type runKind struct {
	of     *gotype.Type
	stride uintptr
}

// recentKinds is the size of the cache of kinds. A linear search follows where it does not suffice.
const recentKinds = 32

// sizeBits suffices for the size of a run. The other bits of a word suffice for the types of a program.
const sizeBits = 47

type runPage struct {
	next  uintptr
	n     uintptr
	words [wordsPerPage]uint64
}

const (
	wordsPerPage = 252
	wordsPerRun  = 3 // at most
)

func (l *runList) page() *runPage { return raw.At[runPage](l.head) }

// hasRoom reports whether the page has room for a run.
func (l *runList) hasRoom() bool { return l.head != 0 && l.page().n <= wordsPerPage-wordsPerRun }

// reserve makes room for a run, so that the next add does not fail.
func (l *runList) reserve() error {
	if l.hasRoom() {
		return nil
	}
	page, err := metadata.Alloc(unsafe.Sizeof(runPage{}))
	if err != nil {
		return err
	}
	raw.At[runPage](page).next = l.head
	l.head, l.at = page, 0
	return nil
}

// add adds a run of size bytes from the address base. The caller has called reserve.
func (l *runList) add(kind uint32, base, size uintptr) {
	p := l.page()
	words := p.words[p.n:]
	if top := base + raw.AlignUp(size, minAlign); l.at != top {
		words[0], words[1] = 0, uint64(top)
		words = words[2:]
		p.n += 2
	}
	words[0] = uint64(kind)<<sizeBits | uint64(size)
	p.n++
	l.at = base
}

// put adds the objects of a kind in the size bytes from base.
func (l *runList) put(k runKind, base, size uintptr) error {
	number := l.number(k)
	if l.extend(number, k, base, size) {
		return nil
	}
	if err := l.reserve(); err != nil {
		return err
	}
	l.add(number, base, size)
	return nil
}

// extend adds a run to the last one, which it must follow from below. It fails if it does not.
func (l *runList) extend(number uint32, k runKind, base, size uintptr) bool {
	if l.head == 0 || l.page().n < wordsPerRun || k.stride%minAlign != 0 {
		return false
	}
	w := l.page().words[l.page().n-wordsPerRun:]
	if w[0] != 0 || w[1] != uint64(base) || w[2]>>sizeBits != uint64(number) {
		return false
	}
	w[1] += uint64(size)
	w[2] += uint64(size)
	return true
}

// number returns the number of a kind, and adds the kind if it is new.
func (l *runList) number(k runKind) uint32 {
	if n := *l.slot(k); n != 0 && l.kinds[n-1] == k {
		return n
	}
	return l.search(k)
}

// slot returns the kind's slot of the cache.
func (l *runList) slot(k runKind) *uint32 {
	return &l.recent[raw.Addr(unsafe.Pointer(k.of))/64%recentKinds]
}

// search is number without the cache.
func (l *runList) search(k runKind) uint32 {
	i := slices.Index(l.kinds, k)
	if i < 0 {
		i = len(l.kinds)
		l.kinds = append(l.kinds, k)
	}
	*l.slot(k) = uint32(i + 1)
	return uint32(i + 1)
}

// empty removes all runs. It keeps the first page.
func (l *runList) empty() {
	if l.head == 0 {
		return
	}
	l.freePages(l.page().next)
	p := l.page()
	p.next, p.n, l.at = 0, 0, 0
}

// free removes all runs and frees the pages.
func (l *runList) free() {
	l.freePages(l.head)
	l.head, l.at = 0, 0
}

func (l *runList) freePages(page uintptr) {
	for page != 0 {
		next := raw.At[runPage](page).next
		metadata.Free(page, unsafe.Sizeof(runPage{}))
		page = next
	}
}

// each calls f with each run: its kind, the address of its first object, and its size.
func (l *runList) each(f func(k runKind, base, size uintptr)) {
	for page := l.head; page != 0; {
		p := raw.At[runPage](page)
		top := uintptr(0)
		for i := uintptr(0); i < p.n; i++ {
			w := p.words[i]
			if w == 0 {
				i++
				top = uintptr(p.words[i])
				continue
			}
			size := uintptr(w & (1<<sizeBits - 1))
			top -= raw.AlignUp(size, minAlign)
			f(l.kinds[w>>sizeBits-1], top, size)
		}
		page = p.next
	}
}
