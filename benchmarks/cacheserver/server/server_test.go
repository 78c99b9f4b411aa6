// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/resp"
	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/store"
)

// serve starts a server of the form. At the end of the test it closes, with no block left.
func serve(t *testing.T, form string, o Options) (*Server, string) {
	t.Helper()
	s, address, served := start(t, form, o)
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), <-served); err != nil {
			t.Error(err)
		}
		if n := s.Clients(); n != 0 {
			t.Errorf("%d clients are left", n)
		}
	})
	return s, address
}

// start starts a server of the form; served is what Serve returns.
func start(t *testing.T, form string, o Options) (s *Server, address string, served chan error) {
	t.Helper()
	st, err := store.Open(form, store.Options{Bytes: 32 << 20, Shards: 4})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Name = form
	s = New(st, o)
	served = make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	return s, l.Addr().String(), served
}

func forBoth(t *testing.T, test func(t *testing.T, form string)) {
	for _, form := range store.Names {
		t.Run(form, func(t *testing.T) { test(t, form) })
	}
}

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // the test may have closed it
	return c.(*net.TCPConn)
}

// exchange sends text, ends its side of the connection, and returns everything that comes back.
func exchange(t *testing.T, address, text string) string {
	t.Helper()
	c := dial(t, address)
	answer := make(chan string)
	go func() {
		got, _ := io.ReadAll(c) // the server may hang up while the text is sent
		answer <- string(got)
	}()
	if _, err := io.WriteString(c, text); err == nil {
		_ = c.CloseWrite() // fails then, too
	}
	return <-answer
}

func sent(words ...string) string {
	args := make([][]byte, len(words))
	for i, w := range words {
		args[i] = []byte(w)
	}
	return string(resp.AppendCommand(nil, args...))
}

func TestCommands(t *testing.T) {
	big := strings.Repeat("x", 200_000)
	forBoth(t, func(t *testing.T, form string) {
		_, address := serve(t, form, Options{})
		for _, c := range []struct{ send, want string }{
			{sent("PING"), "+PONG\r\n"},
			{"\r\nping hello\n", "$5\r\nhello\r\n"},
			{sent("GET", "a"), "$-1\r\n"},
			{sent("SET", "a", "1") + sent("GET", "a"), "+OK\r\n$1\r\n1\r\n"},
			{sent("set", "a", "") + sent("get", "a"), "+OK\r\n$0\r\n\r\n"},
			{sent("SET", "a\r\n\x00", big) + sent("GET", "a\r\n\x00"), "+OK\r\n$200000\r\n" + big + "\r\n"},
			{sent("DBSIZE") + sent("EXISTS", "a", "b", "a\r\n\x00"), ":2\r\n:2\r\n"},
			{sent("DEL", "a", "b", "a\r\n\x00"), ":2\r\n"},
			{sent("SET", "a", "1", "EX", "100") + sent("FLUSHALL") + sent("GET", "a"), "+OK\r\n+OK\r\n$-1\r\n"},
			{sent("SET", "a", "1", "EX"), "-ERR syntax error\r\n"},
			{sent("SET", "a", "1", "NX", "1"), "-ERR syntax error\r\n"},
			{sent("SET", "a", "1", "EX", "soon"), "-ERR value is not an integer or out of range\r\n"},
			{sent("SET", "a", "1", "PX", "0"), "-ERR invalid expire time in 'set' command\r\n"},
			{sent("SET", "a", "1", "EX", "9223372036854775807"), "-ERR invalid expire time in 'set' command\r\n"},
			{sent("GET"), "-ERR wrong number of arguments for 'GET' command\r\n"},
			{sent("NO\r\nSUCH"), `-ERR unknown command 'NO\r\nSUCH'` + "\r\n"},
			{sent("", "x"), "-ERR unknown command ''\r\n"},
			{sent("ECHO", "x") + sent("QUIT") + sent("PING"), "$1\r\nx\r\n+OK\r\n"},
			{sent("COMMAND", "DOCS") + sent("CLIENT", "SETNAME", "x"), "*0\r\n+OK\r\n"},
			{sent("CONFIG", "GET", "save"), "*2\r\n$4\r\nsave\r\n$0\r\n\r\n"},
			{sent("CONFIG", "SET", "save", ""), "-ERR only CONFIG GET with one name is supported\r\n"},
			{sent("SET", "a", strings.Repeat("x", 9<<20)), "-ERR Protocol error: invalid bulk length, the limit of a command is 1048576 bytes\r\n"},
			{sent("PING") + "*1\r\n:1\r\n" + sent("PING"), "+PONG\r\n-ERR Protocol error: expected '$', got \":1\"\r\n"},
			{"*2\r\n$3\r\nGET\r\n$1", ""}, // ends inside a command
		} {
			if got := exchange(t, address, c.send); got != c.want {
				t.Errorf("%.60q: %.100q, want %.100q", c.send, got, c.want)
			}
		}
		info := ParseInfo(exchange(t, address, sent("SET", "k", "1234")+sent("INFO")))
		if info[InfoKeys] != 1 || info[InfoBytes] != 5 || info[InfoProcessors] < 1 || info[InfoCommands] < 20 {
			t.Errorf("INFO says %v", info)
		}
		if form == "ashlar" && (info[InfoLive] == 0 || info[InfoOffHeap] == 0) {
			t.Errorf("INFO says %v", info)
		}
	})
}

