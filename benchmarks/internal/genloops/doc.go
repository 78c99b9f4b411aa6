// SPDX-License-Identifier: Apache-2.0

/*
Genloops writes the measured loops of package peer, one copy for each peer, from loops.tmpl.

	go generate -C benchmarks ./...

It reads the Go files of the current directory. A type with loop directives in its comment is a handle, and
gets the loops as methods. Package peer describes the directives.

	//loop:hoist      a statement before the loop that makes the thing to call; none if there is no such thing
	//loop:malloc     statements that allocate size bytes as the new variable p
	//loop:free       statements that free BLOCK
	//loop:dropped    a block is freed by forgetting it, so overwriting it is enough

The loops of a file without build constraints go to loops_generated.go. Those of another file x.go go to
x_loops_generated.go, with its constraints. Those of tests go to loops_generated_test.go.
*/
package main
