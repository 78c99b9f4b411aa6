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
	"time"
)

// A process is a server that this process has started.
type process struct {
	command *exec.Cmd
	input   io.Closer // closing it ends the server
	output  *json.Decoder
	address string
}

// patience is how long a server may take to say something, and to end. At the end it has gigabytes to free.
const patience = time.Minute

// begin starts a server and waits until it listens.
func begin(ctx context.Context, program, form string, o *options) (*process, error) {
	command := exec.CommandContext(ctx, program, "-child", "-serve", form, "-mib", fmt.Sprint(o.bytes>>20), "-shards", fmt.Sprint(o.shards))
	command.Env = os.Environ()
	if o.gogc != 0 && form == heapForm {
		command.Env = append(command.Env, fmt.Sprint("GOGC=", o.gogc))
	}
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command: command, input: input, output: json.NewDecoder(bufio.NewReader(output))}
	var hello greeting
	if err := p.hear(&hello); err != nil {
		return nil, errors.Join(fmt.Errorf("a server of %s: %w", form, err), p.kill())
	}
	p.address = hello.Address
	return p, nil
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
