// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"bytes"
	"fmt"
	"io"
)

// Write writes the stacks as text for people.
func (s *Stacks) Write(w io.Writer) error {
	var b bytes.Buffer
	if s.Rate != 1 {
		fmt.Fprintf(&b, "These numbers are estimates from one sample in %s. Set the profile rate to 1 to see every block.\n", Bytes(int64(s.Rate)))
	}
	for i := range s.Top {
		t := &s.Top[i]
		fmt.Fprintf(&b, "\n%12s in %d blocks, allocated by\n", Bytes(t.Bytes), t.Objects)
		for _, f := range t.Frames {
			fmt.Fprintf(&b, "\t%s\n", f)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}
