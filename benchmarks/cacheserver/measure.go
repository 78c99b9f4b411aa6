package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ashlar-go/ashlar/benchmarks/internal/versus"
)

// The figures of the table.
const (
	figure50     = "p50, µs"
	figure99     = "p99, µs"
	figure999    = "p99.9, µs"
	figureMost   = "max, µs"
	figureRate   = "requests a second"
	figureGC     = "collector's processor time, filling included, s"
	figureCycles = "collections, filling included"
	figureCPU    = "processor time, s"
	figureSteady = "resident, MiB"
	figurePeak   = "peak resident, MiB"
)

// A child is a server process.
type child struct {
	command *exec.Cmd
	stdin   io.Closer
	address string
}

// startChild starts this program as a server.
func startChild(name string) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{command: exec.Command(program, "-serve", name)}
	c.command.Stderr = os.Stderr
	stdin, err := c.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	c.stdin = stdin
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	c.address = strings.TrimSpace(line)
	return c, nil
}

// stop has the server end; the error says if it left blocks behind.
func (c *child) stop() error { return errors.Join(c.stdin.Close(), c.command.Wait()) }

func (c *child) usage() (u usage, err error) {
	err = everybody(c.address, 1, func(_ int, c *client) error {
		text, err := c.ask([]byte("INFO"))
		if err == nil {
			u, err = parseUsage(text)
		}
		return err
	})
	return u, err
}

// measure measures one store in a process of its own.
func measure(figures *versus.Comparison, peer int, l load) error {
	server, err := startChild(peers[peer])
	if err != nil {
		return err
	}
	return errors.Join(playOn(server, figures, peer, l), server.stop())
}

func playOn(server *child, figures *versus.Comparison, peer int, l load) error {
	err := everybody(server.address, l.conns, func(i int, c *client) error {
		// Twice, so that a heap with garbage is as large as it becomes.
		return errors.Join(c.fill(i, l.conns, l.keys), c.fill(i, l.conns, l.keys))
	})
	if err != nil {
		return err
	}
	warm := l
	warm.duration /= 5
	if _, err := playAll(server, warm); err != nil {
		return err
	}
	before, err := server.usage()
	if err != nil {
		return err
	}
	begin := time.Now()
	record, err := playAll(server, l)
	if err != nil {
		return err
	}
	elapsed := time.Since(begin).Seconds()
	after, err := server.usage()
	if err != nil {
		return err
	}
	const mib = 1 << 20
	cpu := after.cpuSeconds - before.cpuSeconds
	figures.Add(peer, figure50, float64(record.ValueAtQuantile(50)))
	figures.Add(peer, figure99, float64(record.ValueAtQuantile(99)))
	figures.Add(peer, figure999, float64(record.ValueAtQuantile(99.9)))
	figures.Add(peer, figureMost, float64(record.Max()))
	figures.Add(peer, figureRate, float64(record.TotalCount())/elapsed)
	figures.Add(peer, figureGC, after.gcSeconds)
	figures.Add(peer, figureCycles, float64(after.gcCycles))
	figures.Add(peer, figureCPU, cpu)
	figures.Add(peer, figureSteady, float64(after.resident)/mib)
	figures.Add(peer, figurePeak, float64(after.peak)/mib)
	return nil
}

// playAll plays a load on all its connections and returns the times of all requests, in
// microseconds up to a minute, to three digits.
func playAll(server *child, l load) (*hdrhistogram.Histogram, error) {
	records := make([]*hdrhistogram.Histogram, l.conns)
	for i := range records {
		records[i] = hdrhistogram.New(1, time.Minute.Microseconds(), 3)
	}
	err := everybody(server.address, l.conns, func(i int, c *client) error { return c.play(l, records[i]) })
	for _, r := range records[1:] {
		records[0].Merge(r)
	}
	return records[0], err
}
