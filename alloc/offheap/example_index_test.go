// SPDX-License-Identifier: Apache-2.0

package offheap_test

import (
	"fmt"
	"iter"
	"strings"

	"github.com/ashlar-go/ashlar/alloc/offheap"
)

// An index finds the documents that have a word. Each distinct word is kept once, the Map
// leads from it to a list of documents, and the lists are links in Slots. None of this is
// on the Go heap, so the collector does not scan it, however many documents there are.
type index struct {
	words *offheap.Interner
	first *offheap.Map[offheap.Text, offheap.Handle[link]]
	links *offheap.Slots[link]
}

// A link is a document in the list of a word. The zero Handle ends the list.
type link struct {
	document uint32
	next     offheap.Handle[link]
}

func newIndex() (*index, error) {
	first, err := offheap.NewMap[offheap.Text, offheap.Handle[link]](nil, offheap.MapOptions{Name: "index of words"})
	if err != nil {
		return nil, err
	}
	links, err := offheap.NewSlots[link](nil, offheap.SlotsOptions{Name: "lists of documents"})
	if err != nil {
		first.Close()
		return nil, err
	}
	return &index{offheap.NewInterner(nil, offheap.InternerOptions{Name: "words"}), first, links}, nil
}

// Add adds a document: its number is put at the front of the list of each of its words. On
// an error some words are missing.
func (x *index) Add(document uint32, text string) error {
	for s := range strings.FieldsSeq(text) {
		word, err := x.words.Intern(s)
		if err != nil {
			return err
		}
		list, known := x.first.Get(word)
		if known {
			x.words.Release(word) // the Map is the one user of a word
		}
		if known && x.links.Get(list).document == document {
			continue // the word occurs twice
		}
		if err := x.put(word, link{document, list}); err != nil {
			if !known {
				x.words.Release(word)
			}
			return err
		}
	}
	return nil
}

// put makes l the first in the list of a word.
func (x *index) put(word offheap.Text, l link) error {
	added, err := x.links.Add(l)
	if err != nil {
		return err
	}
	if err := x.first.Set(word, added); err != nil {
		x.links.Remove(added)
		return err
	}
	return nil
}

// Find returns the documents that have a word, the newest first.
func (x *index) Find(s string) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		word, known := x.words.Lookup(s)
		if !known {
			return
		}
		at, _ := x.first.Get(word)
		for l := x.links.Get(at); l != nil && yield(l.document); {
			l = x.links.Get(l.next)
		}
	}
}

// Forget removes a word and its list.
func (x *index) Forget(s string) {
	word, known := x.words.Lookup(s)
	if !known {
		return
	}
	at, _ := x.first.Get(word)
	for l := x.links.Get(at); l != nil; l = x.links.Get(at) {
		next := l.next
		x.links.Remove(at)
		at = next
	}
	x.first.Delete(word)
	x.words.Release(word)
}

func (x *index) Close() {
	x.first.Close()
	x.links.Close()
	x.words.Close()
}

// An index of words off the Go heap.
func Example_index() {
	x, err := newIndex()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer x.Close()
	for i, text := range []string{"stone upon stone", "no stone unturned", "once upon a time"} {
		if err := x.Add(uint32(i+1), text); err != nil {
			fmt.Println(err)
		}
	}
	for document := range x.Find("stone") {
		fmt.Println("stone:", document)
	}
	x.Forget("stone")
	for document := range x.Find("upon") {
		fmt.Println("upon:", document)
	}
	fmt.Println(x.words.Len(), x.first.Len(), x.links.Len())
	// Output:
	// stone: 2
	// stone: 1
	// upon: 3
	// upon: 1
	// 6 6 7
}
