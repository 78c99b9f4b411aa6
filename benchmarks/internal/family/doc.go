// SPDX-License-Identifier: Apache-2.0

/*
Package family has the families of benchmarks. Each is a file, or some files that begin with its name: its
workload, its benchmarks, its tables, its goals, and what it does in processes of its own. Its init
function registers it, and the program finds it there (All).

	pair        a ring of live blocks in one goroutine
	batch       many blocks at once, freed in order or not
	parallel    pairs in several goroutines
	remote      blocks that another goroutine frees
	grow        a buffer that grows by doubling
	live        ten million live blocks: memory, collections, what comes back
	churn       blocks of random sizes, replaced again and again: peak memory
	suite       the workloads of package suite
	trace       traces of programs, replayed

A timed family has a constructor of its workload (newPair), a function that runs one benchmark (timed), and
a table. Of the others, live and churn take one sample from each process, and suite and trace run each sample in
a process of its own.
*/
package family
