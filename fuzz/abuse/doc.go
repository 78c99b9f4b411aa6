// SPDX-License-Identifier: Apache-2.0

// Package abuse lists what programs do wrong with memory, and says of each mode
// of the allocator what comes of it. The list is the table in fuzz/ABUSE.md, and
// its own test.
//
// # Structures
//
//	Case      a mistake: a name, what makes it, what is to be reported
//	Report    what is reported: the kind of it, operation, size, state, words
//	Mode      a way to run an Allocator; each has a column
//	Fixture     an Allocator in a mode, on which one case is played
//	Category       what other allocators' documentation calls the mistake
//
//	Cases ─► Run ─► a fresh Fixture ─► the mistake ─► panic, error, fault, silence
//	  │                                                │
//	  └────► Table (Markdown)              compared with Case.in(Mode)
//
// # What is asserted
//
// A case asserts what is reported, not only that something was:
//
//	Panics     a *alloc.MisuseError with its kind, the operation, the address that was passed,
//	           the block it is in, that block's size and state, and words of the text
//	Refused    an *alloc.Error with the operation, which wraps the sentinel
//	Faults     the process ends by a fault at the address that was touched
//	Found      Verify and Close return a *alloc.MisuseError, the same as Panics says
//	Listed     Close lists the blocks, to Options.Leaks
//	Unnoticed  neither panic nor error: what is not caught is stated as well
//	Works      the use is right, though it looks wrong, and must go on working
//
// After all but a fault the Allocator must still work: blocks of all kinds are
// handed out once, hold what is written, and come back; the numbers add up; Close
// leaves nothing mapped.
//
// A case whose Report is a fault is played by a child process, the others in a
// fresh Allocator each, with the panic recovered.
//
// # Modes
//
// A mode is an entry of Modes with its options, and a column of the table. What comes of
// a case there is Case.Want, but where Mode.Differs has something else under its name.
//
// # The table
//
//	go test ./fuzz/abuse                    compares fuzz/ABUSE.md with the list
//	go test ./fuzz/abuse -run Table -update writes it
package abuse
