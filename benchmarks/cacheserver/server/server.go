// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/resp"
	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/store"
)

// Options choose how a Server behaves. Zero fields mean the defaults.
type Options struct {
	Name     string        // of the store, for INFO
	Limits   resp.Limits   // of a command
	Clients  int           // the most connections at once; 1024
	Patience time.Duration // how long a client may take to read its answers, also when the Server closes; 10 s
}

// A Server serves a store.
type Server struct {
	options  Options
	store    store.Store
	commands atomic.Int64 // commands that were answered

	mu       sync.Mutex // guards the fields below
	listener net.Listener
	sessions map[*session]struct{}
	closing  bool
	running  sync.WaitGroup // sessions
}

// New returns a Server of a store. The Server owns the store from then on.
func New(s store.Store, o Options) *Server {
	if o.Clients <= 0 {
		o.Clients = 1024
	}
	if o.Patience <= 0 {
		o.Patience = 10 * time.Second
	}
	return &Server{options: o, store: s, sessions: map[*session]struct{}{}}
}

// Serve accepts connections until Close. Then it returns nil.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	s.listener = l
	closing := s.closing
	s.mu.Unlock()
	if closing {
		return l.Close()
	}
	for delay := time.Duration(0); ; {
		connection, err := l.Accept()
		switch {
		case err == nil:
			delay = 0
			s.begin(connection)
		case s.isClosing():
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default: // too many open files, for example: that may end
			delay = min(max(2*delay, time.Millisecond), time.Second)
			time.Sleep(delay)
		}
	}
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// begin serves a connection, unless there are too many.
func (s *Server) begin(connection net.Conn) {
	c := newSession(s, connection)
	s.mu.Lock()
	refused := s.closing || len(s.sessions) >= s.options.Clients
	if !refused {
		s.sessions[c] = struct{}{}
		s.running.Add(1)
	}
	s.mu.Unlock()
	if refused {
		go c.refuse() // a client that does not read must not delay others
		return
	}
	go func() {
		defer s.end(c)
		c.run()
	}()
}

func (s *Server) end(c *session) {
	_ = c.connection.Close() // nobody could act on the error
	s.mu.Lock()
	delete(s.sessions, c)
	s.mu.Unlock()
	s.running.Done()
}

// Clients returns the number of connections.
func (s *Server) Clients() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// Close stops accepting, answers the commands that have arrived, ends all connections, and
// closes the store. It returns the error of the store.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return errors.New("server: closed already")
	}
	s.closing = true
	if s.listener != nil {
		_ = s.listener.Close() // makes Serve return
	}
	for c := range s.sessions {
		c.stop()
	}
	s.mu.Unlock()
	s.running.Wait()
	return s.store.Close()
}
