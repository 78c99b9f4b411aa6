// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"io"
	"log/slog"
	"time"

	"github.com/ashlar-go/ashlar/largeobj"
)

// Options choose how an Allocator behaves. In every option 0 means the default, so the zero
// value is ready for use. The zero Allocator uses it.
type Options struct {
	// Name identifies the Allocator. The default is no name. A name has up to 100 bytes of
	// UTF-8 without control characters.
	//
	// Heap profiles show it as the label "allocator". It also appears in metrics, snapshots,
	// warnings, reports of leaks and misuse, and on the live page.
	Name string

	// Limit bounds the memory that the allocator takes from the kernel, in bytes. The default
	// is 0, no limit. Blocks in use and memory retained for reuse count. Metadata and address
	// space that was never written to do not count.
	//
	// An allocation that would exceed Limit proceeds in steps until it succeeds. It calls
	// OnLimit. It then gives retained pages and large objects back to the kernel. It then
	// gives back what processors have cached, which stops the world. If none of these
	// suffices, it fails with ErrLimit.
	//
	// The last step runs at most once in a Decay period, unless it gave back much the last
	// time. Within that period an allocation may fail although caches hold unused blocks of
	// other sizes. To get their memory, free some blocks or call Trim.
	Limit int64

	// OnLimit is called when an allocation of size bytes would exceed Limit. The default is
	// nil: no call. It runs on the goroutine that allocates, and no lock is held: it may free
	// blocks, raise the limit, or close the Allocator. Calls may be concurrent.
	//
	// OnLimit reports whether it made room. If it did, the allocation is tried again. If the
	// room does not suffice, OnLimit is called again, up to 100 times, so it may evict one
	// entry of a cache per call. Allocations inside OnLimit that exceed Limit fail without
	// another call.
	OnLimit func(size int) (madeRoom bool)

	// Decay is how long unused memory is retained before its RAM is given back to the kernel.
	// The default, 0, means one second. A negative value retains memory until Trim.
	Decay time.Duration

	// HugePages says which memory uses transparent huge pages. The default, HugePagesOff, is small
	// pages. HugePagesDense asks for huge pages for chunks of small blocks that have been almost
	// full for four Decay periods, and for new chunks while the others are almost full. HugePagesAll
	// asks for them from the start, also for large objects of 2 MiB and more. New memory is then
	// filled faster, up to three times as fast with HugePagesAll in benchmarks (-run hugepages).
	// Memory that became sparse uses small pages again.
	//
	// Do not use HugePages where latency or memory is tight:
	//
	//   - The program stalls while the kernel looks for huge pages and moves other memory out of the
	//     way, if the system's setting "defrag" allows that. The kernel copies chunks that became
	//     dense, and accesses to them wait meanwhile.
	//   - Memory that Trim or Decay gave back can grow back: a chunk that becomes dense again is
	//     filled up by a 32nd.
	//   - With HugePagesAll the Footprint grows in steps of 2 MiB, and up to a sixteenth and 2 MiB of
	//     each 64 MiB chunk stays unused in RAM. Few small blocks do not pay for it.
	//
	// Random reads gain only where the address translation is their price. Measure: Stats has the
	// bytes in HugePages, and Process what the kernel really uses.
	//
	// Chunks become dense with age: with a negative Decay, HugePagesDense concerns new chunks only.
	// NewAllocator returns an error that wraps ErrUnsupported where memory comes from a source
	// without huge pages. If the system's administrator has forbidden huge pages, small ones are
	// used, and Logger gets a warning.
	HugePages HugePages

	// Logger receives warnings with advice, each kind once. The default is nil: no warnings.
	// It warns when
	//
	//   - half of the mappings that the kernel allows are in use;
	//   - Limit or the limit of locked memory is reached;
	//   - the kernel refuses memory or huge pages;
	//   - the kernel does not take memory back.
	//
	// Logger is called on the goroutine that allocates or gives memory back. No lock of the
	// allocator is held, so a handler may close the Allocator.
	Logger *slog.Logger

	// ProfileRate is the average number of bytes allocated between two samples of the heap
	// profile. The default, 0, means DefaultProfileRate (512 KiB). A negative value turns
	// sampling off, and 1 samples every block. In blocks of 4 KiB and more, eight times as
	// many bytes lie between two samples.
	//
	// Taking a sample and removing it together cost about as much as ten allocations, or some
	// hundred if its stack is new. Profile().SetRate changes the rate.
	ProfileRate int

	// GuardRate makes the Allocator guard one in GuardRate blocks, chosen at random. The
	// default, 0, means none. 1 is for tests, 1000 and more for production.
	//
	// A guarded block lies between two inaccessible pages. When it is freed, its own page
	// becomes inaccessible too. An access beyond its bounds or after Free faults, or Free,
	// Realloc or Verify finds the damage. Catch and Describe identify the block, with the
	// stacks that allocated and freed it.
	//
	// At most 64 blocks are guarded at a time. Blocks above 8 KiB (or above a page, where
	// pages are larger) are never guarded. From 1000 on at most two thousand blocks a second
	// are guarded, which bounds the cost to about two per cent of one processor. The usable
	// size of a guarded block is exactly the size requested. Inspect().SetGuardRate changes
	// the rate.
	//
	// On platforms without guard pages NewAllocator returns an error that wraps ErrUnsupported.
	GuardRate int

	// Hardening makes mistakes less harmful, at a cost. By default all of it is off.
	Hardening Hardening

	// Checked makes the Allocator check how its blocks are used. The default is false. It is
	// for tests and for finding bugs. The package documentation lists what it finds and what
	// it costs.
	Checked bool

	// Quarantine is how many bytes of freed blocks a checked Allocator withholds from reuse.
	// The default, 0, means 16 MiB; small blocks then use at most an eighth of the live bytes,
	// or 512 KiB if that is more. A negative value means none. The block freed last is
	// withheld in any case.
	Quarantine int64

	// AddressesAsNumbers allows the program to keep addresses of blocks as numbers (uintptr),
	// as C code translated to Go does. The default is false. It changes only race builds (go
	// build -race).
	//
	// In race builds blocks lie in the Go heap, where the race detector sees them. There the
	// pointer checks (checkptr) abort a program that converts a number to a pointer into the
	// Go heap. If AddressesAsNumbers is set, blocks are mapped memory, as in other builds, and
	// the race detector does not see them.
	AddressesAsNumbers bool

	// Leaks receives a report when Close finds live blocks. The default is nil: no report. The
	// report groups the blocks by the stacks that allocated them. It is an estimate from sampled
	// blocks; with Checked, or a ProfileRate of 1, it has every block.
	Leaks io.Writer

	// Large chooses what happens to freed objects of 128 KiB and more. By default their memory
	// is retained for a while.
	Large LargeOptions
}

