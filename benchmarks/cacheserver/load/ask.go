// SPDX-License-Identifier: Apache-2.0

package load

import (
	"fmt"
	"net"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/resp"
)

// Ask sends one command over a connection of its own, and returns the text of the answer. It
// gives up after patience.
func Ask(address string, patience time.Duration, args ...string) (string, error) {
	connection, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	words := make([][]byte, len(args))
	for i, arg := range args {
		words[i] = []byte(arg)
	}
	if _, err := connection.Write(resp.AppendCommand(nil, words...)); err != nil {
		return "", err
	}
	reply, err := resp.NewReplies(connection).Next()
	switch {
	case err != nil:
		return "", err
	case reply.Kind == '-':
		return "", fmt.Errorf("load: %s", reply.Text)
	}
	return string(reply.Text), nil
}
