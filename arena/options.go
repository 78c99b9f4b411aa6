// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"math/bits"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Options choose how an arena behaves. The zero value is what NewArena uses.
type Options struct {
	// Name says what the arena is for, in the allocator's dump and in errors.
	Name string

	// Allocator is where the arena's chunks come from and go to. Default:
	// alloc.Default().
	Allocator *alloc.Allocator

	// Concurrent makes an arena that any number of goroutines may allocate from at
	// once, at some cost. Without it an arena is for one goroutine at a time.
	Concurrent bool

	// InitialSize is the length of the first chunk, in bytes. Each further one is twice
	// as long as the one before, up to MaxChunk. Default: 32 KiB, or MaxChunk if that is
	// less.
	InitialSize int

	// MaxChunk bounds the length of chunks, in bytes. A request of more than a
	// quarter of it gets a block of its own. A larger InitialSize takes its place.
	// Default: 1 MiB.
	MaxChunk int

	// Limit bounds what the arena takes from its allocator, in bytes. Beyond it
	// allocations fail with alloc.ErrLimit. Default: no limit.
	Limit int64

	// Align is what every allocation is aligned to at least, in bytes, a power of
	// two up to 4096. Sizes are rounded up to it. Default: 8.
	Align int

	// NoZero leaves memory as it is found. Without it all memory is handed out
	// zeroed. What NewLinked returns is zeroed in any case.
	NoZero bool

	// HugePages asks the kernel to back chunks by huge pages. They are multiples of
	// 2 MiB then, aligned to that.
	HugePages bool

	// Locked keeps chunks in RAM: they are never swapped out.
	Locked bool

	// Checked makes use after Free or Reset fault instead of hitting other data: chunks
	// become inaccessible and are not used again until Quarantine bytes of others are, too.
	// alloc.Catch makes an error of the fault. Where the kernel refuses to make pages
	// inaccessible, they hold junk as long instead, which alloc.Options.Logger is told.
	Checked bool

	// Quarantine is how many bytes of inaccessible chunks the Allocator's checked
	// arenas keep together; the largest value of any of them counts. They occupy no
	// RAM but count for the Allocator's limit until it is reached. Default: 64 MiB.
	Quarantine int64

	// OnDrop is called, if set, when the arena was dropped without Free, after its
	// memory was released. It runs on a goroutine of the runtime's and must not block.
	OnDrop func(Dropped)
}

const (
	minAlign       = 8 // 64-bit words are aligned on every platform
	maxAlign       = 4096
	defaultInitial = 32 << 10
	defaultBound   = 1 << 20
	defaultHold    = 64 << 20
	minChunk       = 1 << 10
	maxChunk       = 1 << (bits.UintSize - 4)
	hugePage       = 2 << 20
)

// check tells what is wrong with the options.
func (o *Options) check() error {
	for _, f := range []struct {
		name  string
		value int64
		most  uint64 // 0: as much as there is
	}{
		{"InitialSize", int64(o.InitialSize), maxChunk},
		{"MaxChunk", int64(o.MaxChunk), maxChunk},
		{"Limit", o.Limit, 0},
		{"Quarantine", o.Quarantine, 0},
	} {
		if f.value < 0 || f.most > 0 && uint64(f.value) > f.most {
			return fmt.Errorf("%w: Options.%s is %d bytes", alloc.ErrInvalidSize, f.name, f.value)
		}
	}
	if o.Align < 0 || o.Align&(o.Align-1) != 0 || o.Align > maxAlign {
		return fmt.Errorf("%w: Options.Align is %d, not a power of two up to %d", alloc.ErrInvalidSize, o.Align, maxAlign)
	}
	return nil
}

// settle returns the options with defaults filled in, or what is wrong with them.
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
		o.MaxChunk = defaultBound
	}
	if o.Quarantine == 0 {
		o.Quarantine = defaultHold
	}
	o.Align = max(o.Align, minAlign)
	o.InitialSize = max(o.InitialSize, minChunk)
	o.MaxChunk = max(o.MaxChunk, o.InitialSize)
	return o, nil
}

// shape returns length and alignment of a chunk for n bytes aligned to align: all of
// an allocator's block if there is room for that, whole pages where the kernel is asked
// about them, huge ones where they are wanted.
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
