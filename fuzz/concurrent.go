// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/ashlar-go/ashlar/alloc"
)

var concurrentOps = []operation{
	{"malloc", 9, (*runner).malloc},
	{"batch", 2, (*runner).batch},
	{"calloc", 4, (*runner).calloc},
	{"memalign", 2, (*runner).memalign},
	{"realloc", 6, (*runner).realloc},
	{"free", 6, (*runner).freeOne},
	{"freebatch", 2, (*runner).freeBatch},
	{"burst", 4, (*runner).burst},
	{"freeburst", 3, (*runner).freeBurst},
	{"append", 2, (*runner).appendSlice},
	{"send", 12, (*runner).send},
	{"receive", 4, (*runner).receive},
	{"trim", 1, (*runner).trim},
	{"limit", 1, (*runner).noLimit},
	{"misuse", 2, (*runner).misuseOwn},
	{"fail", 1, (*runner).fail},
	{"heal", 2, (*runner).heal},
	{"reopen", 1, (*runner).reopen},
}

// mailbox is the maximum number of blocks sent to a runner that it has not received.
const mailbox = 16

// noLimit reads the statistics while they change, and removes a limit. Concurrent runners
// set no limit, because they cannot know whose allocation it would refuse.
func (p *runner) noLimit(int) error {
	p.a.SetLimit(0)
	_, err := p.snapshot()
	return err
}

// runConcurrent runs an input with several runners at once. Each is a goroutine with its
// own part of the stream. The first three bytes select the options, the number of runners
// and processors, whether memory ages, and the ending.
func runConcurrent(data []byte) error {
	defer disarm()
	in := newStream(data)
	options, shape, ending := in.next(), in.next(), in.next()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1 + shape/4%4))
	decay := time.Duration(-1)
	if shape&64 != 0 {
		decay = 4 * time.Millisecond // one tick each millisecond
	}
	m, err := newModel(options, hugePagesOf(ending/64), alloc.Hardening{}, nil, decay)
	if err != nil {
		return err
	}
	runners := newRunners(m, in, 2+shape%3)
	m.moving = true
	if err := runAll(runners); err != nil {
		return fmt.Errorf("options %#x, shape %#x: %w", options, shape, err)
	}
	p, err := gather(runners)
	if err != nil {
		return err
	}
	if err := p.end(ending &^ 6); err != nil {
		spoilt.Store(true)
		return fmt.Errorf("options %#x, shape %#x, ending %#x: %w", options, shape, ending, err)
	}
	return nil
}

// newRunners divides the stream among n runners, each of which may send blocks to all
// others.
func newRunners(m *model, in stream, n int) []*runner {
	runners := make([]*runner, n)
	for i := range runners {
		part := len(in.rest) / (n - i)
		runners[i] = newRunner(m, stream{in.rest[:part]}, concurrentOps)
		runners[i].mail = make(chan *block, mailbox)
		runners[i].lastID = i << 16 // so that block numbers are unique
		in.rest = in.rest[part:]
	}
	for i, p := range runners {
		p.friends = append(append(p.friends, runners[:i]...), runners[i+1:]...)
	}
	return runners
}

// runAll runs all runners concurrently.
func runAll(runners []*runner) error {
	var all sync.WaitGroup
	failed := make([]error, len(runners))
	for i, p := range runners {
		all.Go(func() {
			if err := p.run(); err != nil {
				failed[i] = fmt.Errorf("runner %d: %w", i, err)
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// gather gives all blocks to the first runner, which is alone from then on.
func gather(runners []*runner) (*runner, error) {
	disarm()
	for i, p := range runners {
		if err := p.receive(0); err != nil {
			return nil, fmt.Errorf("runner %d: %w", i, err)
		}
		if i > 0 {
			p.closeLocals()
			if err := runners[0].merge(&p.shadow); err != nil {
				return nil, err
			}
		}
	}
	p := runners[0]
	p.moving = p.aging
	p.fired = p.faults.fired.Load()
	p.alone = !p.aging
	return p, p.audit()
}