// LargeOptions are the options of the heap of large objects. Package largeobj describes that
// heap.
type LargeOptions = largeobj.Options

// The values of LargeOptions.Policy.
const (
	RetainLarge = largeobj.Retain // retain freed memory for Decay; the default
	UnmapLarge  = largeobj.Unmap  // give memory back to the kernel when it is freed
	KeepLarge   = largeobj.Keep   // retain freed memory until Trim
)

// DefaultProfileRate is the ProfileRate of an Allocator whose options leave it 0, in bytes.
// The Go heap uses the same rate.
const DefaultProfileRate = 512 << 10

func (o *Options) profileRate() int {
	if o.ProfileRate == 0 {
		return DefaultProfileRate
	}
	return max(o.ProfileRate, 0)
}

// ticksPerDecay is how many ticks of the purger memory is retained. Memory freed right after a
// tick is given back at the second tick after depots and caches have released it, at the
// latest.
const ticksPerDecay = 4

func (o *Options) tick() time.Duration {
	return max(o.decay()/ticksPerDecay, time.Millisecond)
}

// decay returns the decay period. If memory is retained until Trim, it returns one second, for
// callers that need a period.
func (o *Options) decay() time.Duration {
	if o.Decay <= 0 {
		return time.Second
	}
	return o.Decay
}
