// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"runtime"
	"testing"

	"github.com/ortuman/nuke"

	"github.com/ashlar-go/ashlar/arena"
)

// A node is 32 bytes on 64-bit platforms.
type node struct {
	left, right *node
	key, value  int
}

const treeDepth = 20 // 2^20 − 1 nodes

// build makes a perfect tree. It makes each node by calling make.
func build(make func() *node, depth int) *node {
	if depth == 0 {
		return nil
	}
	n := make()
	n.key, n.value = depth, 1
	n.left, n.right = build(make, depth-1), build(make, depth-1)
	return n
}

func (n *node) count() int {
	if n == nil {
		return 0
	}
	return 1 + n.left.count() + n.right.count()
}

func BenchmarkTree(b *testing.B) {
	run := func(peer string, f func(b *testing.B)) { b.Run("n=1M/peer="+peer, f) }
	run("bump", func(b *testing.B) {
		m := &bump{buf: make([]byte, 32<<treeDepth)}
		benchTree(b, func() *node { return newOf[node](m) }, m.reset)
	})
	run("ashlar", func(b *testing.B) {
		a := open(b, arena.Options{})
		benchTree(b, func() *node { return arena.NewLinked[node](a) }, a.Reset)
	})
	run("ashlar-free", func(b *testing.B) {
		a := arena.NewArena()
		benchTree(b, func() *node { return arena.NewLinked[node](a) }, func() { a.Free(); a = arena.NewArena() })
	})
	if experiment.tree != nil {
		run("experiment", experiment.tree)
	}
	run("nuke", func(b *testing.B) {
		a := newNuke(32 << treeDepth)
		benchTree(b, func() *node { return nuke.New[node](a) }, func() { a.Reset(false) })
	})
	run("goheap", func(b *testing.B) { benchTree(b, func() *node { return new(node) }, func() {}) })
}

// benchTree builds a tree and drops it, in each operation.
func benchTree(b *testing.B, make func() *node, drop func()) {
	if n := build(make, treeDepth).count(); n != 1<<treeDepth-1 {
		b.Fatalf("%d nodes", n)
	}
	drop()
	runtime.GC()
	b.ResetTimer()
	before := cpu(b)
	for range b.N {
		root = build(make, treeDepth)
		root = nil
		drop()
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
}

// root keeps the tree alive.
var root *node
