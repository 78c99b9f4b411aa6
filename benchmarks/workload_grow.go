package main

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
	"github.com/ashlar-go/ashlar/benchmarks/internal/usage"
)

// growFrom is the size, in bytes, that a buffer begins with.
const growFrom = 1 << 20

// A fill writes to a new part of a growing buffer.
type fill struct {
	name  string
	label string
	write func([]byte)
}

var fills = []fill{
	{"none", "nothing written", func([]byte) {}},
	{"pages", "1 byte a page written", func(part []byte) { touch(unsafe.Pointer(unsafe.SliceData(part)), len(part)) }},
	{"all", "all written", func(part []byte) {
		for i := range part {
			part[i] = 1
		}
	}},
}

// A growable is one buffer of one peer. Its bytes stay as they were when it grows.
type growable interface {
	// grow gives the buffer the size, in bytes; the first call allocates it.
	grow(size int) []byte
	// close frees the buffer and all that was retained for it.
	close()
}

// The ways to grow a buffer on the Go heap.
const (
	appendName   = "append"
	makeCopyName = "make+copy"
)

// growables lists the peers of the growth rows, in the order of the tables' columns.
var growables = []struct {
	name string
	open func() growable
}{
	{ashlarName, func() growable { return &ashlarBuffer{allocator: newAllocator()} }},
	{moderncName, func() growable { return new(moderncBuffer) }},
	{appendName, func() growable { return new(appendBuffer) }},
	{makeCopyName, func() growable { return new(makeCopyBuffer) }},
}

// growOnce doubles a buffer from growFrom to at most the given bytes, writing to each part while it is
// new. The caller closes the buffer: giving it back is not part of growing.
func growOnce(b growable, to int, write func([]byte)) {
	old := 0
	for size := growFrom; size <= to; size *= 2 {
		write(b.grow(size)[old:])
		old = size
	}
}

// A growTask is one growth in a process of its own: no peer then finds memory, or a state of the
// collector, that an earlier growth left behind.
type growTask struct {
	Peer string `json:"peer"`
	Fill string `json:"fill"`
	To   int    `json:"to"` // bytes
}

type growReport struct {
	Milliseconds float64 `json:"ms"`
	metrics
}

func (t *growTask) run() (*growReport, error) {
	for _, fill := range fills {
		for _, g := range growables {
			if fill.name == t.Fill && g.name == t.Peer {
				return growMeasured(g.open(), t.To, fill.write)
			}
		}
	}
	return nil, fmt.Errorf("no growth of %s with fill %s", t.Peer, t.Fill)
}

// growMeasured leaves the buffer as it is, for its memory to be read.
func growMeasured(b growable, to int, write func([]byte)) (*growReport, error) {
	r := &growReport{metrics: metrics{Operations: 1, Live: int64(to)}}
	base, meter := int64(0), usage.Begin()
	if rss.Supported {
		var err error
		if base, err = rss.Current(); err != nil {
			return nil, err
		}
	}
	calls.Mark()
	start := wallClock()
	growOnce(b, to, write)
	r.Milliseconds = (wallClock() - start).Seconds() * 1e3
	calls.Mark()
	r.Usage = meter.End()
	if !rss.Supported {
		return r, nil
	}
	err := r.readMemory(base)
	runtime.KeepAlive(b)
	return r, err
}
