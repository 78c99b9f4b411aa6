// SPDX-License-Identifier: Apache-2.0

// Package planted is the test of the fuzz targets: bugs, one or more in each
// layer, that the targets must find.
//
//	Bug ─► a copy of one source file with one text replaced ─► go test -c -overlay
//	                                                            │
//	     the target's corpus must fail within a minute  ◄───────┘
//
// The bugs are not in the code, behind no tag and no constant: the go command is
// told to compile another file in a source file's place (-overlay), so that what
// is shipped is what is read. A test that always runs keeps the list true: each
// text that a bug replaces must stand in its file exactly once.
//
//	go test ./fuzz/planted                          the list is true, in an instant
//	go test ./fuzz/planted -tags planted -v         plants each bug, in minutes
//	go test ./fuzz/planted -tags planted -run 'Planted/magazine'
//
// A bug that no target finds is a gap in the targets, to be closed there.
package planted
