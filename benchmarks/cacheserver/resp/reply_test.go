// SPDX-License-Identifier: Apache-2.0

package resp

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestReplies(t *testing.T) {
	b := AppendStatus(nil, "OK")
	b = AppendError(b, "ERR no\r\nsuch")
	b = AppendInt(b, -12)
	b = AppendBulk(b, []byte("a\r\nb"))
	b = AppendBulk(b, nil)
	b = AppendNull(b)
	r := NewReplies(strings.NewReader(string(b)))
	for _, want := range []string{`+ "OK" false`, `- "ERR no  such" false`, `: "-12" false`, `$ "a\r\nb" false`, `$ "" false`, `$ "" true`} {
		reply, err := r.Next()
		if got := fmt.Sprintf("%c %q %v", reply.Kind, reply.Text, reply.Null); got != want || err != nil {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestBadReplies(t *testing.T) {
	for sent, want := range map[string]error{
		"+OK":                          io.ErrUnexpectedEOF,
		"$3\r\nab":                     io.ErrUnexpectedEOF,
		"\r\n":                         ErrProtocol,
		"+OK\n":                        ErrProtocol,
		"*1\r\n":                       ErrProtocol,
		"$x\r\n":                       ErrProtocol,
		"+" + strings.Repeat("x", 1e5): ErrProtocol,
	} {
		if _, err := NewReplies(strings.NewReader(sent)).Next(); !errors.Is(err, want) {
			t.Errorf("%.20q: %v, want %v", sent, err, want)
		}
	}
}