// TestTooLarge: a value that does not fit is refused, and the connection continues.
func TestTooLarge(t *testing.T) {
	st, err := store.Open("ashlar", store.Options{Bytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	s := New(st, Options{})
	got, _ := s.do(nil, [][]byte{[]byte("SET"), []byte("k"), make([]byte, 64<<10)})
	if !strings.HasPrefix(string(got), "-ERR store: more than") {
		t.Errorf("%q", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestExpiry: values are there until they expire, and no longer.
func TestExpiry(t *testing.T) {
	forBoth(t, func(t *testing.T, form string) {
		synctest.Test(t, func(t *testing.T) {
			st, err := store.Open(form, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s, begun := New(st, Options{}), time.Now()
			for _, step := range []struct {
				at         time.Duration
				send, want string
			}{
				{0, "SET s 1 EX 2", "+OK\r\n"},
				{0, "SET ms 1 px 1500", "+OK\r\n"},
				{1499, "GET s", "$1\r\n1\r\n"},
				{1499, "GET ms", "$1\r\n1\r\n"},
				{1500, "GET s", "$1\r\n1\r\n"},
				{1500, "GET ms", "$-1\r\n"},
				{1999, "GET s", "$1\r\n1\r\n"},
				{2000, "DEL s", ":0\r\n"},
				{2000, "DBSIZE", ":0\r\n"},
			} {
				time.Sleep(step.at*time.Millisecond - time.Since(begun))
				if got, _ := s.do(nil, bytes.Fields([]byte(step.send))); string(got) != step.want {
					t.Errorf("at %d: %s: %q, want %q", step.at, step.send, got, step.want)
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	})
}

// TestClose: a server that closes answers what has arrived. It leaves no connection, whether
// idle or in the middle of a command.
func TestClose(t *testing.T) {
	s, address, served := start(t, "ashlar", Options{})
	idle, half, busy := dial(t, address), dial(t, address), dial(t, address)
	for c, text := range map[*net.TCPConn]string{
		idle: sent("PING"), half: sent("PING") + "*2\r\n$3\r\nGET", busy: strings.Repeat(sent("PING"), 100),
	} {
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, len("+PONG\r\n"))); err != nil {
			t.Fatal(err)
		}
	}
	again := make(chan error)
	go func() { again <- s.Close() }()
	if rest, err := io.ReadAll(busy); len(rest) != 99*len("+PONG\r\n") || err != nil {
		t.Errorf("%d bytes of answers, %v", len(rest), err)
	}
	if err := <-again; err != nil {
		t.Error(err)
	}
	for _, c := range []*net.TCPConn{idle, half} {
		if rest, _ := io.ReadAll(c); len(rest) != 0 {
			t.Errorf("%q was sent at the end", rest)
		}
	}
	if err := s.Close(); err == nil {
		t.Error("the second Close succeeds")
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// TestClients: as many clients connect as the limit allows, and another one when one leaves.
func TestClients(t *testing.T) {
	_, address := serve(t, "goheap", Options{Clients: 1})
	first := dial(t, address)
	if _, err := io.WriteString(first, sent("PING")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(first, make([]byte, len("+PONG\r\n"))); err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(dial(t, address)); string(got) != "-ERR max number of clients reached\r\n" {
		t.Errorf("the second is told %q", got)
	}
	if err := first.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(first); err != nil { // the server has hung up
		t.Fatal(err)
	}
	for got := ""; got != "+PONG\r\n"; { // and soon notices that
		got = exchange(t, address, sent("PING"))
	}
}

// TestImpatience: a client that reads no answers is dropped, and delays nobody.
func TestImpatience(t *testing.T) {
	s, address := serve(t, "goheap", Options{Patience: 50 * time.Millisecond})
	greedy := dial(t, address)
	if err := greedy.SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	set := sent("SET", "k", strings.Repeat("x", 1_000_000))
	if got := exchange(t, address, set); got != "+OK\r\n" {
		t.Fatal(got)
	}
	if _, err := io.WriteString(greedy, strings.Repeat(sent("GET", "k"), 1000)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); s.Clients() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it is still there after ten seconds")
		}
	}
	if got := exchange(t, address, sent("PING")); got != "+PONG\r\n" {
		t.Errorf("then: %q", got)
	}
}

// TestNothingIsAllocated: gets and sets of the off-heap form leave no work for the collector.
func TestNothingIsAllocated(t *testing.T) {
	st, err := store.Open("ashlar", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := New(st, Options{})
	set := [][]byte{[]byte("set"), []byte("key"), make([]byte, 500), []byte("PX"), []byte("100000")}
	get := [][]byte{[]byte("GET"), []byte("key")}
	var answer []byte
	n := testing.AllocsPerRun(1000, func() {
		answer, _ = s.do(answer[:0], set)
		answer, _ = s.do(answer, get)
	})
	if !bytes.HasPrefix(answer, []byte("+OK\r\n$500\r\n")) || n != 0 {
		t.Errorf("%v allocations, answer %.20q", n, answer)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestRedisBenchmark: a client of another project works.
func TestRedisBenchmark(t *testing.T) {
	program, err := exec.LookPath("redis-benchmark")
	if err != nil {
		t.Skip("redis-benchmark is not installed; Debian has it in redis-tools: apt-get install redis-tools")
	}
	forBoth(t, func(t *testing.T, form string) {
		s, address := serve(t, form, Options{})
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(program, "-h", "127.0.0.1", "-p", port, "-n", "5000", "-r", "1000", "-d", "200", "-P", "8",
			"-t", "ping,set,get", "-q").CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("rror")) || bytes.Contains(out, []byte("WARN")) {
			t.Errorf("%v\n%s", err, out)
		}
		for _, test := range []string{"PING_INLINE", "SET", "GET"} {
			if !bytes.Contains(out, []byte(test)) {
				t.Errorf("no %s in\n%s", test, out)
			}
		}
		if keys := s.Info()[InfoKeys]; keys < 500 || keys > 1000 {
			t.Errorf("%v keys are there, want most of 1000", keys)
		}
	})
}

func ExampleServer() {
	st, err := store.Open("ashlar", store.Options{Bytes: 64 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	s := New(st, Options{})
	served := make(chan error)
	go func() { served <- s.Serve(listener) }()

	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Fprint(client, "SET stone granite EX 60\r\nGET stone\r\nQUIT\r\n")
	answers, _ := io.ReadAll(client)
	fmt.Printf("%q\n", answers)
	fmt.Println(s.Close(), <-served) // Close returns an error if a block is left
	// Output:
	// "+OK\r\n$7\r\ngranite\r\n+OK\r\n"
	// <nil> <nil>
}
