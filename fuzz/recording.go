// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"

	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// recorded is what the highest two bits of a model's options are to have a trace recorded.
const recorded = 64

// A recording is the trace of a model's Allocator, from the first operation to Close.
type recording struct{ file bytes.Buffer }

// check reports whether the trace is whole, can be true, and ends with as many live
// objects as the Allocator had.
func (r *recording) check(live int64) error {
	if r == nil {
		return nil
	}
	reader, err := heaptrace.NewReader(&r.file)
	if err != nil {
		return err
	}
	var l heaptrace.Live
	events := 0
	for e, err := range reader.Events() {
		if err == nil {
			err = l.Follow(&e)
		}
		if err != nil {
			return fmt.Errorf("event %d of the trace: %w", events, err)
		}
		events++
	}
	if int64(l.Objects()) != live || l.Unknown > 0 {
		return fmt.Errorf("the trace of %d events ends with %d live objects, the allocator with %d; %d were freed that it does not know",
			events, l.Objects(), live, l.Unknown)
	}
	return nil
}
