//go:build cgo && cgopeer

package main

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/cmalloc"
)

// cgoPeer is malloc of C, called through cgo. Which allocator that is depends on what LD_PRELOAD brings in.
type cgoPeer struct{}

type cgoWorker struct{}

var cgoKinds = []peerKind{{name: cgoName, open: func() peer { return cgoPeer{} }, shared: true}}

func (cgoPeer) worker() worker { return &cgoWorker{} }
func (cgoPeer) trim()          {}
func (cgoPeer) close()         {}

func (w *cgoWorker) Close() {}

func (w *cgoWorker) Calloc(size int) unsafe.Pointer { return cmalloc.Calloc(size) }

func (w *cgoWorker) Resize(block unsafe.Pointer, _, size int) unsafe.Pointer {
	return cmalloc.Realloc(block, size)
}
