// SPDX-License-Identifier: Apache-2.0

package resp

import "strconv"

// AppendCommand appends a command of these arguments to dst.
func AppendCommand(dst []byte, args ...[]byte) []byte {
	dst = AppendArray(dst, len(args))
	for _, arg := range args {
		dst = AppendBulk(dst, arg)
	}
	return dst
}

// AppendArray appends the head of an array of n elements.
func AppendArray(dst []byte, n int) []byte { return appendNumber(dst, '*', int64(n)) }

// AppendBulk appends a bulk string.
func AppendBulk(dst, value []byte) []byte {
	dst = appendNumber(dst, '$', int64(len(value)))
	dst = append(dst, value...)
	return append(dst, '\r', '\n')
}

// AppendNull appends the null bulk string.
func AppendNull(dst []byte) []byte { return append(dst, "$-1\r\n"...) }

// AppendInt appends a number.
func AppendInt(dst []byte, n int64) []byte { return appendNumber(dst, ':', n) }

// AppendStatus appends a status, a single line.
func AppendStatus(dst []byte, status string) []byte { return appendLine(dst, '+', status) }

// AppendError appends an error, a line whose first word is its kind.
func AppendError(dst []byte, message string) []byte { return appendLine(dst, '-', message) }

func appendNumber(dst []byte, kind byte, n int64) []byte {
	dst = append(dst, kind)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, '\r', '\n')
}

// appendLine appends a line. Line ends inside it become spaces, because it may contain what
// a peer has sent.
func appendLine(dst []byte, kind byte, line string) []byte {
	dst = append(dst, kind)
	for _, c := range []byte(line) {
		if c == '\r' || c == '\n' {
			c = ' '
		}
		dst = append(dst, c)
	}
	return append(dst, '\r', '\n')
}
