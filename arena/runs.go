// SPDX-License-Identifier: Apache-2.0

package arena

import (
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
// A run is a word: kind · 2^44 + number of objects. Runs follow each other from top down: each
// ends where the one before begins. The words 0 and top say where the next run ends. Each page
// begins with them. A run that has a top of its own can be extended upwards.
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

// A word counts as many objects as fit into the address space, and has room for the number of
// each type that a program can have.
const countBits = 44

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

// reserve makes room for a run, so that the next add does not fail.
func (l *runList) reserve() error {
	if l.head != 0 && l.page().n <= wordsPerPage-wordsPerRun {
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

// add adds a run of count objects of a kind, from the address base to top. The caller has
// called reserve.
func (l *runList) add(kind uint32, base, top, count uintptr) {
	p := l.page()
	if l.at != top {
		p.words[p.n], p.words[p.n+1] = 0, uint64(top)
		p.n += 2
	}
	p.words[p.n] = uint64(kind)<<countBits | uint64(count)
	p.n++
	l.at = base
}

// put adds the objects of a kind in the n bytes from base.
func (l *runList) put(k runKind, base, n uintptr) error {
	number, top := l.number(k), base+raw.AlignUp(n, minAlign)
	if k.stride%minAlign == 0 && l.extend(number, base, top, n/k.stride) {
		return nil
	}
	if err := l.reserve(); err != nil {
		return err
	}
	l.add(number, base, top, n/k.stride)
	return nil
}

// extend adds a run to the last one, which it must follow from below. It fails if it does not.
func (l *runList) extend(kind uint32, base, top, count uintptr) bool {
	if l.head == 0 || l.page().n < wordsPerRun {
		return false
	}
	w := l.page().words[l.page().n-wordsPerRun:]
	if w[0] != 0 || w[1] != uint64(base) || w[2]>>countBits != uint64(kind) {
		return false
	}
	w[1] = uint64(top)
	w[2] += uint64(count)
	return true
}

// number returns the number of a kind, and adds the kind if it is new.
func (l *runList) number(k runKind) uint32 {
	h := &l.recent[raw.Addr(unsafe.Pointer(k.of))/64%recentKinds]
	if n := *h; n != 0 && l.kinds[n-1] == k {
		return n
	}
	for i := range l.kinds {
		if l.kinds[i] == k {
			*h = uint32(i + 1)
			return *h
		}
	}
	l.kinds = append(l.kinds, k)
	*h = uint32(len(l.kinds))
	return *h
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

// each calls f with each run: its kind, the address of its first object, and their number.
func (l *runList) each(f func(k runKind, base, count uintptr)) {
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
			k, count := l.kinds[w>>countBits-1], uintptr(w&(1<<countBits-1))
			top -= raw.AlignUp(count*k.stride, minAlign)
			f(k, top, count)
		}
		page = p.next
	}
}
