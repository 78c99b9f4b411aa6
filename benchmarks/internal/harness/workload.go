// SPDX-License-Identifier: Apache-2.0

package harness

import "time"

// A Workload is one loop over one peer, set up and warm. A Timed sampler times it, and so do the Go
// benchmarks.
type Workload struct {
	Run      func(n int) // does n operations
	Close    func()      // frees everything
	Live     int64       // peak of the live bytes; 0 if it depends on how goroutines run
	Steps    []Step      // single operations, to be timed; none if they cannot be told apart
	StepName string      // what a step is
}

// A Step does one operation. The steps of a workload may run at once, each in a goroutine of its own.
type Step func()

// A Sampler takes samples of one peer in one benchmark.
type Sampler interface {
	// Prepare warms up and settles how many operations make a sample of about the given time.
	Prepare(d time.Duration) error
	// Sample measures once, in the unit of the benchmark.
	Sample() (float64, error)
	// Close frees what the sampler holds.
	Close()
}

// A Contender is one peer in one benchmark.
type Contender struct {
	Peer string
	Sampler
}
