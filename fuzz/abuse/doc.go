// SPDX-License-Identifier: Apache-2.0

// Package abuse lists what programs do wrong with memory, and what the allocator reports
// in each of its modes. The list is the source of the table in fuzz/ABUSE.md, and it is a
// test.
//
//	go test ./fuzz/abuse                     runs all cases and compares fuzz/ABUSE.md
//	go test ./fuzz/abuse -run Table -update  writes the tables in fuzz/ABUSE.md and SECURITY.md
//
// To add a mistake, add a Case to the list of its kind (free.go, use.go, ask.go,
// parts.go). If a mode reports it differently, add an entry to Mode.Differs.
//
// # Structures
//
//	Case      a mistake: its name, the code that makes it, the expected report
//	Report    the expected report: kind, operation, size, state, words
//	Mode      a way to run an Allocator; each mode is a column of the table
//	Fixture   an Allocator in a mode, on which one case runs
//	Category  the kind of mistake by which other allocators' documentation describes it
//
//	Cases ─► Run ─► a new Fixture ─► the mistake ─► panic, error, fault, nothing
//	  │                                                │
//	  └────► Table (Markdown)              compared with Case.in(Mode)
//
// # What is asserted
//
// A case asserts the contents of the report:
//
//	Panics     an *alloc.MisuseError with its kind, the operation, the address that was
//	           passed, the block that contains it, the block's size and state, and words
//	           of the text
//	Refused    an *alloc.Error with the operation, which wraps the sentinel
//	Faults     the process ends with a fault at the accessed address
//	Found      Verify and Close return an *alloc.MisuseError with the contents of Panics
//	Listed     Close writes the blocks to Options.Leaks
//	Unnoticed  neither panic nor error: the mistake is not detected
//	Works      the use looks wrong but is correct, and must work
//
// After every case except a fault, the Allocator must still work. Blocks of all kinds can
// be allocated, keep their contents and can be freed. The statistics add up. After Close
// nothing is mapped.
//
// A case whose report is a fault runs in a child process. Every other case runs on a new
// Allocator, and the panic is recovered.
//
//	go test ./fuzz/abuse -run Table -update writes it
package abuse
