// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ashlar-go/ashlar/alloc"
)

// runInBubbles runs an input whose operations alternate between bubbles of testing/synctest
// and the time outside of them. In a bubble the clock jumps by an hour whenever it may. Memory
// ages, so the purger is woken everywhere. The first two bytes select the options and the
// ending; each further part of the input begins with a byte that says how many operations it
// has, and whether they are in a bubble.
func runInBubbles(data []byte) error {
	in := newStream(data)
	options, ending := in.next(), in.next()
	m, err := newModel(options, hugePagesOf(ending/64), alloc.Hardening{}, nil, 4*time.Millisecond)
	if err != nil {
		return err
	}
	p := newRunner(m, in, besideOps)
	for p.in.more() && err == nil {
		how := p.in.next()
		n := 1 + how/2%32
		if how%2 == 0 {
			err = p.some(n)
			continue
		}
		synctest.Test(&testing.T{}, func(*testing.T) {
			defer time.Sleep(time.Hour)
			err = p.some(n)
		})
	}
	if err == nil {
		err = p.end(ending &^ 4)
	}
	if err != nil {
		spoilt.Store(true)
		return fmt.Errorf("options %#x, ending %#x: %w", options, ending, err)
	}
	return nil
}

// some performs up to n operations of the stream.
func (p *runner) some(n int) error {
	rest := p.in.rest
	part := rest[:min(len(rest), 4*n)]
	p.in = stream{part}
	err := p.run()
	p.in = stream{rest[len(part):]}
	return errors.Join(err, p.verify())
}
