package main

import (
	"runtime/debug"
	"unsafe"
)

// makePeer is the Go heap: make([]byte, size) to allocate, forgetting to free. Its blocks are zeroed and
// the collector runs as the default GOGC has it, so its cost includes the collector's.
type makePeer struct{}

type makeWorker struct{}

func openMake() peer { return makePeer{} }

func (makePeer) worker() worker { return &makeWorker{} }
func (makePeer) trim()          { debug.FreeOSMemory() }
func (makePeer) close()         {}

func (w *makeWorker) Close() {}

// Calloc is Malloc, whose blocks are zero.
func (w *makeWorker) Calloc(size int) unsafe.Pointer { return w.Malloc(size) }
