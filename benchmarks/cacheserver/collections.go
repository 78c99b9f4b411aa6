// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// collections notes when a server's collector ran. It reads the server's standard error, where
// GODEBUG=gctrace=1 prints a line at the end of each collection. Other lines go to rest.
type collections struct {
	rest io.Writer

	mu      sync.Mutex
	partial []byte // the beginning of a line
	list    []interval
}

// An interval is a time since the start of the server.
type interval struct{ from, to time.Duration }

// traced matches a line of gctrace: the start of the collection, and its three phases.
var traced = regexp.MustCompile(`^gc \d+ @([\d.]+)s \d+%: ([\d.]+)\+([\d.]+)\+([\d.]+) ms clock`)

// Write implements io.Writer.
func (c *collections) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.partial = append(c.partial, b...)
	for {
		i := bytes.IndexByte(c.partial, '\n')
		if i < 0 {
			return len(b), nil
		}
		line := c.partial[:i+1]
		if at, ok := parseTrace(line); ok {
			c.list = append(c.list, at)
		} else if _, err := c.rest.Write(line); err != nil {
			return 0, err
		}
		c.partial = c.partial[i+1:]
	}
}

func parseTrace(line []byte) (at interval, ok bool) {
	found := traced.FindSubmatch(line)
	if found == nil {
		return at, false
	}
	var numbers [4]float64
	for i := range numbers {
		var err error
		if numbers[i], err = strconv.ParseFloat(string(found[i+1]), 64); err != nil {
			return at, false
		}
	}
	at.from = time.Duration(numbers[0] * float64(time.Second))
	phases := numbers[1] + numbers[2] + numbers[3]
	at.to = at.from + time.Duration(phases*float64(time.Millisecond))
	return at, true
}

// during reports whether a collection ran at some time of the interval.
func (c *collections) during(at interval) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.list {
		if one.from < at.to && at.from < one.to {
			return true
		}
	}
	return false
}
