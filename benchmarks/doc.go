// SPDX-License-Identifier: Apache-2.0

/*
Benchmarks compares ashlar with the Go heap, sync.Pool, modernc.org/memory, C libraries and other designs. It is a
module of its own, so that the peers are no dependencies of ashlar.

	go run -C benchmarks .                    all tables, in three minutes
	go run -C benchmarks . -run '^pair'       only the benchmarks whose name matches; -list names them
	go run -C benchmarks . -native            also the same loops in C under the allocators found here
	go run -C benchmarks . -run '^suite/'     the workloads of the field and of Go services; -scale shortens them
	go run -C benchmarks . -all -native       everything
	go run -C benchmarks . -metrics           also what was observed besides times
	go run -C benchmarks . -html report.html  one file with charts; best with -metrics
	go run -C benchmarks . -json new.json -compare old.json
	go run -C benchmarks . -run '^trace/'     traces of SQLite and of Apache Arrow, replayed on all peers
	go run -C benchmarks . -trace /path/to/f  a trace that alloc.Trace.Start recorded in your program
	go run -C benchmarks ./gate               fails if ashlar has become slower or larger beside its peers

README.md lists the families of benchmarks and the peers, and says how to add one.

# Structure

	main ──► internal/family: each family's workload, benchmarks, tables and goals
	           │
	           ├─► internal/harness: measures the benchmarks ──► internal/result: samples, medians, metrics, the JSON file
	           │     └─► internal/peer, internal/native: the allocators                       │
	           └─► internal/report: tables, charts, Markdown, HTML ◄─────────────────────────┘
	                 └─► internal/goal, internal/grid, internal/page

A family is a file of internal/family, or a few files that begin with its name. A peer is a file of internal/peer.
Both register themselves.

# Method

A figure is the median of all samples. Beside it stands the spread: half the distance between the quartiles, as a share
of the median. No sample is left out, and no figure is the best of several. Times are taken 10 times (-repeats),
growth and the suite's workloads 3 and 5 times at most, and memory in 3 processes (-memory-repeats). One figure has a minimum in each sample: the
time of a forced collection is the fastest of those within 200 ms, because what comes on top of the work is the
scheduler's doing; the figure is the median of the samples again, and its label says so.

The samples of a benchmark are taken in rounds: each round measures every peer once, in a new random order, so that a
disturbance of the machine hits all of them alike. How many operations make a sample is settled for each peer
beforehand. Each sample begins after a forced collection and a warm-up. A peer that makes garbage warms up over
two collections: it is measured with the heap at its usual size, and pays for its own garbage only.

The innermost loops are generated for each peer from one template (internal/genloops), because a call through an
interface or a type parameter would add to all peers alike and flatten the ratios. To touch a block is to write
its first byte and one byte in each page (4096 bytes) after that.

A run of the suite is a fixed number of operations in a new process, so that its memory is its own. Its samples are
interleaved like all others. Its workloads call their peer through the interface suite.Handle, which costs all
peers the same.

Growth and memory are measured in new processes, too: the program starts itself again with a task in its
environment. Memory figures are of the resident set above what the process had before its first block. The array of
the blocks' addresses lies outside the Go heap, and is part of what the process had before.

# Metrics

With -metrics each peer of each benchmark is observed in two processes of its own, in which nothing else runs.

The first is watched. Page faults and processor time are getrusage's, of a tenth of a second of the benchmark's
operations. Mappings are additional lines of /proc/self/maps. Resident memory is above what the process had before
its first block, at the end and at the peak. Of the collector there are its cycles, its share of the processor
time, the part of that which allocating goroutines had to do themselves (assists), and the longest stop of the
world, from runtime/metrics; the collections that settle these accounts are not counted. Then single operations
are timed, one of seven if they are short, in a histogram of HdrHistogram's. A time contains one reading of the clock,
whose own median stands below the table, and is no finer than the clock's step.

In the second the calls into the kernel are counted by name between two marks (internal/calls). This costs so much
that nothing else is taken from it. Memory calls are those that get, change or return memory.

A run of the suite is observed from its first block to its last. What is timed there are single calls of the allocator,
in the run that is watched, whose own time does not count.

Live blocks and churn have processes of their own anyway: their metrics come without -metrics, and so does their
resident memory over time, read from outside every 20 ms. How much goes back to the kernel, and how soon, is among the figures
of the live benchmarks.

# Results

-json writes a document with all samples, metrics, verdicts, the machine and the flags (package result); its form has
a version. -from reads it, and shows what was measured as if it had been just now: -html, -update and the
tables work on both.

-compare compares with a document by benchstat's method and library: medians, their confidence intervals, and
the Mann-Whitney U test, with a verdict only where the difference is more than chance, and the geometric mean
of each peer's times. It says how many samples it lacks; six are enough. It compares two documents, old.json,new.json,
without measuring.

-html writes one file (internal/page): bars against the peers, throughput by goroutines, latencies by 1/(1-q),
resident memory over time, all tables, the goals first; each table with the command that measures it alone.

-svg draws the chart of the README. -update writes the tables into a Markdown file, between marks that name a document. README.md and
RESULTS.md of this project are made so, and a test keeps them as the program writes them. This measures everything again:

	go run -C benchmarks . -repeats 12 -all -metrics -native -json testdata/results.json -svg headline.svg -update ../README.md -update RESULTS.md

The timed families are Go benchmarks, too, for benchstat:

	go test -C benchmarks ./internal/family -run '^$' -bench Pair -count 10 | benchstat -col /peer -

# Caveats

The figures are of one machine, and the other work of that machine shows in them. All blocks of a benchmark have one
size, which flatters sync.Pool and every allocator with size classes. Only make returns zeroed memory. The heap is nearly
empty except for the measured blocks. With a large live heap, make pays more for each collection and has fewer of
them. Wall time between two goroutines counts work that runs on two processors at once; the remote benchmarks
show the processor time, too. The C loops are compiled without link-time optimisation and call malloc
through the dynamic linker, as most programs do. A Go program that calls them through cgo pays that call
besides. If the machine is a virtual one whose host takes back free memory, the first touch of a page can cost
several times more for a while; growth and the naive peer show it in their spread. The live benchmarks need
about 2 GiB of free memory. Benchmarks that need Linux are skipped elsewhere, and the tables say so.
*/
package main
