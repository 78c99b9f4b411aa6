package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A load is what the clients ask for.
type load struct {
	keys     int
	conns    int
	rate     int // requests a second, of all connections together
	sets     int // of 100 requests
	duration time.Duration
}

// Values have so many bytes, log-uniform.
const (
	leastValue = 64
	mostValue  = 8 << 10
)

var meanValue = float64(mostValue-leastValue) / math.Log(mostValue/leastValue)

// keysFor returns how many keys there are when keys and values have so many bytes.
func keysFor(live int64) int {
	return max(int(float64(live)/(meanValue+float64(len(keyOf(nil, 0))))), 1)
}

func keyOf(b []byte, i uint64) []byte { return fmt.Appendf(b, "key:%012d", i) }

// noise is what values are cut from.
var noise = func() []byte {
	b := make([]byte, 2*mostValue)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}()

// valueOf returns the value of key i: always the same, so that answers can be checked.
func valueOf(i uint64) []byte {
	x := rand.New(rand.NewPCG(i, 3))
	n := int(leastValue * math.Pow(mostValue/leastValue, x.Float64()))
	at := x.IntN(mostValue)
	return noise[at : at+n]
}

// A client is one connection.
type client struct {
	conn   net.Conn
	in     *bufio.Reader
	out    *bufio.Writer
	random *rand.Rand
	key    []byte
	text   []byte
}

func dial(address string, seed uint64) (*client, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), out: bufio.NewWriterSize(conn, 64<<10),
		random: rand.New(rand.NewPCG(seed, 4))}, nil
}

// request writes a request into the buffer.
func (c *client) request(arguments ...[]byte) {
	b := append(strconv.AppendInt(append(c.text[:0], '*'), int64(len(arguments)), 10), "\r\n"...)
	for _, a := range arguments {
		b = appendBulk(b, a)
	}
	_, _ = c.out.Write(b) // the error comes with Flush
	c.text = b
}

var errNil = errors.New("nil")

// reply reads a reply: a status, a number or a bulk string; errNil for a nil one. It is
// for use until the next call.
func (c *client) reply() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	if len(line) < 3 {
		return nil, fmt.Errorf("the server says %q", line)
	}
	kind, rest := line[0], string(line[1:len(line)-2])
	switch kind {
	case '+', ':':
		return []byte(rest), nil
	case '-':
		return nil, errors.New(rest)
	case '$':
		n, err := strconv.Atoi(rest)
		if err != nil {
			return nil, fmt.Errorf("the server says %q", line)
		}
		if n < 0 {
			return nil, errNil
		}
		c.text = append(c.text[:0], make([]byte, n+2)...)
		_, err = io.ReadFull(c.in, c.text)
		return c.text[:n], err
	}
	return nil, fmt.Errorf("the server says %q", line)
}

// ask sends a request and returns its reply.
func (c *client) ask(arguments ...[]byte) ([]byte, error) {
	c.request(arguments...)
	if err := c.out.Flush(); err != nil {
		return nil, err
	}
	return c.reply()
}

func (c *client) set(i uint64, seconds int) {
	c.key = keyOf(c.key[:0], i)
	c.request([]byte("SET"), c.key, valueOf(i), []byte("EX"), strconv.AppendInt(nil, int64(seconds), 10))
}

// ttl draws how long a value lives, in seconds: minutes to an hour.
func (c *client) ttl() int { return 60 + c.random.IntN(3600) }

// fill sets the keys from the first on in steps, in pipelines.
func (c *client) fill(first, step, keys int) error {
	const pipeline = 64
	pending := 0
	drain := func() error {
		if err := c.out.Flush(); err != nil {
			return err
		}
		for ; pending > 0; pending-- {
			if _, err := c.reply(); err != nil {
				return err
			}
		}
		return nil
	}
	for i := first; i < keys; i += step {
		c.set(uint64(i), c.ttl())
		if pending++; pending == pipeline {
			if err := drain(); err != nil {
				return err
			}
		}
	}
	return drain()
}

// play asks at the load's rate until it has lasted, and records how long each request
// took from when it was due, in microseconds.
func (c *client) play(l load, record *hdrhistogram.Histogram) error {
	interval := time.Duration(l.conns) * time.Second / time.Duration(l.rate)
	zipf := newZipf(c.random, l.keys)
	start := time.Now().Add(time.Duration(c.random.Int64N(int64(interval))))
	for due := start; due.Sub(start) < l.duration; due = due.Add(interval) {
		time.Sleep(time.Until(due))
		if err := c.step(zipf(), l.sets); err != nil {
			return err
		}
		_ = record.RecordValue(max(time.Since(due).Microseconds(), 1)) // beyond its range: the highest
	}
	return nil
}

// newZipf draws keys, the first the most often; which those are is spread over all.
func newZipf(random *rand.Rand, keys int) func() uint64 {
	z := rand.NewZipf(random, 1.1, 10, uint64(keys-1))
	return func() uint64 { return z.Uint64() * 0x9e3779b1 % uint64(keys) }
}

// step makes one request, and a set after a get that found nothing.
func (c *client) step(i uint64, sets int) error {
	if c.random.IntN(100) >= sets {
		c.key = keyOf(c.key[:0], i)
		value, err := c.ask([]byte("GET"), c.key)
		if err == nil && string(value) != string(valueOf(i)) {
			return fmt.Errorf("%s has a value that nobody gave it", c.key)
		}
		if err != errNil {
			return err
		}
	}
	c.set(i, c.ttl())
	if err := c.out.Flush(); err != nil {
		return err
	}
	_, err := c.reply()
	return err
}

// everybody runs f for all connections of a load at once.
func everybody(address string, conns int, f func(i int, c *client) error) error {
	var wg sync.WaitGroup
	errs := make([]error, conns)
	for i := range conns {
		wg.Go(func() {
			c, err := dial(address, uint64(i))
			if err == nil {
				err = errors.Join(f(i, c), c.conn.Close())
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
