// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"io"
	"log/slog"
	"time"

	"github.com/ashlar-go/ashlar/largeobj"
)

// Options choose how an Allocator behaves. The zero value is what the zero Allocator uses:
// for every option 0 is the default.
type Options struct {
	// Name tells Allocators of a program apart: it stands in heap profiles (as the label
	// "allocator"), metrics, snapshots, reports of leaks and misuse, warnings, and on the
	// live page. Up to 100 bytes of UTF-8 without control characters. Default: none.
	Name string

	// Limit bounds the memory that the allocator takes from the kernel, in bytes:
	// blocks in use and what is retained for reuse, not its metadata, nor address
	// space that was never written to. 0 means no limit.
	//
	// An allocation that would exceed it calls OnLimit. Then pages and large objects that
	// are retained for reuse are given back to the kernel, and only then the allocation
	// fails with ErrLimit. What processors have cached is given back, too. That stops the
	// world, so it happens once in a Decay period at most, unless it gave back much the last
	// time. Within that period an allocation may fail though caches hold unused blocks of
	// other sizes: free some memory, or call Trim.
	Limit int64

	// OnLimit is called, if set, when an allocation of size bytes would exceed
	// Limit, on the goroutine that allocates and without any lock held: it may free
	// blocks, raise the limit, close the Allocator, or just take note. It reports whether it
	// made room: then the allocation is tried again, and OnLimit is called again if that was
	// too little, up to 100 times. So it may evict one entry of a cache at a time. It may
	// allocate, too: what exceeds Limit then fails without another call. Calls may be
	// concurrent.
	OnLimit func(size int) (madeRoom bool)

	// Decay is how long unused memory is retained before its RAM is given back to
	// the kernel. 0 means one second; a negative value, for ever (until Trim).
	Decay time.Duration

	// Logger, if set, is warned, once of each thing and with advice: that mappings are
	// many, that the limit or that of locked memory is reached, that the kernel refuses
	// memory or huge pages, or does not take memory back. It is called without any lock
	// of the allocator's held, on the goroutine that allocates or the one that gives
	// memory back, and may close the Allocator.
	Logger *slog.Logger

	// ProfileRate is how many bytes are allocated between two samples of the heap
	// profile, on average, or eight times as many in blocks of 4 KiB and more. 0 means
	// DefaultProfileRate, a negative value no sampling, and 1 samples every block. A
	// sample with its end costs about ten allocations, or some hundred where its stack
	// was not met lately. Profile().SetRate changes it.
	ProfileRate int

	// GuardRate has one of so many blocks, at random, be guarded: it lies between pages
	// without access, and when it is freed its page has none either. A use of it beyond
	// its bounds or after Free then faults, or is found by Free, Realloc or Verify;
	// Catch and Describe tell which block it was, and the stacks that allocated and
	// freed it. 0 means none, 1 is for tests. From 1000 on the rate is one for
	// production: there are no more than two thousand guarded blocks a second, which
	// bounds the cost to about two per cent of one processor. At most 64 blocks are
	// guarded at a time, and none above 8 KiB (or a page, where pages are larger). The
	// usable size of a guarded block is what was asked for. Inspect().SetGuardRate changes it.
	GuardRate int

	// Hardening makes mistakes less harmful, at a cost.
	Hardening Hardening

	// Checked has the Allocator look after how its blocks are used, for tests and for the
	// hunt after a bug: the package documentation has what it finds, and what it costs.
	Checked bool

	// Quarantine is how many bytes of freed blocks a checked Allocator keeps from being
	// used again, the last one in any case. 0 means 16 MiB, of which small blocks have as
	// many as an eighth of the bytes that are live, and 512 KiB at least; a negative value,
	// none but that one.
	Quarantine int64

	// AddressesAsNumbers is for programs that keep the addresses of blocks as numbers
	// (uintptr), as C does that was translated to Go. It changes race builds (go build
	// -race) only. There blocks otherwise lie in the Go heap, so that the race detector
	// sees them; and the pointer checks of such builds (checkptr) end a program that makes
	// a pointer into the Go heap of a number. If AddressesAsNumbers is set, blocks are
	// mapped memory, as in other builds. Then the race detector does not see them.
	AddressesAsNumbers bool

	// Leaks, if set, is written a report by Close, of what is still live by the stacks
	// that allocated it, if anything is.
	Leaks io.Writer

	// Large chooses what becomes of freed objects of 128 KiB and more.
	Large LargeOptions
}

// LargeOptions are the options of the heap of large objects. Package largeobj says what
// that heap does.
type LargeOptions = largeobj.Options

// The values of LargeOptions.Policy.
const (
	RetainLarge = largeobj.Retain // retain freed memory for a while
	UnmapLarge  = largeobj.Unmap  // give memory back to the kernel when it is freed
	KeepLarge   = largeobj.Keep   // retain freed memory until Trim
)

// DefaultProfileRate is the ProfileRate of an Allocator that is told none, in bytes: that
// of the Go heap.
const DefaultProfileRate = 512 << 10

func (o *Options) profileRate() int {
	if o.ProfileRate == 0 {
		return DefaultProfileRate
	}
	return max(o.ProfileRate, 0)
}

// ticksPerDecay is for how many ticks of the purger memory is retained: memory
// freed right after a tick is given back at the second tick from then, at the
// latest, once the depots and caches have let go of it.
const ticksPerDecay = 4

func (o *Options) tick() time.Duration {
	return max(o.decay()/ticksPerDecay, time.Millisecond)
}

// decay returns the period that Decay stands for where one is needed: a second if memory is
// retained for ever.
func (o *Options) decay() time.Duration {
	if o.Decay <= 0 {
		return time.Second
	}
	return o.Decay
}
