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
	{"malloc", 9, (*player).malloc},
	{"batch", 2, (*player).batch},
	{"calloc", 4, (*player).calloc},
	{"memalign", 2, (*player).memalign},
	{"realloc", 6, (*player).realloc},
	{"free", 6, (*player).freeOne},
	{"freebatch", 2, (*player).freeBatch},
	{"burst", 4, (*player).burst},
	{"freeburst", 3, (*player).freeBurst},
	{"append", 2, (*player).appendSlice},
	{"send", 12, (*player).send},
	{"receive", 4, (*player).receive},
	{"trim", 1, (*player).trim},
	{"limit", 1, (*player).noLimit},
	{"misuse", 2, (*player).misuseOwn},
	{"fail", 1, (*player).fail},
	{"heal", 2, (*player).heal},
	{"reopen", 1, (*player).reopen},
}

// mailbox is the maximum number of blocks sent to a player that it has not received.
const mailbox = 16

// noLimit reads the statistics while they change, and removes a limit. Concurrent players
// set no limit, because they cannot know whose allocation it would refuse.
func (p *player) noLimit(int) error {
	p.a.SetLimit(0)
	_, err := p.snapshot()
	return err
}

// playTogether plays an input with several players at once. Each is a goroutine with its
// own part of the stream. The first three bytes select the options, the number of players
// and processors, whether memory ages, and the ending.
func playTogether(data []byte) error {
	defer disarm()
	in := newStream(data)
	options, shape, ending := in.next(), in.next(), in.next()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1 + shape/4%4))
	decay := time.Duration(-1)
	if shape&64 != 0 {
		decay = 4 * time.Millisecond // one tick each millisecond
	}
	m, err := newModel(options, alloc.Hardening{}, nil, decay)
	if err != nil {
		return err
	}
	players := newPlayers(m, in, 2+shape%3)
	m.moving = true
	if err := run(players); err != nil {
		return fmt.Errorf("options %#x, shape %#x: %w", options, shape, err)
	}
	p, err := gather(players)
	if err != nil {
		return err
	}
	if err := p.end(ending &^ 6); err != nil {
		spoilt.Store(true)
		return fmt.Errorf("options %#x, shape %#x, ending %#x: %w", options, shape, ending, err)
	}
	return nil
}

// newPlayers divides the stream among n players, each of which may send blocks to all
// others.
func newPlayers(m *model, in stream, n int) []*player {
	players := make([]*player, n)
	for i := range players {
		part := len(in.rest) / (n - i)
		players[i] = newPlayer(m, stream{in.rest[:part]}, concurrentOps)
		players[i].mail = make(chan *block, mailbox)
		players[i].lastID = i << 16 // so that block numbers are unique
		in.rest = in.rest[part:]
	}
	for i, p := range players {
		p.friends = append(append(p.friends, players[:i]...), players[i+1:]...)
	}
	return players
}

// run runs all players concurrently.
func run(players []*player) error {
	var all sync.WaitGroup
	failed := make([]error, len(players))
	for i, p := range players {
		all.Go(func() {
			if err := p.play(); err != nil {
				failed[i] = fmt.Errorf("player %d: %w", i, err)
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// gather gives all blocks to the first player, which is alone from then on.
func gather(players []*player) (*player, error) {
	disarm()
	for i, p := range players {
		if err := p.receive(0); err != nil {
			return nil, fmt.Errorf("player %d: %w", i, err)
		}
		if i > 0 {
			p.closeLocals()
			if err := players[0].merge(&p.shadow); err != nil {
				return nil, err
			}
		}
	}
	p := players[0]
	p.moving = p.aging
	p.fired = p.faults.fired.Load()
	p.alone = !p.aging
	return p, p.audit()
}
