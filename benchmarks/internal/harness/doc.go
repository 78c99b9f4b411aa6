// SPDX-License-Identifier: Apache-2.0

/*
Package harness measures the families of benchmarks.

	Family ──► Benchmark: all peers under one workload with one set of parameters
	             Contender, one for each peer ──► Session.Measure: rounds of samples ──► result.Results
	               Sampler: takes samples            │ in a random order
	                 Timed: times a Workload         └► Session.observe: new processes ──► result.Metrics

A Session is one run of the program. Its Document is what package report shows.

# Samples

A figure is the median of all samples. The samples of a benchmark are taken in rounds: each round measures every
peer once, in a new random order, so that a disturbance of the machine hits all of them alike. How many operations
make a sample is settled for each peer beforehand. Each sample begins after a forced collection and a warm-up. A peer that
makes garbage warms up over two collections, so that it is measured with the heap at its usual size, and pays
for its own garbage only.

# Processes

Growth and memory are measured in new processes, and so are the metrics: the program starts itself again with a task in
its environment, and reads the report of the task from its standard output (RunTask). A process that is watched
does nothing else; one whose calls into the kernel are counted gives only the counts.

Some peers need another build of the program. The harness makes it with the Go command when a benchmark needs it (Session.Program).
*/
package harness
