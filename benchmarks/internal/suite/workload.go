package suite

import "fmt"

// A Workload is one pattern of allocation.
type Workload struct {
	Name       string
	Goroutines []int  // with how many it is measured
	Largest    int    // block, in bytes
	Most       int    // blocks that live at once, about
	InRegions  bool   // allocates what is freed at once
	Operation  string // what is counted
	parameters func(goroutines int, scale float64) string
	prepare    func(t *Team) (run func())
}

// Parameters describes the sizes and numbers that a play has.
func (w *Workload) Parameters(goroutines int, scale float64) string {
	return w.parameters(goroutines, scale)
}

// All lists the workloads in the order of the tables.
func All() []*Workload {
	all := windows()
	return append(all,
		larson(), xmallocTest(), sh6bench(), sh8bench(), cacheThrash(), cacheScratch(), allocTest(),
		glibcSimple(), glibcThread(), mstress(), rptest(), mallocLarge(),
		columns(), queue(), documents(), memtables())
}

// Named finds a workload.
func Named(name string) (*Workload, error) {
	for _, w := range All() {
		if w.Name == name {
			return w, nil
		}
	}
	return nil, fmt.Errorf("suite: no workload named %q", name)
}
