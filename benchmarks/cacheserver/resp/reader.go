// SPDX-License-Identifier: Apache-2.0

package resp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// ErrProtocol means that what was read breaks the protocol or exceeds a limit.
var ErrProtocol = errors.New("protocol error")

// Limits bound what a peer may send. Zero fields mean the defaults.
type Limits struct {
	Args  int // arguments of a command, its name included; 1024
	Bytes int // a command's arguments together; 1 MiB
}

const (
	defaultArgs  = 1024
	defaultBytes = 1 << 20
	maxLine      = 4 << 10  // bytes of a line with a number or with words
	perArg       = 32       // the most bytes around an argument: $, digits, CR LF twice
	firstBuffer  = 32 << 10 // bytes; a longer buffer is dropped when it is empty
)

// A span is where an argument is, relative to the start of the command.
type span struct{ from, to int }

// A Reader reads commands. It is for one goroutine at a time.
type Reader struct {
	source     io.Reader
	limits     Limits
	buf        []byte
	start, end int   // the bytes that were received and are still needed
	at         int   // how far the command was parsed, from start
	seen       int   // how far no end of a line was found, from start
	want       int   // arguments that the command has; 0 before that is known
	bulk       int   // bytes of the next argument; -1 before that is known
	bytes      int   // sum of the announced arguments
	whole      bool  // all arguments are there
	broken     error // what was wrong; nothing is read after that
	spans      []span
	args       [][]byte
}

// NewReader returns a Reader of commands from source.
func NewReader(source io.Reader, limits Limits) *Reader {
	if limits.Args <= 0 {
		limits.Args = defaultArgs
	}
	if limits.Bytes <= 0 {
		limits.Bytes = defaultBytes
	}
	return &Reader{source: source, limits: limits, buf: make([]byte, firstBuffer), bulk: -1}
}

