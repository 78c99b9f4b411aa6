// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/cores"
)

// A process is a server that this process has started.
type process struct {
	command *exec.Cmd
	input   io.Closer // closing it ends the server
	started time.Time // when the server's process began
	gc      *collections
	output  *json.Decoder
	address string
}

// patience is how long a server may take to say something, and to end. At the end it has gigabytes to free.
const patience = time.Minute

// begin starts a server and waits until it listens.
func begin(ctx context.Context, program, form string, o *options) (*process, error) {
	command := exec.CommandContext(ctx, program, "-child", "-serve", form, "-mib", fmt.Sprint(o.bytes>>20), "-shards", fmt.Sprint(o.shards))
	command.Env = os.Environ()
	command.Env = append(command.Env, "GODEBUG="+strings.TrimPrefix(os.Getenv("GODEBUG")+",gctrace=1", ","))
	if o.gogc != 0 && form == heapForm {
		command.Env = append(command.Env, fmt.Sprint("GOGC=", o.gogc))
	}
	gc := &collections{rest: os.Stderr}
	command.Stderr = gc
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := o.startServer(command); err != nil {
		return nil, err
	}
	p := &process{command: command, input: input, gc: gc, output: json.NewDecoder(bufio.NewReader(output))}
	var hello greeting
	if err := p.hear(&hello); err != nil {
		return nil, errors.Join(fmt.Errorf("a server of %s: %w", form, err), p.kill())
	}
	p.address, p.started = hello.Address, hello.Started
	return p, nil
}

// startServer starts the server on its share of the processors.
func (o *options) startServer(command *exec.Cmd) error {
	if o.servers == nil {
		return command.Start()
	}
	return cores.Start(o.servers, command)
}

// hear reads the next line of the server. It kills a server that says nothing.
func (p *process) hear(what any) error {
	late := time.AfterFunc(patience, func() { _ = p.command.Process.Kill() }) // the read then fails
	defer late.Stop()
	return p.output.Decode(what)
}

// end makes the server close, and returns its last line.
func (p *process) end() (farewell, error) {
	var f farewell
	if err := p.input.Close(); err != nil {
		return f, errors.Join(err, p.kill())
	}
	err := p.hear(&f)
	return f, errors.Join(p.command.Wait(), err)
}

// kill ends a server that is not needed any more.
func (p *process) kill() error {
	_ = p.command.Process.Kill() // the server may have ended already
	_ = p.command.Wait()         // returns an error then
	return nil
}
