// SPDX-License-Identifier: Apache-2.0

// Package resp reads and writes the Redis serialization protocol, version 2, as far as a
// cache needs it (https://redis.io/docs/latest/develop/reference/protocol-spec/).
//
//	Reader   commands: arrays of bulk strings, and lines of words
//	Replies  answers: statuses, errors, numbers, bulk strings, nulls
//	Append…  each of them, behind a slice
//
// Nothing is allocated for a command or an answer: what a Reader returns leads into its
// buffer,
//
//	buf  ┌───────────┬──────────────────────────┬──────────────┐
//	     │ done with │ *2 $3 GET $3 k…          │              │
//	     └───────────┴──────────────────────────┴──────────────┘
//	     0           start      start+at        end         len(buf)
//
//	0 ≤ start ≤ start+at ≤ end ≤ len(buf) ≤ twice the longest command
//	a span of an argument is relative to start, as the command may move
//
// and a parse that lacks bytes goes on where it was when there are more, so that a peer
// who sends byte by byte costs no more than one who does not.
//
// # Hostile input
//
// The number of arguments, the length of each and that of the whole command are limited.
// The buffer grows with what has arrived and not with what was announced. What breaks the
// protocol is an error that wraps ErrProtocol, after which the stream has no meaning and
// is to be closed.
package resp
