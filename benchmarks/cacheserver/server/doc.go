// SPDX-License-Identifier: Apache-2.0

// Package server is a cache that speaks the Redis protocol over TCP.
//
//	Server   accepts connections, and ends them all
//	session  a connection: reads commands, answers them in order
//	command  what one command does with the store
//
// A session reads all commands that have arrived and answers them into one buffer. It sends the
// buffer when it would have to wait for more, so pipelined commands do not cost one system call
// each. A session allocates nothing for a command; only the store does.
//
//	connection ─► resp.Reader ─► command ─► store.Store
//	           ◄─ answers     ◄─┘
//
// # What a client can do to it
//
// The server is one program's cache on one machine: there is no authentication and no encryption.
// The number of connections, the length of commands, and the time in which answers must be
// read are bounded. A connection that breaks the protocol gets an error that says why, and is
// closed. The memory of a session is bounded by the longest command and the longest answer.
package server
