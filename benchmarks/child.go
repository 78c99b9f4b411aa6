package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
)

// Memory and growth are measured in a process of their own, so that nothing else is in its resident
// set and nothing was there before: the program starts itself again with a task in the environment and reads the report from its standard output.

// childVariable is the environment variable that holds the task, as JSON.
const childVariable = "ASHLAR_BENCHMARKS_TASK"

// A childTask has exactly one of its fields set.
type childTask struct {
	Live    *liveTask    `json:"live,omitempty"`
	Churn   *churnTask   `json:"churn,omitempty"`
	Grow    *growTask    `json:"grow,omitempty"`
	Suite   *suiteTask   `json:"suite,omitempty"`
	Observe *observeTask `json:"observe,omitempty"`
	Trace   *traceTask   `json:"trace,omitempty"`
}

// A host is the program that does a task: this one, or another build of it if one is named; with a library in
// the place of malloc if one is named.
type host struct{ program, library string }

// inChild runs the task in a new process and reads its report into report.
func inChild(task childTask, report any) error {
	_, err := host{}.watch(task, report)
	return err
}

// watch does the same and gives the process' resident set over time.
func (h host) watch(task childTask, report any) (*timeline, error) {
	command, output, err := h.command(task)
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	stop := watch(command.Process.Pid)
	err = command.Wait()
	seen := stop()
	if err != nil {
		return nil, fmt.Errorf("child process for %v: %w", task, err)
	}
	return seen, json.Unmarshal(output.Bytes(), report)
}

// trace runs the task in a new process whose kernel calls are counted between marks.
func (h host) trace(task childTask, report *metrics) error {
	command, output, err := h.command(task)
	if err != nil {
		return err
	}
	counts, err := calls.Run(command)
	if err != nil {
		return fmt.Errorf("traced process for %v: %w", task, err)
	}
	if err := json.Unmarshal(output.Bytes(), report); err != nil {
		return err
	}
	report.Calls = counts
	return nil
}

// command is the program with the task, and what it will print.
func (h host) command(task childTask) (*exec.Cmd, *bytes.Buffer, error) {
	if h.program == "" {
		var err error
		if h.program, err = os.Executable(); err != nil {
			return nil, nil, err
		}
	}
	output := new(bytes.Buffer)
	command := exec.Command(h.program)
	command.Env = append(preloaded(h.library), childVariable+"="+task.String())
	command.Stdout, command.Stderr = output, os.Stderr
	return command, output, nil
}

// String is the task as it is handed over.
func (t childTask) String() string {
	encoded, err := json.Marshal(t)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}

// runChild is the child's main function.
func runChild(encoded string) error {
	var task childTask
	if err := json.Unmarshal([]byte(encoded), &task); err != nil {
		return err
	}
	report, err := task.run()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}

func (t childTask) run() (any, error) {
	switch {
	case t.Live != nil:
		return t.Live.run()
	case t.Churn != nil:
		return t.Churn.run()
	case t.Grow != nil:
		return t.Grow.run()
	case t.Observe != nil:
		return t.Observe.run()
	case t.Suite != nil:
		return t.Suite.run()
	case t.Trace != nil:
		return t.Trace.run()
	}
	return nil, fmt.Errorf("no task in %s", childVariable)
}
