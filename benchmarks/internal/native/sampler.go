// SPDX-License-Identifier: Apache-2.0

package native

import (
	"strconv"
	"strings"
	"time"
)

// A Sampler runs one of the C loops. Each sample is a process of its own.
type Sampler struct {
	Peer     Peer
	Workload string
	Size     int // bytes
	Threads  int
	duration time.Duration
}

// Prepare sets the time of a sample.
func (n *Sampler) Prepare(d time.Duration) error {
	n.duration = d
	return nil
}

// Sample measures once, in nanoseconds for each operation.
func (n *Sampler) Sample() (float64, error) {
	duration := strconv.FormatFloat(n.duration.Seconds()*1e3, 'f', 3, 64)
	output, err := n.Peer.Output(n.Workload, strconv.Itoa(n.Size), duration, strconv.Itoa(n.Threads))
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(output)), 64)
}

// Close does nothing: a sample leaves nothing behind.
func (n *Sampler) Close() {}
