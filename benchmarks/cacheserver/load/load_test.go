// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/resp"
	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/server"
	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/store"
)

// gets is a source of gets of one key.
func gets(int) Source { return func() (Operation, bool) { return Operation{Get: true}, true } }

// answering returns the address of a server that calls f for each connection.
func answering(t *testing.T, f func(c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // ends the goroutine
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				f(c)
			}()
		}
	}()
	return l.Addr().String()
}

// TestOmission: if a server makes everybody wait, all operations that are due meanwhile
// count.
func TestOmission(t *testing.T) {
	const expected = 50
	address := answering(t, func(c net.Conn) {
		commands := resp.NewReader(c, resp.Limits{})
		for range expected { // no answer before all have come
			if _, err := commands.Next(); err != nil {
				return
			}
		}
		_, _ = io.WriteString(c, strings.Repeat("$-1\r\n", expected))
		_, _ = io.Copy(io.Discard, c) // until the client has gone
	})
	l := Load{Address: address, Connections: 1, Rate: 500, Window: 1000, Duration: expected * 2 * time.Millisecond, Source: gets}
	r, err := l.Run(context.Background())
	if err != nil || r.Gets != expected || r.Hits != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	// The last operation was due 98 ms after the first one, and the one in the middle 50 ms before the last.
	if first, middle := r.Latency.Max(), r.Latency.ValueAtQuantile(50); first < int64(97*time.Millisecond) || middle < int64(47*time.Millisecond) {
		t.Errorf("the first took %v, the one in the middle %v", time.Duration(first), time.Duration(middle))
	}
}

// TestWindow: without a rate, as many operations as the window allows are sent before the
// first answer: those in the channel, and one that the receiver has taken from it.
func TestWindow(t *testing.T) {
	address := answering(t, func(c net.Conn) {
		in := bufio.NewReader(c)
		one := len(resp.AppendCommand(nil, get, appendKey(nil, 0)))
		for { // each time as many as there can be
			if _, err := io.CopyN(io.Discard, in, int64(4*one)); err != nil {
				return
			}
			if _, err := io.WriteString(c, strings.Repeat("$-1\r\n", 4)); err != nil {
				return
			}
		}
	})
	n := 0
	l := Load{Address: address, Connections: 1, Window: 3, Duration: time.Hour, Source: func(int) Source {
		return func() (Operation, bool) { n++; return Operation{Get: true}, n <= 40 }
	}}
	if r, err := l.Run(context.Background()); err != nil || r.Gets != 40 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestServed: both forms answer a load with the values that were set.
func TestServed(t *testing.T) {
	for _, form := range store.Names {
		st, err := store.Open(form, store.Options{Bytes: 2 << 20, Shards: 2})
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := server.New(st, server.Options{})
		served := make(chan error, 1)
		go func() { served <- s.Serve(listener) }()
		m := Mix{Keys: 5000, Gets: 0.5, Zipf: 1.1, TTL: 100 * time.Millisecond, Sizes: Sizes{Min: 64, Max: 8 << 10, Shape: 1}}
		l := Load{Address: listener.Addr().String(), Connections: 4, Window: 16, Duration: time.Hour, Source: m.Fill(4)}
		if r, err := l.Run(context.Background()); err != nil || r.Sets != 5000 || r.Gets != 0 {
			t.Errorf("%s: %+v, %v", form, r, err)
		}
		l.Source, l.Duration = m.Source, 300*time.Millisecond
		r, err := l.Run(context.Background())
		if err != nil || r.Hits == 0 || r.Gets < r.Hits || r.Refused > 0 || r.Latency.TotalCount() != r.Operations() {
			t.Errorf("%s: %+v, %v", form, r, err)
		}
		if text, err := Ask(l.Address, time.Minute, "PING"); text != "PONG" || err != nil {
			t.Errorf("%s: %q, %v", form, text, err)
		}
		if text, err := Ask(l.Address, time.Minute, "PONG"); err == nil {
			t.Errorf("%s: no error, but %q", form, text)
		}
		if err := errors.Join(s.Close(), <-served); err != nil {
			t.Errorf("%s: %v", form, err)
		}
	}
}

// TestFailures: a server that answers wrong values, stops, or does not exist ends the load with an error.
func TestFailures(t *testing.T) {
	for name, c := range map[string]struct{ answer, want string }{
		"wrong value":    {"$3\r\nabc\r\n", "is not one that was set"},
		"error":          {"-ERR no\r\n", "unexpected answer"},
		"other kind":     {"+OK\r\n", "unexpected answer"},
		"no answer":      {"", "EOF"},
		"half a value":   {"$30\r\nabc", "EOF"},
		"another tongue": {"HTTP/1.1 400\r\n", "protocol error"},
	} {
		address := answering(t, func(c2 net.Conn) {
			if _, err := c2.Read(make([]byte, 1)); err == nil {
				_, _ = io.WriteString(c2, c.answer)
			}
			_ = c2.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c2)
		})
		for _, rate := range []float64{0, 1000} {
			l := Load{Address: address, Connections: 3, Rate: rate, Window: 8, Duration: time.Hour, Source: gets}
			if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, rate %v: %v, want %q", name, rate, err, c.want)
			}
		}
	}
	l := Load{Address: "127.0.0.1:1", Connections: 1, Window: 1, Duration: time.Hour, Source: gets}
	if _, err := l.Run(context.Background()); err == nil {
		t.Error("no error without a server")
	}
	l.Window = 0
	if _, err := l.Run(context.Background()); err == nil {
		t.Error("no error without a window")
	}
}

// TestCancel: a load that waits forever ends with its context.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	address := answering(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		cancel()
		_, _ = io.Copy(io.Discard, c)
	})
	l := Load{Address: address, Connections: 2, Window: 4, Duration: time.Hour, Source: gets}
	if _, err := l.Run(ctx); err == nil {
		t.Error("no error")
	}
}
