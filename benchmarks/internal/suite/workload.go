// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"cmp"
	"fmt"
	"slices"
)

// A Workload is one pattern of allocation.
type Workload struct {
	Name       string
	Goroutines []int  // the numbers of goroutines that it is measured with
	Largest    int    // size of the largest block, in bytes
	MaxLive    int    // about how many blocks live at once
	InArenas   bool   // what it allocates is freed at once
	OnlyInGo   bool   // the C programs lack it
	Operation  string // what is counted
	parameters func(goroutines int, scale float64) string
	prepare    func(t *Team) (run func())
	rank       int
}

// Parameters describes the sizes and numbers of a run.
func (load *Workload) Parameters(goroutines int, scale float64) string {
	return load.parameters(goroutines, scale)
}

var registered []*Workload

// register adds workloads. The file of a workload calls it when the program starts. Ranks order
// the workloads in the tables; workloads of equal rank keep their order.
func register(rank int, workloads ...*Workload) {
	for _, load := range workloads {
		load.rank = rank
		registered = append(registered, load)
	}
}

// All lists the workloads in the order of the tables.
func All() []*Workload {
	all := slices.Clone(registered)
	slices.SortStableFunc(all, func(a, b *Workload) int { return cmp.Compare(a.rank, b.rank) })
	return all
}

// Named finds a workload.
func Named(name string) (*Workload, error) {
	for _, load := range registered {
		if load.Name == name {
			return load, nil
		}
	}
	return nil, fmt.Errorf("suite: no workload named %q", name)
}