// Next returns the next command, with at least one argument: its name. The arguments are
// valid until the next call of Next or Ready. At the end of the source, between commands, the
// error is io.EOF.
func (r *Reader) Next() ([][]byte, error) {
	for {
		ok, err := r.Ready()
		if err != nil {
			return nil, err
		}
		if ok {
			break
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
	r.args = r.args[:0]
	for _, s := range r.spans {
		r.args = append(r.args, r.buf[r.start+s.from:r.start+s.to])
	}
	r.whole = false
	r.want = -1 // the next call drops the command
	return r.args, nil
}

// Ready reports whether Next returns without reading from the source, which may block. Next
// returns the error if there is one.
func (r *Reader) Ready() (bool, error) {
	if r.want < 0 {
		r.drop()
	}
	if !r.whole && r.broken == nil {
		r.whole, r.broken = r.parse()
	}
	return r.whole, r.broken
}

// parse parses what has arrived of the command, and reports whether the command is complete.
func (r *Reader) parse() (bool, error) {
	for r.want == 0 {
		line, ok, err := r.line()
		if err != nil || !ok {
			return false, err
		}
		if len(line) > 0 && line[0] == '*' {
			err = r.begin(line)
		} else if ok, err = r.words(line); ok {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if r.want == 0 { // an empty line, or a command of no arguments
			r.drop()
		}
	}
	return r.arguments()
}

// begin parses the line that says how many arguments there are.
func (r *Reader) begin(line []byte) error {
	n, err := number(line[1:])
	if err != nil || n > r.limits.Args {
		return fmt.Errorf("%w: invalid multibulk length, the limit is %d", ErrProtocol, r.limits.Args)
	}
	r.want = max(n, 0)
	return nil
}

// words parses a first line of words as a command, and reports whether it has any word.
func (r *Reader) words(line []byte) (bool, error) {
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		n := bytes.IndexAny(line[i:], " \t")
		if n < 0 {
			n = len(line) - i
		}
		r.spans = append(r.spans, span{i, i + n})
		i += n
	}
	if len(r.spans) > r.limits.Args {
		return false, fmt.Errorf("%w: too many words, the limit is %d", ErrProtocol, r.limits.Args)
	}
	return len(r.spans) > 0, nil
}

// arguments parses what has arrived of the command's arguments, and reports whether all are there.
func (r *Reader) arguments() (bool, error) {
	for len(r.spans) < r.want {
		if r.bulk < 0 {
			line, ok, err := r.line()
			if err != nil || !ok {
				return false, err
			}
			if err := r.announce(line); err != nil {
				return false, err
			}
		}
		rest := r.buf[r.start+r.at : r.end]
		if len(rest) < r.bulk+2 {
			return false, nil
		}
		if rest[r.bulk] != '\r' || rest[r.bulk+1] != '\n' {
			return false, fmt.Errorf("%w: a bulk string is longer than its length %d", ErrProtocol, r.bulk)
		}
		r.spans = append(r.spans, span{r.at, r.at + r.bulk})
		r.at += r.bulk + 2
		r.seen = r.at
		r.bulk = -1
	}
	return true, nil
}

// announce parses the line that says how long the next argument is.
func (r *Reader) announce(line []byte) error {
	if len(line) == 0 || line[0] != '$' {
		return fmt.Errorf("%w: expected '$', got %.20q", ErrProtocol, line)
	}
	n, err := number(line[1:])
	if err != nil || n < 0 || n > r.limits.Bytes-r.bytes {
		return fmt.Errorf("%w: invalid bulk length, the limit of a command is %d bytes", ErrProtocol, r.limits.Bytes)
	}
	r.bulk = n
	r.bytes += n
	return nil
}

// line returns the next line without its end, if the line is complete.
func (r *Reader) line() (line []byte, ok bool, err error) {
	n := bytes.IndexByte(r.buf[r.start+r.seen:r.end], '\n')
	if n < 0 {
		r.seen = r.end - r.start
		n = r.seen - r.at
	} else {
		ok = true
		n += r.seen - r.at
	}
	if n > maxLine {
		return nil, false, fmt.Errorf("%w: too big a line, the limit is %d bytes", ErrProtocol, maxLine)
	}
	if !ok {
		return nil, false, nil
	}
	line = r.buf[r.start+r.at : r.start+r.at+n]
	r.at += n + 1
	r.seen = r.at
	return bytes.TrimSuffix(line, []byte{'\r'}), true, nil
}

// drop drops the command that was parsed.
func (r *Reader) drop() {
	r.start += r.at
	r.at, r.seen, r.want, r.bulk, r.bytes = 0, 0, 0, -1, 0
	r.spans = r.spans[:0]
	if r.start == r.end {
		r.start, r.end = 0, 0
		if len(r.buf) > firstBuffer {
			r.buf = make([]byte, firstBuffer)
		}
	}
}

// fill reads what has arrived, at least one byte.
func (r *Reader) fill() error {
	if r.end == len(r.buf) {
		r.makeRoom()
	}
	n, err := r.source.Read(r.buf[r.end:])
	r.end += n
	switch {
	case n > 0:
		return nil // the next call returns the error
	case err == io.EOF && r.end > r.start:
		return io.ErrUnexpectedEOF
	case err == nil:
		return io.ErrNoProgress
	}
	return err
}

// makeRoom moves the command to the front of the buffer, or to a longer buffer. The caller has
// checked that the command is within the limits.
func (r *Reader) makeRoom() {
	to := r.buf
	if r.start < len(r.buf)/2 {
		longest := r.limits.Bytes + perArg*r.limits.Args + maxLine
		to = make([]byte, min(2*len(r.buf), 2*longest))
	}
	r.end = copy(to, r.buf[r.start:r.end])
	r.buf, r.start = to, 0
}

// number reads a decimal number, of nine digits at most.
func number(text []byte) (int, error) {
	digits, sign := text, 1
	if len(text) > 0 && text[0] == '-' {
		digits, sign = text[1:], -1
	}
	if len(digits) == 0 || len(digits) > 9 {
		return 0, fmt.Errorf("%w: %.20q is not a number", ErrProtocol, text)
	}
	n := 0
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, fmt.Errorf("%w: %.20q is not a number", ErrProtocol, text)
		}
		n = 10*n + int(d-'0')
	}
	return sign * n, nil
}
