package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/internal/versus"
)

// TestMain has the test binary serve as the program does when it is started as a server.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "-serve" {
		if err := serveUntil(os.Stdin, os.Stdout, os.Args[2], "127.0.0.1:0"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serving returns the address of a server with a store of that name. It must leave
// nothing behind when the test ends.
func serving(t *testing.T, name string) string {
	t.Helper()
	s, err := openStore(name)
	if err != nil {
		t.Fatal(err)
	}
	v, err := newServer(s, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if live, err := v.close(); live != 0 || err != nil {
			t.Errorf("%d blocks are live, %v", live, err)
		}
	})
	return v.listener.Addr().String()
}

func forStores(t *testing.T, f func(t *testing.T, name string)) {
	for name := range stores {
		t.Run(name, func(t *testing.T) { f(t, name) })
	}
}

// exchange sends text and returns all that comes until the server hangs up, or the other
// end was closed by QUIT.
func exchange(t *testing.T, address, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	reply, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(reply)
}

func array(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b.String()
}

func TestProtocol(t *testing.T) {
	forStores(t, func(t *testing.T, name string) {
		address := serving(t, name)
		big := strings.Repeat("x", 200_000)
		for _, c := range []struct{ send, want string }{
			{array("PING"), "+PONG\r\n"},
			{"PING\r\n", "+PONG\r\n"},
			{"\r\n\r\nping hello\n", "$5\r\nhello\r\n"},
			{array("GET", "a"), "$-1\r\n"},
			{array("SET", "a", "1") + array("GET", "a"), "+OK\r\n$1\r\n1\r\n"},
			{array("set", "a", "") + array("get", "a"), "+OK\r\n$0\r\n\r\n"},
			{array("SET", "a\r\n\x00", big) + array("GET", "a\r\n\x00"), "+OK\r\n$200000\r\n" + big + "\r\n"},
			{array("EXISTS", "a", "b", "a\r\n\x00"), ":2\r\n"},
			{array("DBSIZE"), ":2\r\n"},
			{array("DEL", "a", "b", "a\r\n\x00"), ":2\r\n"},
			{array("SET", "a", "1", "EX", "100", "PX", "5") + array("DEL", "a"), "+OK\r\n:1\r\n"},
			{array("SET", "a", "1", "EX"), "-ERR syntax error\r\n"},
			{array("SET", "a", "1", "NX", "1"), "-ERR syntax error\r\n"},
			{array("SET", "a", "1", "EX", "0"), "-ERR invalid expire time in 'set' command\r\n"},
			{array("SET", "a", "1", "EX", "9223372036854775807"), "-ERR invalid expire time in 'set' command\r\n"},
			{array("GET"), "-ERR wrong number of arguments for 'get' command\r\n"},
			{array("NO\r\nSUCH"), "-ERR unknown command 'NO??SUCH'\r\n"},
			{array("ECHO", "x") + array("QUIT") + array("PING"), "$1\r\nx\r\n+OK\r\n"},
			{array("COMMAND", "DOCS") + array("CLIENT", "SETNAME", "x"), "*0\r\n+OK\r\n"},
			{array(), ""},
			{"*2\r\n$3\r\nGET\r\n$1", ""}, // it ends in its middle
		} {
			if got := exchange(t, address, c.send); got != c.want {
				t.Errorf("%.60q: %.100q, want %.100q", c.send, got, c.want)
			}
		}
	})
}

// TestHostile: what breaks the protocol gets an error and is hung up on, and costs no
// memory that was not sent.
func TestHostile(t *testing.T) {
	address := serving(t, "ashlar")
	for send, want := range map[string]string{
		"*-1\r\n":                              "invalid multibulk length",
		"*x\r\n":                               "invalid multibulk length",
		"*1000000000\r\n":                      "invalid multibulk length",
		"*1\r\n:3\r\n":                         "expected '$', got",
		"*1\r\n$-5\r\n":                        "invalid bulk length",
		"*1\r\n$99999999999\r\n":               "invalid bulk length",
		"*1\r\n$3\r\nabcde\r\n":                "does not end where it should",
		"*1\r\n" + strings.Repeat("$", 70_000): "too big a line",
		strings.Repeat("a", 70_000):            "too big a line",
		"*3\r\n" + strings.Repeat("$16777216\r\n"+strings.Repeat("y", 16<<20)+"\r\n", 3): "too big a request",
	} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.WriteString(c, send) }() // the server may hang up before it is all sent
		reply := make([]byte, 200)
		n, _ := io.ReadAtLeast(c, reply, len("-ERR Protocol error: "))
		if got := string(reply[:n]); !strings.HasPrefix(got, "-ERR Protocol error: ") || !strings.Contains(got, want) {
			t.Errorf("%.40q: %q, want %q", send, got, want)
		}
		c.Close()
	}
	if got := exchange(t, address, array("PING")); got != "+PONG\r\n" {
		t.Errorf("afterwards: %q", got)
	}
}

