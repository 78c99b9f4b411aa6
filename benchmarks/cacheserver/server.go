package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A server answers the requests of its connections out of a store.
type server struct {
	store    store
	listener net.Listener
	done     chan struct{}
	running  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	ended bool
}

// newServer serves a store, which is the server's from then on, at an address.
func newServer(s store, address string) (*server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	v := &server{store: s, listener: l, done: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	v.running.Go(v.accept)
	v.running.Go(func() { sweeping(s, v.done) })
	return v, nil
}

func (v *server) accept() {
	for {
		c, err := v.listener.Accept()
		if err != nil {
			return
		}
		v.mu.Lock()
		if v.ended {
			c.Close()
		} else {
			v.conns[c] = struct{}{}
			v.running.Go(func() { v.serve(c) })
		}
		v.mu.Unlock()
	}
}

// close hangs up on everybody, waits until nobody uses the store, and closes it.
func (v *server) close() (live int64, err error) {
	close(v.done)
	err = v.listener.Close()
	v.mu.Lock()
	v.ended = true
	for c := range v.conns {
		c.Close()
	}
	v.mu.Unlock()
	v.running.Wait()
	live, closeErr := v.store.close()
	return live, errors.Join(err, closeErr)
}

// A conn is a connection's part of the server.
type conn struct {
	*server
	value []byte // what was read last
}

// serve answers one connection. Replies are sent when there are no more requests to
// read, so that a pipeline gets them together.
func (v *server) serve(c net.Conn) {
	defer func() {
		v.mu.Lock()
		delete(v.conns, c)
		v.mu.Unlock()
		c.Close()
	}()
	in, out := newRequestReader(c), bufio.NewWriterSize(c, 64<<10)
	client, reply := conn{server: v}, []byte(nil)
	for {
		arguments, err := in.next()
		var wrong protocolError
		switch {
		case errors.As(err, &wrong):
			_, _ = out.Write(appendError(nil, wrong.Error()))
			_ = out.Flush()
			return
		case err != nil:
			return
		}
		quit := false
		reply, quit = client.answer(reply[:0], arguments)
		if _, err := out.Write(reply); err != nil {
			return
		}
		if quit || in.in.Buffered() == 0 {
			if err := out.Flush(); err != nil || quit {
				return
			}
		}
		if cap(reply) > 1<<20 { // one large value does not keep its memory
			client.value, reply = nil, nil
		}
	}
}

// answer appends the reply to a request.
func (v *conn) answer(reply []byte, arguments [][]byte) (_ []byte, quit bool) {
	if len(arguments) == 0 {
		return reply, false
	}
	name, rest := strings.ToUpper(string(arguments[0])), arguments[1:]
	wrong := func() ([]byte, bool) {
		return appendError(reply, "wrong number of arguments for '"+strings.ToLower(name)+"' command"), false
	}
	switch name {
	case "GET":
		if len(rest) != 1 {
			return wrong()
		}
		return v.get(reply, rest[0]), false
	case "SET":
		if len(rest) < 2 {
			return wrong()
		}
		return v.set(reply, rest), false
	case "DEL", "UNLINK":
		return appendInt(reply, v.each(rest, v.store.remove)), false
	case "EXISTS":
		return appendInt(reply, v.each(rest, func(key []byte) bool {
			_, ok := v.store.get(nil, key, time.Now().UnixMilli())
			return ok
		})), false
	case "DBSIZE":
		return appendInt(reply, v.store.len()), false
	case "PING":
		if len(rest) > 0 {
			return appendBulk(reply, rest[0]), false
		}
		return appendSimple(reply, "PONG"), false
	case "ECHO":
		if len(rest) != 1 {
			return wrong()
		}
		return appendBulk(reply, rest[0]), false
	case "INFO":
		return appendBulk(reply, takeUsage().text(v.store.len())), false
	case "COMMAND", "CONFIG": // what clients ask before they begin
		return append(reply, "*0\r\n"...), false
	case "CLIENT", "SELECT":
		return appendSimple(reply, "OK"), false
	case "QUIT":
		return appendSimple(reply, "OK"), true
	}
	return appendError(reply, "unknown command '"+clip(name)+"'"), false
}

// clip keeps an error short and on one line.
func clip(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return '?'
		}
		return r
	}, name[:min(len(name), 64)])
}

func (v *conn) each(keys [][]byte, f func(key []byte) bool) (n int) {
	for _, key := range keys {
		if f(key) {
			n++
		}
	}
	return n
}

func (v *conn) get(reply, key []byte) []byte {
	value, ok := v.store.get(v.value[:0], key, time.Now().UnixMilli())
	v.value = value
	if !ok {
		return appendNil(reply)
	}
	return appendBulk(reply, value)
}

func (v *conn) set(reply []byte, arguments [][]byte) []byte {
	expires := int64(0)
	for options := arguments[2:]; len(options) > 0; options = options[2:] {
		unit := int64(1)
		switch name := bytes.ToUpper(options[0]); {
		case len(options) < 2:
			return appendError(reply, "syntax error")
		case string(name) == "EX":
			unit = 1000
		case string(name) == "PX":
		default:
			return appendError(reply, "syntax error")
		}
		n, err := strconv.ParseInt(string(options[1]), 10, 64)
		if err != nil || n <= 0 || n > 1<<50/unit {
			return appendError(reply, "invalid expire time in 'set' command")
		}
		expires = time.Now().UnixMilli() + n*unit
	}
	if err := v.store.set(arguments[0], arguments[1], expires); err != nil {
		return appendError(reply, err.Error())
	}
	return appendSimple(reply, "OK")
}

// serveUntil serves until in ends.
func serveUntil(in io.Reader, out io.Writer, name, address string) error {
	s, err := openStore(name)
	if err != nil {
		return err
	}
	v, err := newServer(s, address)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, v.listener.Addr().String()+"\n"); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, in)
	live, err := v.close()
	if live != 0 {
		err = errors.Join(err, errors.New("blocks are live after the store was closed: "+strconv.FormatInt(live, 10)))
	}
	return err
}
