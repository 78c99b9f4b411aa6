// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"math/bits"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Options configure an arena. NewArena uses the zero value.
type Options struct {
	// Name identifies the arena in the allocator's dump and in errors. Default: where the
	// arena was made.
	Name string

	// Allocator provides the arena's chunks. Default: alloc.Default().
	Allocator *alloc.Allocator

	// Concurrent allows any number of goroutines to allocate at once. Allocations are
	// slower then. Default: one goroutine at a time.
	Concurrent bool

	// InitialSize is the size of the first chunk, in bytes. Default: 32 KiB, or MaxChunk if
	// that is less. Each further chunk has twice the size of the one before, up to
	// MaxChunk.
	InitialSize int

	// MaxChunk is the largest size of a chunk, in bytes. Default: 1 MiB. A request of more
	// than a quarter of MaxChunk gets an own block. If InitialSize is larger, it replaces
	// MaxChunk.
	MaxChunk int

	// Limit is the largest number of bytes that the arena takes from its allocator.
	// Default: no limit. Beyond it allocations fail with alloc.ErrLimit.
	Limit int64

	// Align is the smallest alignment of every allocation, in bytes: a power of two up to
	// 4096. Default: 8. Sizes are rounded up to it.
	Align int

	// NoZero skips zeroing: allocations hold junk. Default: all memory is zeroed. NewLinked
	// zeroes its memory in any case.
	NoZero bool

	// HugePages asks the kernel to use huge pages for chunks. Default: off. Chunks then
	// start at multiples of 2 MiB, and their sizes are multiples of it.
	HugePages bool

	// Locked keeps chunks in RAM: the kernel never swaps them out. Default: off.
	Locked bool

	// Checked makes a use after Free or Reset fault. Default: off; such a use then reads
	// and damages other data. Checked chunks become inaccessible. They are not used again
	// until Quarantine bytes of newer chunks are inaccessible too. alloc.Catch turns the
	// fault into an error.
	//
	// If the kernel refuses to make pages inaccessible, they hold junk for that time, and
	// alloc.Options.Logger gets a warning.
	Checked bool

	// Quarantine is the largest number of bytes of inaccessible chunks that all checked
	// arenas of the Allocator keep together. Default: 64 MiB. The largest value of any
	// arena counts. These chunks occupy no RAM. They count for the Allocator's limit. When
	// the limit is reached, they are freed.
	Quarantine int64

	// OnDrop is called after an arena was dropped without Free and its memory was released.
	// Default: none. It runs on a goroutine of the runtime and must not block.
	OnDrop func(Dropped)
}

const (
	minAlign          = 8 // 64-bit words are aligned on every platform
	maxAlign          = 4096
	defaultInitial    = 32 << 10
	defaultMaxChunk   = 1 << 20
	defaultQuarantine = 64 << 20
	minChunk          = 1 << 10
	maxChunk          = 1 << (bits.UintSize - 4)
	hugePage          = 2 << 20
)

// check returns an error if an option is not valid.
func (o *Options) check() error {
	for _, f := range []struct {
		name  string
		value int64
		max   uint64 // 0: no bound
	}{
		{"InitialSize", int64(o.InitialSize), maxChunk},
		{"MaxChunk", int64(o.MaxChunk), maxChunk},
		{"Limit", o.Limit, 0},
		{"Quarantine", o.Quarantine, 0},
	} {
		if f.value < 0 || f.max > 0 && uint64(f.value) > f.max {
			return fmt.Errorf("%w: Options.%s is %d bytes: use a smaller number, not below 0", alloc.ErrInvalidSize, f.name, f.value)
		}
	}
	if o.Align < 0 || o.Align&(o.Align-1) != 0 || o.Align > maxAlign {
		return fmt.Errorf("%w: Options.Align is %d, not a power of two up to %d", alloc.ErrInvalidSize, o.Align, maxAlign)
	}
	return nil
}

// settle returns the options with defaults filled in, or an error if an option is not
// valid.
func (o Options) settle() (Options, error) {
	if err := o.check(); err != nil {
		return o, err
	}
	if o.Allocator == nil {
		o.Allocator = alloc.Default()
	}
	if o.InitialSize == 0 {
		o.InitialSize = defaultInitial
		if o.MaxChunk > 0 {
			o.InitialSize = min(o.InitialSize, o.MaxChunk)
		}
	}
	if o.MaxChunk == 0 {
		o.MaxChunk = defaultMaxChunk
	}
	if o.Quarantine == 0 {
		o.Quarantine = defaultQuarantine
	}
	o.Align = max(o.Align, minAlign)
	o.InitialSize = max(o.InitialSize, minChunk)
	o.MaxChunk = max(o.MaxChunk, o.InitialSize)
	return o, nil
}

// shape returns the size and alignment of a chunk for n bytes aligned to align, of at most
// room bytes. The chunk fills a block of the allocator. If a kernel call needs whole pages
// or huge pages, the chunk consists of them.
func (o *Options) shape(n, align, room uintptr) (uintptr, uintptr) {
	unit := uintptr(minAlign)
	if o.Checked || o.Locked {
		unit = vm.PageSize()
	}
	if o.HugePages {
		unit = max(unit, hugePage)
	}
	if unit > minAlign {
		return raw.AlignUp(n, unit), max(align, unit)
	}
	if block := raw.AlignDown(uintptr(alloc.GoodSize(int(n))), unit); block <= room {
		return block, align
	}
	return n, align
}
