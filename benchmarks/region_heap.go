package main

import "github.com/ashlar-go/ashlar/benchmarks/internal/suite"

// heapRegion is the Go heap: what was allocated is garbage when nothing refers to it any more.
type heapRegion struct{}

func (heapRegion) Node() *suite.Node          { return new(suite.Node) }
func (heapRegion) Tower() *suite.Tower        { return new(suite.Tower) }
func (heapRegion) Links(n int) []*suite.Tower { return make([]*suite.Tower, n) }
func (heapRegion) Bytes(n int) []byte         { return make([]byte, n) }
func (heapRegion) Reset()                     {}
func (heapRegion) Close()                     {}
