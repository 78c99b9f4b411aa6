// SPDX-License-Identifier: Apache-2.0

// Package server is a cache that speaks the Redis protocol over TCP.
//
//	Server   accepts connections, and ends them all
//	session  a connection: reads commands, answers them in order
//	command  what one command does with the store
//
// A session reads as many commands as have arrived, answers them into one buffer, and
// sends that when it would have to wait for more: pipelining costs no system call for each
// command. Nothing in it is allocated for a command; what is, is the store's.
//
//	connection ─► resp.Reader ─► command ─► store.Store
//	           ◄─ answers     ◄─┘
//
// # What a client can do to it
//
// It is one program's cache on one machine: there is no authentication and no encryption.
// The number of connections, the length of commands, and the time in which answers must be
// taken are bounded. A connection that breaks the protocol gets an error that says why, and
// is closed. A session's memory is bounded by the longest command and the longest answer.
package server
