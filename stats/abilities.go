// SPDX-License-Identifier: Apache-2.0

package stats

import "io"

// A HeapProfile is the heap profile of an allocator: what was allocated and what is live,
// by the stacks that allocated it. alloc.Allocator.Profile returns one. All methods are
// safe for concurrent use. Allocations that go on meanwhile wait only if their block is
// sampled.
//
// Values are estimates from the blocks that were sampled, and unbiased for each stack,
// size class, kind ("small", "large" or "arena") and label that runtime/pprof.Do gave the
// goroutine.
type HeapProfile interface {
	// Write writes the profile as a compressed file for go tool pprof. Its sample types
	// are those of the Go runtime's heap profile.
	Write(w io.Writer) error

	// WriteSince writes what has changed since earlier, a file that Write wrote.
	WriteSince(w io.Writer, earlier io.Reader) error

	// WriteMerged writes one file with the profile and that of the Go heap.
	WriteMerged(w io.Writer) error

	// WritePeak is Write, with the in-use values of the moment at which most was in use,
	// to within a sixteenth.
	WritePeak(w io.Writer) error

	// WriteFragmentation writes how many bytes live small blocks keep in RAM beyond
	// themselves: what their spans have free, shared among the live blocks of the span.
	//
	//	fragmentation of a stack = Σ weight · (span − live·size) / live    over its samples
	//
	// where span is the bytes of the block's span and live the live blocks in it. Summed
	// over all blocks it is what spans with live blocks have free.
	WriteFragmentation(w io.Writer) error

	// Stacks returns the n stacks with the most live bytes, of blocks that were sampled
	// after Sampled returned since. since 0 means all blocks.
	Stacks(n int, since uint64) Stacks

	// Sampled returns how many blocks were sampled so far.
	Sampled() uint64

	// Rate returns how many bytes are allocated between two samples, on average. It is
	// negative if sampling is off, so that SetRate(Rate()) changes nothing.
	Rate() int

	// SetRate sets how many bytes are allocated between two samples, on average. 0 means
	// the default, 512 KiB; a negative value ends sampling; 1 samples every block. Of
	// blocks of 4 KiB and more one is sampled in eight times as many bytes.
	//
	// It may be called at any time, and briefly stops the world. Blocks that were sampled
	// before stay in the profile with the weight that they had. A Local goes on at the old
	// rate for up to 4096 blocks of each class, or 64 MiB of large objects.
	SetRate(bytes int)

	// Publish lists the profile among those of runtime/pprof, so that the index page of
	// net/http/pprof, /debug/pprof/, shows the name and how many samples are live, of
	// blocks that are sampled from now on. Allocators of one name are counted together.
	// Like pprof.NewProfile it panics if the name is that of another profile.
	//
	// A profile of runtime/pprof counts stacks and has no values. web.Pprof of package
	// stats/web publishes the profile and serves bytes and objects in its place.
	//
	// While it is listed a sample costs some ten times as much, for runtime/pprof takes
	// the stack once more, and 400 bytes of the Go heap until its block is freed. Samples
	// above 4096 are not counted. Close ends that, but the name stays: runtime/pprof
	// cannot remove it.
	Publish(name string)
}

// An Inspector looks into an allocator's memory, for people and tests.
// alloc.Allocator.Inspect returns one. All methods are safe for concurrent use, and nobody
// is stopped for them.
type Inspector interface {
	// HeapMap returns a picture of the chunks that spans are cut from, of as many as are
	// requested, the lowest addresses first; the others are counted. Large objects with
	// mappings of their own are not in it. The page heap's lock is held while 2 KiB of
	// bitmaps are copied for each chunk; spans are read as they change.
	HeapMap(chunks int) *HeapMap

	// Process returns what the kernel says of the process' memory and of the part that is
	// in the allocator's mappings. It reads /proc/self/smaps, for which the kernel walks
	// all page tables: that takes milliseconds for gibibytes. It fails where there is no
	// such file.
	Process() (*Process, error)

	// Verify looks for what was done wrong with the allocator's memory and returns all
	// that it finds, as *alloc.MisuseErrors, joined: in the redzones of live blocks and in
	// blocks in quarantine, if the allocator is checked; next to guarded blocks; and in
	// the headers of large objects. It also checks the allocator's own structures: an
	// error about these is a mistake of the allocator's, or they were written to. It
	// repairs nothing.
	//
	// It walks everything, one lock after the other: that is for tests, and for a look
	// now and then on the way to a bug.
	Verify() error

	// WriteLeaks writes what is live now by the stacks that allocated it, the most bytes
	// first; nothing if nothing is live. It is exact if the allocator is checked, or if
	// every block was sampled from the start, else an estimate.
	WriteLeaks(w io.Writer) error

	// GuardRate returns how many blocks there are to a guarded one; 0 if none is guarded.
	GuardRate() int

	// SetGuardRate makes one of n small blocks a guarded one, at random, from now on; 0
	// ends that. alloc.Options.GuardRate says what it is. It may be called at any time,
	// and briefly stops the world. A Local goes on at the old rate for up to 4096 blocks
	// of each class. A negative n is an error.
	SetGuardRate(n int) error
}
