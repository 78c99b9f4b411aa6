// SPDX-License-Identifier: Apache-2.0

// Package resp reads and writes the Redis serialization protocol, version 2, as far as a
// cache needs it (https://redis.io/docs/latest/develop/reference/protocol-spec/).
//
//	Reader   reads commands: arrays of bulk strings, and lines of words
//	Replies  reads answers: statuses, errors, numbers, bulk strings, nulls
//	Append…  append each of them to a slice
//
// A command or an answer needs no allocation: what a Reader returns points into its buffer.
//
//	buf  ┌───────────┬──────────────────────────┬──────────────┐
//	     │ dropped   │ *2 $3 GET $3 k…          │              │
//	     └───────────┴──────────────────────────┴──────────────┘
//	     0           start      start+at        end         len(buf)
//
//	0 ≤ start ≤ start+at ≤ end ≤ len(buf) ≤ twice the longest command
//	a span of an argument is relative to start, as the command may move
//
// A parse that lacks bytes continues where it stopped when more have arrived. So a peer who
// sends byte by byte costs no more than one who does not.
//
// # Hostile input
//
// The number of arguments, the length of each, and the length of the whole command are limited.
// The buffer grows with what has arrived, not with what was announced. Input that breaks the
// protocol gives an error that wraps ErrProtocol. The stream has no meaning after that, and the
// caller closes it.
package resp
