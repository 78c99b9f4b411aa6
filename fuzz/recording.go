// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"

	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// recorded is the value of the two highest bits of a model's options that records a
// trace.
const recorded = 64

// A recording is the trace of a model's Allocator, from the first operation to Close.
type recording struct{ file bytes.Buffer }

// check checks that the trace is complete and consistent, and that it ends with as many
// live objects as the Allocator has.
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
