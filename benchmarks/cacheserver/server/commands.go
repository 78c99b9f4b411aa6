// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/resp"
	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/store"
)

// A command appends its answer to dst. The first argument is its name.
type command struct {
	minArgs, maxArgs int // with the name
	do               func(s *Server, dst []byte, args [][]byte) []byte
}

const anyNumber = math.MaxInt

// commands has the commands by their names in upper case. They answer like Redis's.
var commands = map[string]command{
	"GET":      {2, 2, (*Server).get},
	"SET":      {3, 5, (*Server).set},
	"DEL":      {2, anyNumber, (*Server).del},
	"EXISTS":   {2, anyNumber, (*Server).exists},
	"PING":     {1, 2, ping},
	"ECHO":     {2, 2, ping},
	"DBSIZE":   {1, 1, (*Server).dbsize},
	"FLUSHALL": {1, 2, (*Server).flushAll},
	"INFO":     {1, anyNumber, (*Server).info},
	"CONFIG":   {2, anyNumber, config},
	"COMMAND":  {1, anyNumber, noCommands},
	"CLIENT":   {2, anyNumber, ok},
	"QUIT":     {1, 1, ok},
}

const longestName = 8

// do answers a command, and reports whether the connection ends after it.
func (s *Server) do(dst []byte, args [][]byte) (answered []byte, quit bool) {
	s.commands.Add(1)
	var upper [longestName]byte
	name := args[0]
	n := copy(upper[:], name)
	for i, c := range upper[:n] {
		if 'a' <= c && c <= 'z' {
			upper[i] = c - 'a' + 'A'
		}
	}
	c, known := commands[string(upper[:n])]
	switch {
	case !known || len(name) > longestName:
		return resp.AppendError(dst, "ERR unknown command '"+printable(name)+"'"), false
	case len(args) < c.minArgs || len(args) > c.maxArgs:
		return resp.AppendError(dst, "ERR wrong number of arguments for '"+printable(name)+"' command"), false
	}
	return c.do(s, dst, args), string(upper[:n]) == "QUIT"
}

// printable makes what a peer has sent part of a message.
func printable(sent []byte) string {
	quoted := strconv.Quote(string(sent[:min(len(sent), 64)]))
	return quoted[1 : len(quoted)-1]
}

func (s *Server) get(dst []byte, args [][]byte) []byte {
	dst, there := s.store.Get(dst, args[1], resp.AppendBulk)
	if !there {
		return resp.AppendNull(dst)
	}
	return dst
}

func (s *Server) set(dst []byte, args [][]byte) []byte {
	ttl, problem := timeToLive(args[3:])
	if problem != "" {
		return resp.AppendError(dst, problem)
	}
	err := s.store.Set(args[1], args[2], ttl)
	switch {
	case errors.Is(err, store.ErrTooLarge):
		return resp.AppendError(dst, "ERR "+err.Error())
	case err != nil:
		return resp.AppendError(dst, "OOM "+err.Error())
	}
	return resp.AppendStatus(dst, "OK")
}

// timeToLive returns the time to live by SET's options: EX seconds or PX milliseconds; 0 is for ever.
func timeToLive(options [][]byte) (ttl time.Duration, problem string) {
	if len(options) == 0 {
		return 0, ""
	}
	unit := time.Millisecond
	switch option := string(options[0]); {
	case len(options) != 2:
		return 0, "ERR syntax error"
	case strings.EqualFold(option, "EX"):
		unit = time.Second
	case !strings.EqualFold(option, "PX"):
		return 0, "ERR syntax error"
	}
	n, err := strconv.ParseInt(string(options[1]), 10, 64)
	switch {
	case err != nil:
		return 0, "ERR value is not an integer or out of range"
	case n <= 0 || n > math.MaxInt64/int64(unit):
		return 0, "ERR invalid expire time in 'set' command"
	}
	return time.Duration(n) * unit, ""
}

func (s *Server) del(dst []byte, args [][]byte) []byte {
	n := int64(0)
	for _, key := range args[1:] {
		if s.store.Delete(key) {
			n++
		}
	}
	return resp.AppendInt(dst, n)
}

func (s *Server) exists(dst []byte, args [][]byte) []byte {
	n := int64(0)
	for _, key := range args[1:] {
		if _, there := s.store.Get(nil, key, nothing); there {
			n++
		}
	}
	return resp.AppendInt(dst, n)
}

// nothing is the form of a value that nobody reads.
func nothing(dst, _ []byte) []byte { return dst }

func ping(_ *Server, dst []byte, args [][]byte) []byte {
	if len(args) == 2 {
		return resp.AppendBulk(dst, args[1])
	}
	return resp.AppendStatus(dst, "PONG")
}

func (s *Server) dbsize(dst []byte, _ [][]byte) []byte {
	return resp.AppendInt(dst, s.store.Usage().Keys)
}

func (s *Server) flushAll(dst []byte, _ [][]byte) []byte {
	s.store.Clear()
	return resp.AppendStatus(dst, "OK")
}

// config answers redis-benchmark, which asks for some settings, with empty ones.
func config(_ *Server, dst []byte, args [][]byte) []byte {
	if len(args) != 3 || !strings.EqualFold(string(args[1]), "GET") {
		return resp.AppendError(dst, "ERR only CONFIG GET with one name is supported")
	}
	return resp.AppendCommand(dst, args[2], nil)
}

// noCommands answers redis-cli, which asks for help texts, with none.
func noCommands(_ *Server, dst []byte, _ [][]byte) []byte { return resp.AppendArray(dst, 0) }

// ok answers QUIT, and clients that say their names.
func ok(_ *Server, dst []byte, _ [][]byte) []byte { return resp.AppendStatus(dst, "OK") }