// TestStores compares both stores with a map, time included.
func TestStores(t *testing.T) {
	forStores(t, func(t *testing.T, name string) {
		s, err := openStore(name)
		if err != nil {
			t.Fatal(err)
		}
		type entry struct {
			value   string
			expires int64
		}
		model := map[string]entry{}
		random := rand.New(rand.NewPCG(1, 2))
		for now := range int64(50_000) {
			key := fmt.Sprint(random.IntN(500))
			e, there := model[key]
			there = there && (e.expires == 0 || now < e.expires)
			switch random.IntN(5) {
			case 0, 1:
				e = entry{strings.Repeat(key, random.IntN(50)), 0}
				if random.IntN(2) == 0 {
					e.expires = now + int64(random.IntN(2000))
				}
				if err := s.set([]byte(key), []byte(e.value), e.expires); err != nil {
					t.Fatal(err)
				}
				model[key] = e
			case 2:
				if !there {
					s.get(nil, []byte(key), now) // takes what has expired
				}
				if got := s.remove([]byte(key)); got != there {
					t.Fatalf("remove(%s) = %v, want %v", key, got, there)
				}
				delete(model, key)
			default:
				got, ok := s.get([]byte("before "), []byte(key), now)
				if ok != there || ok && string(got) != "before "+e.value {
					t.Fatalf("get(%s) = %q %v, want %q %v", key, got, ok, e.value, there)
				}
			}
		}
		for i := range shards {
			s.sweep(i, 1<<40)
		}
		for key, e := range model {
			if e.expires != 0 {
				delete(model, key)
			}
		}
		if s.len() != len(model) {
			t.Errorf("%d keys are left, want %d", s.len(), len(model))
		}
		if live, err := s.close(); live != 0 || err != nil {
			t.Errorf("%d blocks are live, %v", live, err)
		}
	})
}

// TestMeasure is the whole program, in small.
func TestMeasure(t *testing.T) {
	l := load{keys: keysFor(4 << 20), conns: 3, rate: 500, duration: 500 * time.Millisecond}
	var c versus.Comparison
	if err := c.Run(1, func(peer int) error { return measure(&c, peer, l) }); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.Table("small", peers).WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, figure := range []string{figure50, figure999, figureGC, figureSteady} {
		if !strings.Contains(out.String(), figure) {
			t.Errorf("the table lacks %q:\n%s", figure, out.String())
		}
	}
	if n := len(verdicts(&c)); n != 3 {
		t.Errorf("%d verdicts", n)
	}
}

// TestRedisBenchmark: a client that nobody here wrote.
func TestRedisBenchmark(t *testing.T) {
	program, err := exec.LookPath("redis-benchmark")
	if err != nil {
		t.Skip("redis-benchmark is not installed; Debian has it in redis-tools")
	}
	forStores(t, func(t *testing.T, name string) {
		_, port, err := net.SplitHostPort(serving(t, name))
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(program, "-h", "127.0.0.1", "-p", port, "-n", "5000", "-r", "1000", "-d", "200", "-P", "8",
			"-t", "ping,set,get", "-q").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "GET") || strings.Contains(string(out), "rror from server") {
			t.Errorf("%v: %s", err, out)
		}
	})
}

// TestReplies: what a client of ours cannot read is an error.
func TestReplies(t *testing.T) {
	address := serving(t, "goheap")
	err := everybody(address, 1, func(_ int, c *client) error {
		if _, err := c.ask([]byte("NOPE")); err == nil || !strings.Contains(err.Error(), "unknown command") {
			t.Errorf("an error reply: %v", err)
		}
		if _, err := c.ask([]byte("GET"), []byte("x")); !errors.Is(err, errNil) {
			t.Errorf("nil: %v", err)
		}
		_, err := c.ask([]byte("PING"))
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
