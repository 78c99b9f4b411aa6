// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ashlar-go/ashlar/benchmarks/internal/suite"
)

// A Kind describes a peer, and opens it. The file of a peer registers its kind.
type Kind struct {
	Name  string // in tables and in the names of Go benchmarks
	About string // what it is, in one line
	Rank  int    // orders the columns of tables
	Ours  bool   // it is ashlar

	In     Use                       // the benchmarks that it takes part in
	Open   func() Peer               // nil if the peer has only arenas or buffers
	Arenas func() func() suite.Arena // opens a peer and returns what makes an arena for a goroutine; nil if it has none
	Buffer func() Buffer             // opens a growing buffer; nil if the peer takes no part in the growth

	Shared   bool // several goroutines may allocate at once
	Locked   bool // takes a lock for sharing, and so is left out where one goroutine allocates
	Heap     bool // blocks are on the Go heap: the collector must see what refers to them
	Litter   bool // freed blocks are garbage; the collector's work is part of the cost
	Mapped   bool // needs MapMemory
	MaxLive  int  // the most live blocks that it is made for; 0 means no bound
	MaxBlock int  // size of its largest block, in bytes; 0 means no bound
	MinBlock int  // a workload whose largest block is smaller takes too long with this peer, in bytes
}

// A Use is a set of benchmarks.
type Use uint

// The benchmarks that peers take part in.
const (
	Single   Use = 1 << iota // loops in one goroutine
	Parallel                 // loops in several goroutines
	Remote                   // blocks that another goroutine frees
	Live                     // many live blocks
	Suite                    // workloads of the suite and traces, if the peer can do them
)

var kinds []Kind

// register adds a kind. The file of a peer calls it when the program starts.
func register(k Kind) {
	if _, found := Find(k.Name); found {
		panic("peer: two peers are named " + k.Name)
	}
	kinds = append(kinds, k)
	slices.SortStableFunc(kinds, func(a, b Kind) int { return cmp.Compare(a.Rank, b.Rank) })
}

// All lists the peers of this build in the order of the tables' columns.
func All() []Kind { return slices.Clone(kinds) }

// For lists the peers that take part in the benchmarks, without those that this system lacks.
func For(benchmarks Use) []Kind {
	return having(func(k Kind) bool { return k.In&benchmarks != 0 })
}

// WithArenas lists the peers that have arenas.
func WithArenas() []Kind { return having(func(k Kind) bool { return k.Arenas != nil }) }

// WithBuffers lists the peers that have growing buffers.
func WithBuffers() []Kind { return having(func(k Kind) bool { return k.Buffer != nil }) }

func having(property func(Kind) bool) []Kind {
	return slices.DeleteFunc(All(), func(k Kind) bool { return !property(k) || k.Mapped && !MapSupported })
}

// Find finds a peer of this build by its name.
func Find(name string) (Kind, bool) {
	at := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if at < 0 {
		return Kind{}, false
	}
	return kinds[at], true
}

// Named returns the peer of the name, or an error that says that this build lacks it.
func Named(name string) (Kind, error) {
	k, found := Find(name)
	if !found {
		return k, fmt.Errorf("no peer named %q in this build", name)
	}
	return k, nil
}

// IsOurs reports whether the peer is ashlar.
func IsOurs(name string) bool {
	k, _ := Find(name)
	return k.Ours
}

// Fits reports whether the peer can do a workload of so many goroutines and live blocks with blocks
// of up to so many bytes. Of two peers that are the same in the workload, one does not fit.
func (k Kind) Fits(goroutines, live, largest int) bool {
	switch {
	case goroutines > 1 && !k.Shared, goroutines == 1 && k.Locked:
		return false
	case k.MaxLive > 0 && live > k.MaxLive:
		return false
	case k.MaxBlock > 0 && largest > k.MaxBlock:
		return false
	}
	return largest >= k.MinBlock
}
