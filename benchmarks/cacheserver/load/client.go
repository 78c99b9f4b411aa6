// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/resp"
)

// A client is a connection. Its sender and its receiver share only pending.
type client struct {
	load       Load
	number     int
	connection net.Conn
	pending    chan pending // operations that are sent or about to be, in the order of their answers
	result     *Result      // belongs to the receiver
	key, value []byte       // belong to the sender
	ttl        []byte       // belongs to the sender
}

// A pending operation waits for its answer.
type pending struct {
	due time.Duration // since the start
	key uint64
	get bool
}

func dial(ctx context.Context, l Load, number int) (*client, error) {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", l.Address)
	if err != nil {
		return nil, err
	}
	return &client{load: l, number: number, connection: connection,
		pending: make(chan pending, l.Window), result: newResult()}, nil
}

// run sends and receives until everything is answered.
func (c *client) run(start time.Time) error {
	sent := make(chan error, 1)
	go func() {
		defer close(c.pending)
		sent <- c.send(start)
	}()
	err := c.receive(start)
	if err != nil {
		_ = c.connection.Close() // the sender may be waiting for the connection
		for range c.pending {    // or for room in the window
		}
	}
	return errors.Join(err, <-sent)
}

// send sends operations when they are due, in as few writes as that allows.
func (c *client) send(start time.Time) error {
	out := bufio.NewWriterSize(c.connection, 64<<10)
	next := c.load.Source(c.number)
	end := c.load.Warmup + c.load.Duration
	due, step := c.firstDue()
	for ; ; due += step {
		now := time.Since(start)
		if step == 0 {
			due = now
		}
		if due >= end {
			break
		}
		if due > now {
			if err := out.Flush(); err != nil {
				return err
			}
			time.Sleep(due - now)
		}
		o, ok := next()
		if !ok {
			break
		}
		if err := c.enqueue(out, pending{due, o.Key, o.Get}); err != nil {
			return err
		}
		if err := c.write(out, o); err != nil {
			return err
		}
	}
	return out.Flush()
}

// firstDue returns when this client's first operation is due, and the time between two of
// its operations. The operations of all clients are spread evenly.
func (c *client) firstDue() (first, step time.Duration) {
	if c.load.Rate == 0 {
		return 0, 0
	}
	apart := float64(time.Second) / c.load.Rate
	return time.Duration(apart * float64(c.number)), max(time.Duration(apart*float64(c.load.Connections)), 1)
}

// enqueue waits until the window has room. The operations in the window must have been sent.
func (c *client) enqueue(out *bufio.Writer, p pending) error {
	select {
	case c.pending <- p:
		return nil
	default:
	}
	if err := out.Flush(); err != nil {
		return err
	}
	c.pending <- p
	return nil
}

var get, set, px = []byte("GET"), []byte("SET"), []byte("PX")

func (c *client) write(out *bufio.Writer, o Operation) error {
	c.key = appendKey(c.key[:0], o.Key)
	b := out.AvailableBuffer()
	switch {
	case o.Get:
		b = resp.AppendCommand(b, get, c.key)
	default:
		c.value = appendValue(c.value[:0], o.Key, o.Size)
		if o.TTL == 0 {
			b = resp.AppendCommand(b, set, c.key, c.value)
			break
		}
		c.ttl = strconv.AppendInt(c.ttl[:0], max(o.TTL.Milliseconds(), 1), 10)
		b = resp.AppendCommand(b, set, c.key, c.value, px, c.ttl)
	}
	_, err := out.Write(b)
	return err
}

// receive reads the answers.
func (c *client) receive(start time.Time) error {
	replies := resp.NewReplies(c.connection)
	for p := range c.pending {
		reply, err := replies.Next()
		if err != nil {
			return fmt.Errorf("load: answer of the server: %w", err)
		}
		now := time.Since(start)
		if p.due >= c.load.Warmup {
			c.result.Seconds = (now - c.load.Warmup).Seconds()
			c.result.record(p.due-c.load.Warmup, now-p.due, c.load.Rate > 0)
		}
		if err := c.account(p, reply, p.due >= c.load.Warmup); err != nil {
			return err
		}
	}
	return nil
}

// account checks an answer, and counts it unless it belongs to the warm-up.
func (c *client) account(p pending, reply resp.Reply, counts bool) error {
	one := int64(0)
	if counts {
		one = 1
	}
	r := c.result
	switch {
	case p.get && reply.Kind == '$':
		r.Gets += one
		if reply.Null {
			return nil
		}
		r.Hits += one
		return checkValue(reply.Text, p.key)
	case !p.get && reply.Kind == '+':
		r.Sets += one
		return nil
	case !p.get && reply.Kind == '-':
		r.Sets += one
		r.Refused += one
		if r.FirstRefusal == "" {
			r.FirstRefusal = string(reply.Text)
		}
		return nil
	}
	return fmt.Errorf("load: unexpected answer %c%.100q", reply.Kind, reply.Text)
}
