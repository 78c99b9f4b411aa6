// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// A Rebuild is another build of this program: some peers need a flag of the compiler. It is made when a benchmark
// needs it, by the Go command, from the source that the running program was built from.
type Rebuild struct {
	name        string
	flags       []string
	environment []string
}

// The builds.
var (
	Arenas  = Rebuild{name: "arenas", environment: []string{"GOEXPERIMENT=arenas"}}
	WithCgo = Rebuild{name: "cgo", flags: []string{"-tags", "cgopeer"}, environment: []string{"CGO_ENABLED=1"}}
)

// Program returns the path of the rebuilt program. If it cannot be built, the path is empty and the session notes
// why.
func (s *Session) Program(r Rebuild) string {
	if path, tried := s.rebuilt[r.name]; tried {
		return path
	}
	if s.rebuilt == nil {
		s.rebuilt = make(map[string]string)
	}
	path, err := r.build()
	if err != nil {
		s.Skip("peers of the build %s: %v", r.name, err)
	}
	s.rebuilt[r.name] = path
	return path
}

func (r Rebuild) build() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	source := filepath.Join(filepath.Dir(file), "..", "..")
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

// RemoveRebuilt removes the programs that were built.
func (s *Session) RemoveRebuilt() {
	for _, path := range s.rebuilt {
		if path != "" {
			os.RemoveAll(filepath.Dir(path))
		}
	}
	s.rebuilt = nil
}
