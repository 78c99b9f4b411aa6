// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// A trace keeps the last operations for the report of a failure.
type trace struct {
	steps int
	last  [32]traced
}

type traced struct {
	step   int
	name   string
	handle int
	detail [3]int
	noted  int
}

// begin records the start of an operation.
func (t *trace) begin(name string, handle int) {
	t.steps++
	now := &t.last[uint(t.steps)%uint(len(t.last))]
	now.step, now.name, now.handle, now.noted = t.steps, name, handle, 0
}

// note adds numbers to the operation, such as its block and its size.
func (t *trace) note(numbers ...int) {
	now := &t.last[uint(t.steps)%uint(len(t.last))]
	now.noted += copy(now.detail[now.noted:], numbers)
}

// wrap adds the last operations to err.
func (t *trace) wrap(err error) error {
	spoilt.Store(true)
	var b strings.Builder
	for i := range t.last {
		e := &t.last[(t.steps+1+i)%len(t.last)]
		if e.step > 0 {
			fmt.Fprintf(&b, "\n\t%5d %-10s handle %d  %v", e.step, e.name, e.handle, e.detail[:e.noted])
		}
	}
	return fmt.Errorf("step %d: %w\nthe last operations:%s", t.steps, err, b.String())
}
