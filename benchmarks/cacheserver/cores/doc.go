// SPDX-License-Identifier: Apache-2.0

// Package cores divides the processors of the machine between two programs, so that neither
// delays the other.
//
//	server, client, err := cores.Split()
//	err = cores.Start(server, command)   // a child that runs on these processors only
//	err = cores.Confine(client)          // the calling process keeps to these
//
// The Go runtime of a process that is started so sets GOMAXPROCS to the number of its
// processors. It works on Linux; elsewhere Split fails with errors.ErrUnsupported.
package cores
