// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"hash/maphash"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/proflabel"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// A labels is the header of n bytes: a goroutine's labels, encoded by package proflabel.
// Equal labels are stored once.
type labels struct {
	next uintptr // in its chain
	n    uintptr
}

// labelSets is a hash table of labels, with chains. The empty set is not in it; its address
// is 0.
type labelSets struct {
	n     int
	heads uintptr // labelHeads words
}

const (
	labelsSize = unsafe.Sizeof(labels{})
	labelHeads = 1 << 7
)

// moreLabels stands for labels that found no room. A label with a different value each
// time, such as the number of a request, fills the table.
var moreLabels = string(proflabel.Append(nil, "labels", "(dropped: too many)"))

func labelsAt(l uintptr) *labels { return raw.At[labels](l) }

func (l *labels) text() []byte {
	return raw.Bytes(raw.Addr(unsafe.Pointer(l))+labelsSize, l.n)
}

// labelsOf returns the stored copy of encoded labels, and stores them if needed.
func (t *Table) labelsOf(text string) uintptr {
	ls := &t.labels
	if text == "" {
		return 0
	}
	if ls.heads == 0 {
		if ls.heads = t.alloc(labelHeads * wordSize); ls.heads == 0 {
			return 0
		}
	}
	head := ls.head(uintptr(maphash.String(seed, text) % labelHeads))
	for l := *head; l != 0; l = labelsAt(l).next {
		if string(labelsAt(l).text()) == text {
			return l
		}
	}
	if ls.n >= maxLabels && text != moreLabels {
		return t.labelsOf(moreLabels)
	}
	l := t.alloc(labelsSize + uintptr(len(text)))
	if l == 0 {
		return 0
	}
	ls.n++
	*labelsAt(l) = labels{next: *head, n: uintptr(len(text))}
	copy(labelsAt(l).text(), text)
	*head = l
	return l
}

func (ls *labelSets) head(i uintptr) *uintptr { return raw.At[uintptr](ls.heads + i*wordSize) }

// textOf returns the encoded form of stored labels.
func textOf(l uintptr) string {
	if l == 0 {
		return ""
	}
	return string(labelsAt(l).text())
}

func (ls *labelSets) close(t *Table) {
	if ls.heads == 0 {
		return
	}
	for i := range uintptr(labelHeads) {
		for l := *ls.head(i); l != 0; {
			next := labelsAt(l).next
			t.free(l, labelsSize+labelsAt(l).n)
			l = next
		}
	}
	t.free(ls.heads, labelHeads*wordSize)
	*ls = labelSets{}
}
