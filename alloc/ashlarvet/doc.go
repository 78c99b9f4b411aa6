// SPDX-License-Identifier: Apache-2.0

// Ashlarvet finds mistakes in programs that use ashlar, before they run.
//
//	go build -C alloc/ashlarvet -o /tmp/ashlarvet .   # in a checkout of ashlar
//	go vet -vettool=/tmp/ashlarvet ./...              # in your module
//
// It reports:
//
//	ashlarappend  the built-in append on a slice that lives off the Go heap: it moves the
//	              slice to the Go heap, and the block is lost
//	ashlartype    a type that holds Go pointers, given to a typed helper
//	ashlarlocal   a Local that two goroutines use, or that is a package-level variable
//	ashlarerror   the error of an allocation that nobody looks at
//	ashlarfree    a block that is freed twice, or used after Free, FreeSlice or Reset,
//	              in statements that follow each other
//	ashlarreturn  memory of an arena that the function returns after it frees the arena
//
// Each check looks at one function at a time, and follows variables by name. It misses
// what passes through other functions. What it reports is wrong in nearly every case; a
// report that is not can be avoided by a variable of its own.
package main
