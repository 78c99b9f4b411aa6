package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

// Memory and growth are measured in a process of their own, so that nothing else is in its resident
// set and nothing was there before: the program starts itself again with a task in the environment and reads the report from its standard output.

// childVariable is the environment variable that holds the task, as JSON.
const childVariable = "ASHLAR_BENCHMARKS_TASK"

// A childTask has exactly one of its fields set.
type childTask struct {
	Live  *liveTask  `json:"live,omitempty"`
	Churn *churnTask `json:"churn,omitempty"`
	Grow  *growTask  `json:"grow,omitempty"`
	Suite *suiteTask `json:"suite,omitempty"`
	Trace *traceTask `json:"trace,omitempty"`
}

// inChild runs the task in a new process and reads its report into report.
func inChild(task childTask, report any) error { return inProgram("", "", task, report) }

// inProgram is inChild with another build of this program, if one is named, and a library in the place of malloc.
func inProgram(program, library string, task childTask, report any) error {
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			return err
		}
	}
	encoded, err := json.Marshal(task)
	if err != nil {
		return err
	}
	command := exec.Command(program)
	command.Env = append(preloaded(library), childVariable+"="+string(encoded))
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return fmt.Errorf("child process for %s: %w", encoded, err)
	}
	return json.Unmarshal(output, report)
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
	case t.Suite != nil:
		return t.Suite.run()
	case t.Trace != nil:
		return t.Trace.run()
	}
	return nil, fmt.Errorf("no task in %s", childVariable)
}
