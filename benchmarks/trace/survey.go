// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"math/bits"
	"slices"

	"github.com/ashlar-go/ashlar/sizeclass"
)

// A Survey describes what kind of load a trace is.
type Survey struct {
	sizes   [64]Bin // by the bits of the size
	byBytes [64]Bin // by the bits of the lifetime in bytes
	bySteps [64]Bin // by the bits of the lifetime in operations
	small   map[int64]float64
	steps   uint32
	kept    int // objects that are live at the end
}

// A Bin counts the objects for which something is between From and To.
type Bin struct {
	From, To int64 // To is included
	Objects  int
	Bytes    int64 // that they requested
}

func newSurvey() *Survey { return &Survey{small: map[int64]float64{}} }

// requested counts a request of size bytes.
func (s *Survey) requested(size int64) { count(&s.sizes, size, size) }

// died counts the lifetime of an object with its size, until it was freed or resized.
func (s *Survey) died(l *loader, o uint32) {
	object := &l.program.objects[o]
	l.bytes -= object.size
	steps := int64(l.steps - object.bornAt)
	count(&s.byBytes, l.allocated-object.born-object.size, object.size)
	count(&s.bySteps, steps, object.size)
	if object.size < sizeclass.LargeMin {
		s.small[max(object.size, 1)] += float64(steps)
	}
}

func count(bins *[64]Bin, value, size int64) {
	b := &bins[bits.Len64(uint64(value))%64]
	b.Objects++
	b.Bytes += size
}

// Sizes returns the histogram of the requested sizes, in bytes. A resize is another request.
func (s *Survey) Sizes() []Bin { return trimmed(&s.sizes) }

// LifetimesInBytes returns the histogram of how many bytes were allocated while an
// object lived.
func (s *Survey) LifetimesInBytes() []Bin { return trimmed(&s.byBytes) }

// LifetimesInSteps returns the histogram of how many operations were done while an
// object lived.
func (s *Survey) LifetimesInSteps() []Bin { return trimmed(&s.bySteps) }

// Kept returns how many objects were live at the end. Their lifetimes count until then.
func (s *Survey) Kept() int { return s.kept }

// trimmed returns the bins from the first to the last that has an object.
func trimmed(bins *[64]Bin) []Bin {
	all := slices.Clone(bins[:])
	for i := range all {
		if i > 0 {
			all[i].From = 1 << (i - 1)
			all[i].To = int64(1<<i - 1)
		}
	}
	for len(all) > 0 && all[len(all)-1].Objects == 0 {
		all = all[:len(all)-1]
	}
	for len(all) > 0 && all[0].Objects == 0 {
		all = all[1:]
	}
	return all
}
