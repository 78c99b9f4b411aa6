// Package vm is the only code that asks the kernel for memory.
//
// # States
//
// A byte of address space is, for its owner, in one of these states:
//
//	         Map                    first write
//	none ──────────► mapped, clean ─────────────► dirty
//	  ▲                ▲     │                     │ │
//	  │                └─────│──────── Purge ──────┘ │
//	  └───── Release ────────┴───────────────────────┘
//
// Clean memory is readable and writable, reads as zeros and costs nothing until
// it is written; dirty memory occupies RAM. The kernel keeps the difference
// between clean and dirty by the page, the owner by what it handed out: a page
// given to a user counts as dirty from that moment.
//
// Memory is mapped readable and writable at once, with MAP_NORESERVE, and not
// first reserved and then committed in steps: committing would cost a call and
// a split mapping a step, and a clean page costs nothing anyway.
//
// # Accounting
//
// Each owner (an allocator, the metadata of the process) has a Space, and every
// call goes through one. A Space counts bytes and kernel calls once, for
// everyone:
//
//	mapped    = Σ sizes of its mappings
//	footprint = Σ bytes its owner has charged: those that may be dirty
//	footprint ≤ mapped
//	footprint ≤ limit, where there is one
//
// The footprint is an upper bound of what the mappings contribute to the
// process' resident set, and it is what a limit limits: the owner calls Charge
// before it hands clean pages out and Refund after it purged or released them.
//
// # Failure
//
// Every call can fail, and tests make each of them fail (Inject). No call here
// loses memory: Release returns its error and the mapping stays the owner's. In
// particular munmap returns ENOMEM when cutting a mapping out of the middle of
// a larger one (the kernel merges neighbours) would exceed vm.max_map_count.
//
// # Platforms
//
// One file for each operating system. Linux is supported; elsewhere the module
// builds and every call returns ErrUnsupported.
package vm
