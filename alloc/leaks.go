// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"fmt"
	"io"
	"math"

	"github.com/ashlar-go/ashlar/internal/pprofile"
	"github.com/ashlar-go/ashlar/stats"
)

// writeLeaks writes a report of the live blocks. After Close it writes nothing.
func (a *Allocator) writeLeaks(w io.Writer) error {
	a.init()
	var text []byte
	_ = a.inside(func() error { // nothing is live after Close
		text = a.backend.leaks()
		return nil
	})
	if text == nil {
		return nil
	}
	_, err := w.Write(text)
	return err
}

// leakEstimate returns what writeLeaks writes, by the heap profile. The caller is inside
// the gate, or Close.
func (a *Allocator) leakEstimate() []byte {
	s := a.Stats()
	objects, size := s.Large.Live, s.Memory.LargeRequested
	for i := range s.Classes {
		objects += s.Classes[i].Live
		size += s.Classes[i].Live * int64(s.Classes[i].Size)
	}
	sites, _ := a.collect(0, nil)
	return a.liveText(objects, size, pprofile.TopStacks(sites, a.profileRate(), math.MaxInt))
}

// liveText returns the report of writeLeaks, or nil if nothing is live.
func (a *Allocator) liveText(objects, size int64, stacks stats.Stacks) []byte {
	if objects == 0 {
		return nil
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "ashlar: %d blocks of %s are live%s\n", objects, stats.Bytes(size), inNamed(a.options.Name))
	_ = stacks.Write(&b) // a Buffer takes everything
	return b.Bytes()
}

// inNamed names the Allocator in a report, if it has a name.
func inNamed(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" in the Allocator %q", name)
}
