// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"modernc.org/libc"
	"modernc.org/memory"
)

// TestGuarded: SQLite and libc do not write beyond their blocks, and libc's caches of freed
// blocks do not write beyond what the blocks have.
func TestGuarded(t *testing.T) {
	useConcurrently(t, inMemory) // which opens libc's heap
	heaps := memory.Heaps()
	if len(heaps) == 0 {
		t.Fatal("there is no heap")
	}
	for _, h := range heaps {
		if err := h.Inspect().SetGuardRate(1); err != nil {
			t.Fatal(err)
		}
		defer h.Inspect().SetGuardRate(0)
	}
	passAround(t)
	for place, name := range places(t) {
		t.Run(place, func(t *testing.T) { useConcurrently(t, name) })
	}
	for _, h := range heaps {
		if err := h.Inspect().Verify(); err != nil {
			t.Error(err)
		}
	}
}

// passAround frees small blocks into the cache of a thread that did not allocate them, as
// SQLite does with C strings.
func passAround(t *testing.T) {
	t.Helper()
	tls := libc.NewTLS()
	defer tls.Close() // which empties the cache
	for n := range libc.Tsize_t(40) {
		libc.Xfree(tls, libc.Xmalloc(nil, n))
		libc.Xfree(tls, libc.Xcalloc(nil, 1, n))
		libc.Xfree(tls, libc.Xrealloc(tls, libc.Xmalloc(tls, 100), n+1))
	}
}
