// SPDX-License-Identifier: Apache-2.0

package resp

import (
	"bufio"
	"fmt"
	"io"
)

// A Reply is an answer. Text is valid until the next answer is read.
type Reply struct {
	Kind byte   // '+' status, '-' error, ':' number, '$' bulk string
	Text []byte // the contents; the digits of a number
	Null bool   // the null bulk string
}

// Replies reads the answers of a cache, which are no arrays. It is for one goroutine at a time.
type Replies struct {
	source *bufio.Reader
	text   []byte
}

// NewReplies returns a reader of answers from source.
func NewReplies(source io.Reader) *Replies {
	return &Replies{source: bufio.NewReaderSize(source, 64<<10)}
}

// Next returns the next answer. At the end of the source, between answers, the error is io.EOF.
func (r *Replies) Next() (Reply, error) {
	line, err := r.source.ReadSlice('\n')
	switch {
	case err == io.EOF && len(line) > 0:
		return Reply{}, io.ErrUnexpectedEOF
	case err == bufio.ErrBufferFull || err == nil && (len(line) < 3 || line[len(line)-2] != '\r'):
		return Reply{}, fmt.Errorf("%w: %.20q is not a line", ErrProtocol, line)
	case err != nil:
		return Reply{}, err
	}
	reply := Reply{Kind: line[0], Text: line[1 : len(line)-2]}
	switch reply.Kind {
	case '+', '-', ':':
		return reply, nil
	case '$':
		return r.bulk(reply)
	}
	return Reply{}, fmt.Errorf("%w: %.20q is not an answer", ErrProtocol, line)
}

// bulk reads the rest of a bulk string.
func (r *Replies) bulk(reply Reply) (Reply, error) {
	n, err := number(reply.Text)
	if err != nil {
		return Reply{}, err
	}
	if n < 0 {
		return Reply{Kind: reply.Kind, Null: true}, nil
	}
	if cap(r.text) < n+2 {
		r.text = make([]byte, n+2)
	}
	text := r.text[:n+2]
	if _, err := io.ReadFull(r.source, text); err != nil {
		return Reply{}, fmt.Errorf("resp: a bulk string of %d bytes: %w", n, io.ErrUnexpectedEOF)
	}
	return Reply{Kind: reply.Kind, Text: text[:n]}, nil
}
