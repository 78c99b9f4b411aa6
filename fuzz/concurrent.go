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
	{"malloc", 11, (*player).malloc},
	{"calloc", 4, (*player).calloc},
	{"memalign", 2, (*player).memalign},
	{"realloc", 6, (*player).realloc},
	{"free", 8, (*player).freeOne},
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

// mailbox is how many blocks may be under way to a player.
const mailbox = 16

// noLimit reads numbers while they change, and removes a limit that is not there:
// players cannot tell whose allocation a limit would refuse.
func (p *player) noLimit(int) error {
	p.a.SetLimit(0)
	_, err := p.snapshot()
	return err
}

// playTogether plays an input by several players at once, each in a goroutine
// with a part of the stream. The first three bytes choose the options, how many
// players and processors there are and whether memory ages, and the ending.
func playTogether(data []byte) error {
	defer disarm()
	in := newStream(data)
	options, shape, ending := in.next(), in.next(), in.next()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1 + shape/4%4))
	decay := time.Duration(-1)
	if shape&64 != 0 {
		decay = 4 * time.Millisecond // a tick each millisecond
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

// newPlayers divides the stream among n players, who are all friends.
func newPlayers(m *model, in stream, n int) []*player {
	players := make([]*player, n)
	for i := range players {
		part := len(in.rest) / (n - i)
		players[i] = newPlayer(m, stream{in.rest[:part]}, concurrentOps)
		players[i].mail = make(chan *block, mailbox)
		players[i].lastID = i << 16 // no two have blocks of the same number
		in.rest = in.rest[part:]
	}
	for i, p := range players {
		p.friends = append(append(p.friends, players[:i]...), players[i+1:]...)
	}
	return players
}

// run has all players play at once.
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

// gather hands everything to the first player, who is alone then.
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
