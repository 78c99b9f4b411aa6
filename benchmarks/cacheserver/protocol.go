package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// What a request may have at most: who sends more gets an error and is hung up on.
const (
	mostLine      = 64 << 10
	mostArguments = 1 << 10
	mostBulk      = 16 << 20 // bytes of one argument
	mostRequest   = 32 << 20 // of all together
)

// A protocolError is the client's fault.
type protocolError string

func (e protocolError) Error() string { return "Protocol error: " + string(e) }

// A requestReader reads requests: arrays of bulk strings, or words on a line.
type requestReader struct {
	in        *bufio.Reader
	arguments [][]byte // into memory
	memory    []byte
	ends      []int
}

func newRequestReader(r io.Reader) *requestReader {
	return &requestReader{in: bufio.NewReaderSize(r, mostLine)}
}

// next returns the arguments of the next request, for use until the next call; io.EOF
// says that there is none.
func (r *requestReader) next() ([][]byte, error) {
	line, err := r.line()
	if err != nil {
		return nil, err
	}
	if len(line) == 0 || line[0] != '*' {
		r.arguments = append(r.arguments[:0], bytes.Fields(line)...)
		return r.arguments, nil
	}
	n, err := count(line[1:], mostArguments, "invalid multibulk length")
	if err != nil {
		return nil, err
	}
	r.memory, r.ends = r.memory[:0], r.ends[:0]
	for range n {
		if err := r.bulk(); err != nil {
			return nil, partly(err)
		}
	}
	r.arguments = r.arguments[:0]
	start := 0
	for _, end := range r.ends {
		r.arguments = append(r.arguments, r.memory[start:end:end])
		start = end
	}
	return r.arguments, nil
}

// bulk reads one argument behind the others.
func (r *requestReader) bulk() error {
	line, err := r.line()
	if err != nil {
		return err
	}
	if len(line) == 0 || line[0] != '$' {
		return protocolError(fmt.Sprintf("expected '$', got %.1q", line))
	}
	n, err := count(line[1:], mostBulk, "invalid bulk length")
	if err != nil {
		return err
	}
	start := len(r.memory)
	if start+n > mostRequest {
		return protocolError("too big a request")
	}
	// Grown as it comes, so that a length alone takes no memory.
	for left := n; left > 0; {
		part := min(left, mostLine)
		r.memory = append(r.memory, make([]byte, part)...)
		if _, err := io.ReadFull(r.in, r.memory[len(r.memory)-part:]); err != nil {
			return err
		}
		left -= part
	}
	var end [2]byte
	if _, err := io.ReadFull(r.in, end[:]); err != nil {
		return err
	}
	if end != [2]byte{'\r', '\n'} {
		return protocolError("a bulk string does not end where it should")
	}
	r.ends = append(r.ends, start+n)
	return nil
}

// line returns the next line without its end, for use until the next read.
func (r *requestReader) line() ([]byte, error) {
	line, err := r.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, protocolError("too big a line")
	case err == io.EOF && len(line) > 0:
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte{'\r'}), nil
}

// partly says that a request ended in its middle.
func partly(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func count(text []byte, most int, wrong protocolError) (int, error) {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 0 || n > most {
		return 0, wrong
	}
	return n, nil
}

// The replies append themselves.

func appendSimple(b []byte, text string) []byte {
	return append(append(append(b, '+'), text...), "\r\n"...)
}

func appendError(b []byte, text string) []byte {
	return append(append(append(b, "-ERR "...), text...), "\r\n"...)
}

func appendInt(b []byte, n int) []byte {
	return append(strconv.AppendInt(append(b, ':'), int64(n), 10), "\r\n"...)
}

func appendBulk(b, text []byte) []byte {
	b = append(strconv.AppendInt(append(b, '$'), int64(len(text)), 10), "\r\n"...)
	return append(append(b, text...), "\r\n"...)
}

func appendNil(b []byte) []byte { return append(b, "$-1\r\n"...) }
