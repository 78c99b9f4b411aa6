// SPDX-License-Identifier: Apache-2.0

//go:build !peer

package main

import (
	"bufio"
	"errors"
	"os"

	"github.com/ashlar-go/ashlar/alloc"
	"modernc.org/libc"
	"modernc.org/memory"
)

// record runs the workload in memory and records what SQLite requests from its allocator.
func record(file string, rows int) error {
	heap := heapOfLibc()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	if err := heap.Trace().Start(w, alloc.TraceOptions{}); err != nil {
		return errors.Join(err, f.Close())
	}
	_, err = run(inMemory, rows)
	return errors.Join(err, heap.Trace().Stop(), w.Flush(), f.Close())
}

// heapOfLibc returns the heap that modernc.org/libc allocates from. libc does not export
// it, but it is the only heap of this program.
func heapOfLibc() *alloc.Allocator {
	tls := libc.NewTLS()
	defer tls.Close()
	libc.Xfree(tls, libc.Xmalloc(tls, 1)) // makes libc open its heap
	return memory.Heaps()[0]
}
