// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"

	"github.com/ashlar-go/ashlar/benchmarks/internal/calls"
	"github.com/ashlar-go/ashlar/benchmarks/internal/native"
	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

// Memory and growth are measured in processes of their own, whose resident set has nothing else in it and
// in which nothing happened before. The program starts itself again with a task in the environment, and reads the
// report from its standard output.

// taskVariable is the environment variable that holds the task, as JSON.
const taskVariable = "ASHLAR_BENCHMARKS_TASK"

// A Task is what a new process does: the Task of a family, with its arguments.
type Task struct {
	Family    string `json:"family"`
	Arguments any    `json:"arguments"`
}

// A Host is the program that does a task. The zero value is this program.
type Host struct {
	Program string // another build; empty for this one
	Library string // a library in the place of malloc; empty for none
}

// Do runs the task in a new process and decodes its report. It returns the process' resident set over time.
func (h Host) Do(task Task, report any) (*result.Timeline, error) {
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

// countCalls runs the task in a new process whose kernel calls are counted between marks.
func (h Host) countCalls(task Task, report *result.Metrics) error {
	command, output, err := h.command(task)
	if err != nil {
		return err
	}
	counts, err := calls.Run(command)
	if err != nil {
		return fmt.Errorf("process for %v, whose calls are counted: %w", task, err)
	}
	if err := json.Unmarshal(output.Bytes(), report); err != nil {
		return err
	}
	report.Calls = counts
	return nil
}

// command is the program with the task, and what it will print.
func (h Host) command(task Task) (*exec.Cmd, *bytes.Buffer, error) {
	if h.Program == "" {
		var err error
		if h.Program, err = os.Executable(); err != nil {
			return nil, nil, err
		}
	}
	output := new(bytes.Buffer)
	command := exec.Command(h.Program)
	command.Env = append(native.Preloaded(h.Library), taskVariable+"="+task.String())
	command.Stdout, command.Stderr = output, os.Stderr
	return command, output, nil
}

// String is the task as it is handed over.
func (t Task) String() string {
	encoded, err := json.Marshal(t)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}

// RunTask does the task that is in the environment and prints its report. It reports whether there was one:
// then the program does nothing else.
func RunTask(families []Family) (bool, error) {
	encoded := os.Getenv(taskVariable)
	if encoded == "" {
		return false, nil
	}
	report, err := runTask(families, encoded)
	if err != nil {
		return true, err
	}
	return true, json.NewEncoder(os.Stdout).Encode(report)
}

func runTask(families []Family, encoded string) (any, error) {
	var task struct {
		Family    string          `json:"family"`
		Arguments json.RawMessage `json:"arguments"`
	}
	if err := json.Unmarshal([]byte(encoded), &task); err != nil {
		return nil, err
	}
	if task.Family == observeFamily {
		return TaskOf(func(t *observeTask) (*result.Metrics, error) { return t.run(families) })(task.Arguments)
	}
	for _, f := range families {
		if f.Name == task.Family && f.Task != nil {
			return f.Task(task.Arguments)
		}
	}
	return nil, fmt.Errorf("no task in %s", taskVariable)
}
