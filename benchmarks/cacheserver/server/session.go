// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/resp"
)

const (
	fullAnswers = 64 << 10  // bytes of answers that are sent even if more commands have arrived
	keptAnswers = 128 << 10 // the longest buffer that is kept for the next answers, in bytes
)

// A session is a connection.
type session struct {
	server     *Server
	connection net.Conn
	commands   *resp.Reader
	answers    []byte

	mu       sync.Mutex // guards the deadlines of the connection, which stop changes
	stopping bool
}

func newSession(s *Server, connection net.Conn) *session {
	return &session{server: s, connection: connection, commands: resp.NewReader(connection, s.options.Limits)}
}

// run answers commands until the client or the server ends it.
func (c *session) run() {
	for {
		if ready, err := c.commands.Ready(); err == nil && !ready && c.send() != nil {
			return
		}
		args, err := c.commands.Next()
		if err != nil {
			c.part(err)
			return
		}
		var quit bool
		c.answers, quit = c.server.do(c.answers, args)
		if quit || len(c.answers) >= fullAnswers {
			if err := c.send(); err != nil || quit {
				return
			}
		}
	}
}

// part tells a client what was wrong with its command.
func (c *session) part(err error) {
	if errors.Is(err, resp.ErrProtocol) {
		c.answers = resp.AppendError(c.answers, "ERR "+sentence(err))
	}
	_ = c.send() // the connection ends in any case
}

// sentence is the text of an error in the style of Redis.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}

func (c *session) refuse() {
	c.answers = resp.AppendError(c.answers, "ERR max number of clients reached")
	_ = c.send()
	_ = c.connection.Close()
}

// send sends the answers.
func (c *session) send() error {
	if len(c.answers) == 0 {
		return nil
	}
	c.mu.Lock()
	if !c.stopping { // otherwise stop has set the last deadline
		_ = c.connection.SetWriteDeadline(time.Now().Add(c.server.options.Patience)) // Write returns an error if the connection is closed
	}
	c.mu.Unlock()
	_, err := c.connection.Write(c.answers)
	c.answers = c.answers[:0]
	if cap(c.answers) > keptAnswers {
		c.answers = nil
	}
	return err
}

// stop makes the session end after it has answered what has arrived.
func (c *session) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	now := time.Now()
	_ = c.connection.SetReadDeadline(now)
	_ = c.connection.SetWriteDeadline(now.Add(c.server.options.Patience))
}
