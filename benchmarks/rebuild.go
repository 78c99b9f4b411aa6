package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// A rebuild is this program in another form: some peers need a flag of the compiler. It is made when a row
// needs it, from the source next to which the running one was built, and takes the Go command.
type rebuild struct {
	name        string
	flags       []string
	environment []string
}

var (
	arenasRebuild = rebuild{name: "arenas", environment: []string{"GOEXPERIMENT=arenas"}}
	cgoRebuild    = rebuild{name: "cgo", flags: []string{"-tags", "cgopeer"}, environment: []string{"CGO_ENABLED=1"}}
)

// program gives the path of the rebuilt program; empty, with a note of why, if it cannot be built.
func (s *session) program(r rebuild) string {
	if path, tried := s.rebuilt[r.name]; tried {
		return path
	}
	if s.rebuilt == nil {
		s.rebuilt = make(map[string]string)
	}
	path, err := r.build()
	if err != nil {
		s.skip("peers of the build %s: %v", r.name, err)
	}
	s.rebuilt[r.name] = path
	return path
}

func (r rebuild) build() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	source := filepath.Dir(file)
	if _, err := os.Stat(filepath.Join(source, "go.mod")); err != nil {
		return "", fmt.Errorf("the program's source is not where it was built: %w", err)
	}
	folder, err := os.MkdirTemp("", "ashlar-benchmarks-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, r.name)
	command := exec.Command("go", append(append([]string{"build", "-C", source, "-o", path}, r.flags...), ".")...)
	command.Env = append(os.Environ(), r.environment...)
	if output, err := command.CombinedOutput(); err != nil {
		os.RemoveAll(folder)
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	return path, nil
}

// removeRebuilt removes the programs that were built.
func (s *session) removeRebuilt() {
	for _, path := range s.rebuilt {
		if path != "" {
			os.RemoveAll(filepath.Dir(path))
		}
	}
	s.rebuilt = nil
}
