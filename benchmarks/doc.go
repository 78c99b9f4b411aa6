/*
Benchmarks compares ashlar with the Go heap, sync.Pool, modernc.org/memory and the naive design of one
mapping for each object. It is a module of its own, so that the peers are no dependencies of ashlar.

	go run -C benchmarks .                    all tables, in about a minute
	go run -C benchmarks . -run '^pair'       only the rows whose name matches; -list names them
	go run -C benchmarks . -native            also the same loops in C under the allocators found here
	go run -C benchmarks . -run '^suite/'     the workloads of the field and of Go services; -scale shortens them
	go run -C benchmarks . -all -native       everything
	go run -C benchmarks . -metrics           also what was observed besides times
	go run -C benchmarks . -html report.html  one file with charts; best with -metrics
	go run -C benchmarks . -json new.json -compare old.json
	go run -C benchmarks . -run '^trace/'     traces of SQLite and of Apache Arrow, replayed on all peers
	go run -C benchmarks . -trace /path/to/f  a trace that alloc.StartTrace recorded in your program

# Peers

	ashlar         alloc.Allocator, shared by all goroutines
	ashlar-local   alloc.Local, one for each goroutine
	modernc        modernc.org/memory, which is for one goroutine at a time
	modernc+mutex  the same behind one mutex, as its main user has it; where there are several goroutines
	make           the Go heap: make([]byte, n), kept while it is live and then forgotten
	sync.Pool      one pool of blocks for each size
	naive          a mapping for each block, with its length in a header, unmapped by free
	loop-alone     no allocator: the cost of loop, ring and touch, which all other figures contain
	C:…            with -native: malloc and free of a C library, in a process of their own

and in the suite besides

	sync.Pools     one pool for each power of two, as github.com/bytedance/gopkg's mcache and others have it
	chunk-pool     chunks of 64 KiB on a free list under a mutex, as in github.com/VictoriaMetrics/fastcache
	memorymanager  github.com/fmstephe/memorymanager, by references that headers keep
	cgo:…          with -native: the same C libraries, called from Go
	ashlar-arena   arena.Arena, reset after each round
	nuke           github.com/ortuman/nuke, reset after each round
	go-arena       the standard library's experimental arena, freed after each round

Of the suite's peers two need another build of this program, which it makes by itself with the Go command:
go-arena one with GOEXPERIMENT=arenas, and cgo:… one with cgo and the tag cgopeer, in which LD_PRELOAD
decides whose malloc it is. The C libraries are those that the C compiler finds; on Debian they are in the
packages libjemalloc2, libmimalloc2.0 and libgoogle-perftools4, and the compiler in gcc and libc6-dev.
-native-lib takes others by their paths.

# Rows

	pair       a ring of 64 live blocks: free the oldest, allocate and touch its successor
	batch      allocate and touch 1000 blocks, free them first to last (fifo) or in a random order
	parallel   pairs in 1, 2 and 16 goroutines on 2 processors, each with a ring of its own; with -all also
	           in 4 and 8
	remote     one goroutine allocates batches of 1000 blocks and another frees them, at most 8 batches
	           under way; and the same batches in one goroutine
	grow       one buffer grows from 1 MiB to 256 MiB by doubling
	live       10 million live blocks: resident memory, share of the Go heap, time of a forced collection;
	           then all are freed: what is back with the kernel after Trim, or when it is back by itself
	churn      a random set of blocks with log-uniform sizes, replaced at random ten times over: peak
	           resident memory to peak live bytes
	suite      on request: larson, xmalloc-test, sh6bench, sh8bench, cache-thrash, cache-scratch, alloc-test,
	           glibc-simple, glibc-thread, mstress, rptest, malloc-large, windows of pairs, and what Go services do: columns,
	           a queue of buffers, documents, memtables; time for an operation, and peak resident memory to
	           peak live bytes. Package internal/suite says what each does and whose it is, WORKLOADS.md
	           what they gave. A cache server
	           measured at its clients is a program of its own: go run -C benchmarks/cacheserver .
	trace      every operation that a program asked of ashlar, replayed with its goroutines and its order, nine
	           times after a first time in new memory; peak resident memory of that to peak live bytes; the
	           trace's sizes and lifetimes, and the size classes that would waste least for it. Package trace says
	           how; on request

To touch a block is to write its first byte and one byte in each page (4096 bytes) after that. A block
that is never touched costs its allocator and the processor's caches less than any real block does.

# Method

A timed figure is the median of several short samples. The samples of a row are taken in rounds: each
round measures every peer once, in a new random order, so that a disturbance of the machine hits all of
them alike. How many operations make a sample is settled for each peer beforehand. Each sample begins
after a forced collection and a warm-up; a peer that makes garbage warms up over two collections, so that
it is measured with the heap at its usual size and pays for its own garbage and for no other's.

The innermost loops are stamped out for each peer from one template (loops_generated.go, by
internal/genloops): a call through an interface or a type parameter would add to all peers alike and
flatten the ratios. All else stands behind the interfaces peer and worker (peer.go).

	row ──► subjects, one for each peer ──► session.measure: rounds of samples ──► results ─┐
	          sampler: times a workload           │ shuffled                                 ├─► document (JSON)
	            workload: a loop over a peer      └ session.observe: new processes ─► metrics┘      │
	              worker: the generated loops                                                       ▼
	                                   sections ─► tables, charts ─► text, Markdown, HTML; bars ─► verdicts

A play of the suite is a fixed number of operations in a new process, so that its memory is its own; its
samples are interleaved like all others. Its workloads call their peer through the interface suite.Worker,
which costs all peers the same.

Growth and memory are measured in new processes, too: the program starts itself again with a task in its
environment (child.go). Memory figures are of the resident set beyond what the process had before its
first block; the array of the blocks' addresses lies outside the Go heap and is part of what was before.

# Metrics

With -metrics each peer of each row is observed in two processes of its own, in which nothing else runs.

One is watched. Page faults and processor time are getrusage's, of a tenth of a second of the row's operations;
mappings are lines of /proc/self/maps, more than before; resident memory is beyond what the process had before
its first block, at the end and at most. Of the collector there are its cycles, its share of the processor time,
the part of that which allocating goroutines had to do themselves (assists), and the longest stop of the world,
from runtime/metrics; the collections that settle these accounts are not in them. Then single operations are
timed, one of seven where they are short, and their histogram is HdrHistogram's. A time contains one reading of
the clock, whose own median stands below the table, and is no finer than the clock's step.

The other is traced (internal/calls): its calls into the kernel are counted by name between two marks, which
costs so much that nothing else is taken from it. Memory calls are those that get, change or give back memory.

A play of the suite is observed from its first block to its last; what is timed there are single calls of the
allocator, in the play that is watched, and so in none whose time counts.

Live blocks and churn have processes of their own anyway: what can be observed of these comes without -metrics,
and so does their resident memory over time, looked at from outside every 20 ms. How much goes back
to the kernel, and how soon, is among the figures of the live rows.

# Results

-json writes a document with all samples, metrics, verdicts, the machine and the flags; document.go has its
form, which has a version. -from reads it, and shows what was measured as if it had been just now: -html, -update
and the tables work on both.

-compare compares with a document by benchstat's method and library: medians, their confidence intervals, and
the Mann-Whitney U test, with a verdict only where the difference is more than chance, and the geometric mean
of each peer's times. It says how many samples it lacks: six are enough. Two documents, old.json,new.json, are compared
without measuring.

-html writes one file (internal/page): goals against the peers, throughput by goroutines, latencies by 1/(1-q),
resident memory over time, all tables, the bars first; each section with the command that measures it alone.

-update writes the tables into a Markdown file, between marks that name a document (update.go). README.md and
RESULTS.md of this project are made so, and a test keeps them as the program writes them. All is measured anew by

	go run -C benchmarks . -repeats 12 -all -metrics -native -json testdata/results.json -update ../README.md -update RESULTS.md

The same workloads are Go benchmarks for benchstat:

	go test -C benchmarks -run '^$' -bench Pair -count 10 | benchstat -col /peer -

# Caveats

The figures are of one machine, whose other work shows in them. All blocks of a row have one size, which
flatters sync.Pool and every allocator with size classes. Only make gives zeroed memory. The heap is nearly
empty but for the measured blocks; with a large live heap, make pays more for each collection and has fewer
of them. Wall time between two goroutines counts work that runs on two processors at once; the remote rows
show the processor time, too. The C loops are compiled without link-time optimisation and call malloc
through the dynamic linker, as most programs do. A Go program that calls them through cgo pays that call
besides. Where the machine is a virtual one whose host takes back free memory, the first touch of a page can
cost several times more for a while; growth and the naive peer show it in their spread. The live rows need
about 2 GiB of free memory. Rows that need Linux are skipped elsewhere, and the tables say so.
*/
package main
