// SPDX-License-Identifier: Apache-2.0

package stats

import "io"

// A HeapProfile estimates what an allocator has allocated and what is live, by the stacks
// that allocated it. alloc.Allocator.Profile returns one. All methods are safe for
// concurrent use. They do not stop other goroutines; an allocation waits for them only if
// its block is sampled.
//
// All values are unbiased estimates from the sampled blocks. This holds for each stack,
// size class, kind ("small", "large" or "arena") and each label that the goroutine had
// from runtime/pprof.Do.
type HeapProfile interface {
	// Write writes the profile as a compressed file for go tool pprof. Its sample types
	// are those of the Go runtime's heap profile.
	Write(w io.Writer) error

	// WriteSince writes the difference between now and earlier, a file that Write wrote.
	WriteSince(w io.Writer, earlier io.Reader) error

	// WriteMerged writes the profile and the Go heap's profile as one file.
	WriteMerged(w io.Writer) error

	// WritePeak is Write with other in-use values: those of the moment with the most live
	// bytes. The peak is accurate to 1/16.
	WritePeak(w io.Writer) error

	// WriteFragmentation writes, for each stack, the bytes of free blocks that its live
	// small blocks keep in RAM. A span stays in RAM while one of its blocks is live. Its
	// free bytes are divided equally among its live blocks:
	//
	//	fragmentation of a stack = Σ weight · (span − purged − live·size) / live    over its samples
	//
	// where span is the size of the block's span in bytes, purged is how much of it was given
	// back to the kernel, and live is the number of live blocks in it. The sum over all blocks
	// is the free bytes in RAM of all spans that have live blocks.
	WriteFragmentation(w io.Writer) error

	// Stacks returns the n stacks with the most live bytes. It counts only blocks that
	// were sampled after Sampled returned since; with since 0 it counts all.
	Stacks(n int, since uint64) Stacks

	// Sampled returns the number of blocks sampled so far.
	Sampled() uint64

	// Rate returns the mean number of bytes allocated between two samples. It is negative
	// if sampling is off, so SetRate(Rate()) changes nothing.
	Rate() int

	// SetRate sets the mean number of bytes allocated between two samples. 0 means the
	// default, 512 KiB. 1 samples every block. A negative value turns sampling off. For
	// blocks of 4 KiB and more the distance between samples is eight times as long.
	//
	// It may be called at any time and stops the world briefly. Blocks that were sampled
	// before keep their place and their weight in the profile. A Local keeps the old rate
	// for up to 4096 blocks of each class, or 64 MiB of large objects.
	SetRate(bytes int)

	// Publish adds the profile to those of runtime/pprof under the name. The index page
	// of net/http/pprof, /debug/pprof/, then shows the name and the number of live
	// samples. It counts only blocks sampled after the call. Allocators with the same
	// name are counted together. Like pprof.NewProfile, it panics if another profile has
	// the name.
	//
	// A profile of runtime/pprof counts stacks and has no values. web.Pprof of package
	// stats/web publishes the profile and serves bytes and objects instead.
	//
	// Publishing has a cost: a sample takes about ten times as long, because
	// runtime/pprof takes the stack again. It also takes 400 bytes of the Go heap until
	// its block is freed. Samples beyond 4096 are not counted. Close ends this cost, but
	// the name stays in the list: runtime/pprof cannot remove it.
	Publish(name string)
}

// An Inspector looks into an allocator's memory, for people and for tests.
// alloc.Allocator.Inspect returns one. All methods are safe for concurrent use and stop
// no other goroutine.
type Inspector interface {
	// HeapMap returns a map of the chunks that spans are cut from. It describes at most
	// the given number of chunks, in order of address, and counts the others. Large
	// objects with mappings of their own are not included. It holds the page heap's lock
	// while it copies 2 KiB of bitmaps for each chunk. Spans may change while it reads
	// them.
	HeapMap(chunks int) *HeapMap

	// Process returns the kernel's numbers for the memory of the process, and for the
	// part in the allocator's mappings. It reads /proc/self/smaps, for which the kernel
	// walks all page tables. This takes milliseconds for each GiB. It returns an error on
	// systems without that file.
	Process() (*Process, error)

	// Verify looks for damage and returns all that it finds, as joined
	// *alloc.MisuseErrors. If the allocator is checked, it examines the redzones of live
	// blocks and the blocks in quarantine. In every mode it examines the surroundings of
	// guarded blocks and the headers of large objects. It also checks the allocator's own
	// structures. An error about these means a bug in the allocator, or that the program
	// wrote to them. Verify repairs nothing.
	//
	// It walks the whole heap and takes one lock after the other. Use it in tests, or
	// occasionally while looking for a bug.
	Verify() error

	// WriteLeaks writes the live memory by the stacks that allocated it, the most bytes
	// first. It writes nothing if nothing is live. The numbers are exact if the allocator
	// is checked, or if every block was sampled from the start. Otherwise they are
	// estimates.
	WriteLeaks(w io.Writer) error

	// GuardRate returns the mean number of blocks per guarded block, 0 if none is
	// guarded.
	GuardRate() int

	// SetGuardRate guards one of n small blocks from now on, chosen at random. 0 turns
	// guarding off. See alloc.Options.GuardRate. It may be called at any time and stops
	// the world briefly. A Local keeps the old rate for up to 4096 blocks of each class.
	// A negative n is an error, as is another than 0 on platforms without guard pages.
	SetGuardRate(n int) error
}
