// SPDX-License-Identifier: Apache-2.0

// Package planted tests the tests: it plants one or more bugs in each layer, and the fuzz targets,
// the soak or the interleaved scenes of package alloc must find all of them.
//
//	go test ./fuzz/planted                          checks the list, in an instant
//	go test ./fuzz/planted -tags planted -v         plants each bug, in minutes
//	go test ./fuzz/planted -tags planted -run 'Planted/magazine'
//
// A bug replaces one text in a copy of one source file:
//
//	Bug ─► a copy of one source file with one text replaced ─► go test -c -overlay
//	                                                            │
//	     the target's corpus must fail within a minute  ◄───────┘   (it is run again meanwhile)
//
// The bugs are not part of the code, not even under a build tag: with -overlay the go
// command compiles the copy instead of the original file. A test that always runs checks
// the list: each text that a bug replaces must occur in its file exactly once.
//
// The races (Races) take a break in a protocol, such as a wait that is missing. A scene of
// alloc.TestInterleavings finds each of them, and prints the order of steps that shows it.
//
// If no target finds a bug, extend the targets.
package planted
