// SPDX-License-Identifier: Apache-2.0

package resp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// command is a command as a client sends it.
func command(words ...string) string {
	args := make([][]byte, len(words))
	for i, w := range words {
		args[i] = []byte(w)
	}
	return string(AppendCommand(nil, args...))
}

// read returns all commands from source, and the error at the end.
func read(source io.Reader, limits Limits) (all [][]string, err error) {
	for r := NewReader(source, limits); ; {
		args, err := r.Next()
		if err != nil {
			if _, again := r.Next(); again != err {
				return all, fmt.Errorf("%w, and then %w", err, again)
			}
			return all, err
		}
		words := make([]string, len(args))
		for i, arg := range args {
			words[i] = string(arg)
		}
		all = append(all, words)
	}
}

// deliveries are ways in which the same bytes can arrive.
var deliveries = map[string]func(io.Reader) io.Reader{
	"at once":      func(r io.Reader) io.Reader { return r },
	"byte by byte": iotest.OneByteReader,
	"in halves":    iotest.HalfReader,
	"with its end": iotest.DataErrReader,
}

func TestCommands(t *testing.T) {
	long := strings.Repeat("x", 300_000)
	for name, c := range map[string]struct {
		sent string
		want [][]string
		err  error
	}{
		"nothing":        {"", nil, io.EOF},
		"one":            {command("GET", "a"), [][]string{{"GET", "a"}}, io.EOF},
		"pipeline":       {command("GET", "a") + command("SET", "b", "") + command("PING"), [][]string{{"GET", "a"}, {"SET", "b", ""}, {"PING"}}, io.EOF},
		"any bytes":      {command("SET", "\r\n\x00*", "$1\r\n"), [][]string{{"SET", "\r\n\x00*", "$1\r\n"}}, io.EOF},
		"long":           {command("SET", "a", long) + command("PING"), [][]string{{"SET", "a", long}, {"PING"}}, io.EOF},
		"words":          {"ping\r\n  set\ta  b \n", [][]string{{"ping"}, {"set", "a", "b"}}, io.EOF},
		"empty":          {"\r\n\n*0\r\n*-1\r\n" + command("PING"), [][]string{{"PING"}}, io.EOF},
		"ends in a word": {"pin", nil, io.ErrUnexpectedEOF},
		"ends in a bulk": {command("PING") + "*1\r\n$4\r\nPIN", [][]string{{"PING"}}, io.ErrUnexpectedEOF},
		"ends at a bulk": {"*2\r\n$3\r\nGET\r\n", nil, io.ErrUnexpectedEOF},
	} {
		for way, deliver := range deliveries {
			got, err := read(deliver(strings.NewReader(c.sent)), Limits{})
			if err != c.err || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s, %s: %.100q, %v", name, way, got, err)
			}
		}
	}
}

func TestHostile(t *testing.T) {
	limits := Limits{Args: 10, Bytes: 1000}
	for name, c := range map[string]struct{ sent, want string }{
		"no number":             {"*x\r\n", "invalid multibulk length"},
		"no digits":             {"*\r\n", "invalid multibulk length"},
		"too many arguments":    {"*11\r\n", "the limit is 10"},
		"far too many":          {"*99999999999999999999\r\n", "invalid multibulk length"},
		"too many words":        {strings.Repeat("a ", 11) + "\n", "too many words"},
		"no bulk string":        {"*1\r\n:3\r\n", "expected '$', got \":3\""},
		"nothing for one":       {"*1\r\n\r\n", "expected '$'"},
		"negative length":       {"*1\r\n$-1\r\n", "invalid bulk length"},
		"too long":              {"*1\r\n$1001\r\n", "the limit of a command is 1000 bytes"},
		"too long together":     {"*2\r\n$600\r\n" + strings.Repeat("x", 600) + "\r\n$401\r\n", "the limit of a command is 1000 bytes"},
		"overflowing length":    {"*1\r\n$18446744073709551617\r\n", "invalid bulk length"},
		"longer than its word":  {"*1\r\n$3\r\nabcd\r\n", "longer than its length 3"},
		"line without an end":   {strings.Repeat("a", 70_000), "too big a line"},
		"length without an end": {"*1\r\n$" + strings.Repeat("0", 70_000), "too big a line"},
	} {
		for way, deliver := range deliveries {
			_, err := read(deliver(strings.NewReader(c.sent)), limits)
			if !errors.Is(err, ErrProtocol) || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("%s, %s: %v, want %q", name, way, err, c.want)
			}
		}
	}
}

// TestMemory: announced bytes that were not sent take no memory. Bytes that were sent take a
// bounded multiple, which is freed.
func TestMemory(t *testing.T) {
	r := NewReader(strings.NewReader("*1\r\n$1048576\r\nx"), Limits{})
	if _, err := r.Next(); err != io.ErrUnexpectedEOF || len(r.buf) != firstBuffer {
		t.Errorf("%v, and a buffer of %d bytes", err, len(r.buf))
	}
	r = NewReader(iotest.OneByteReader(strings.NewReader(command("SET", "a", strings.Repeat("x", 1<<20-4))+command("PING"))), Limits{})
	if _, err := r.Next(); err != nil || len(r.buf) > 4<<20 {
		t.Errorf("%v, and a buffer of %d bytes for a command of 1 MiB", err, len(r.buf))
	}
	if _, err := r.Next(); err != nil || len(r.buf) != firstBuffer {
		t.Errorf("%v, and a buffer of %d bytes after it", err, len(r.buf))
	}
}

// TestReady: a command that has arrived completely needs no read.
func TestReady(t *testing.T) {
	r := NewReader(strings.NewReader(command("PING")+command("GET", "a")+"*1\r\n"), Limits{})
	for i, want := range []bool{false, true, false} {
		if ready, err := r.Ready(); ready != want || err != nil {
			t.Errorf("before command %d: %v, %v", i, ready, err)
		}
		_, _ = r.Next() // the last call fails
	}
}

func TestNothingIsAllocated(t *testing.T) {
	text := []byte(command("SET", "some key", strings.Repeat("x", 1000), "PX", "1000") + "ping\r\n")
	source := new(bytes.Reader)
	r := NewReader(source, Limits{})
	n := testing.AllocsPerRun(100, func() {
		source.Reset(text)
		for range 2 {
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for two commands", n)
	}
}

// FuzzReader: however the bytes arrive, they give the same commands, within the limits, and
// the same error.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"", "ping\r\n", command("SET", "a", "b"), "*2\r\n$1\r\na\r\n$-1\r\n", "*0\r\n\n x \n*1\r\n$3\r\nabc"} {
		f.Add([]byte(seed))
	}
	limits := Limits{Args: 4, Bytes: 100}
	f.Fuzz(func(t *testing.T, sent []byte) {
		got, err := read(bytes.NewReader(sent), limits)
		again, err2 := read(iotest.OneByteReader(bytes.NewReader(sent)), limits)
		if !reflect.DeepEqual(got, again) || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Errorf("at once %q, %v; byte by byte %q, %v", got, err, again, err2)
		}
		for _, words := range got {
			if len(words) == 0 || len(words) > limits.Args {
				t.Errorf("a command of %d arguments", len(words))
			}
			if back, _ := read(strings.NewReader(command(words...)), Limits{Bytes: maxLine}); len(back) != 1 || !reflect.DeepEqual(back[0], words) {
				t.Errorf("%q was sent again and is %q", words, back)
			}
		}
	})
}
