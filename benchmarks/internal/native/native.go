// SPDX-License-Identifier: Apache-2.0

package native

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed c
var source embed.FS

// Prefix begins the names of peers that run in C.
const Prefix = "C:"

// Mimalloc3 is the peer that the goals against native code refer to.
const Mimalloc3 = Prefix + "mimalloc3"

// A Peer is a C allocator: the C program with a library preloaded.
type Peer struct {
	Name    string
	Library string // path; empty for the allocator of the C library
	program string
}

// libraries are searched for where the C compiler searches. The first file found is used.
var libraries = []struct {
	files         []string
	debianPackage string
}{
	{[]string{"libmimalloc.so.3", "libmimalloc.so.2", "libmimalloc.so"}, "libmimalloc2.0"},
	{[]string{"libjemalloc.so.2", "libjemalloc.so"}, "libjemalloc2"},
	{[]string{"libtcmalloc.so.4", "libtcmalloc_minimal.so.4", "libtcmalloc.so"}, "libgoogle-perftools4"},
}

// Found are the peers found here. The zero value has none.
type Found struct {
	Peers   []Peer
	Missing []string // what was not found, and where it comes from
	folder  string
}

// Find compiles the C program and finds the peers for it. Only a library that is named by its path must
// work: what else is missing is noted. The caller removes what was made, also after an error.
func Find(paths []string) (*Found, error) {
	f := new(Found)
	compiler, err := exec.LookPath("cc")
	if err != nil {
		f.miss("native: no C compiler cc; on Debian it is in the packages gcc and libc6-dev")
		return f, nil
	}
	if f.folder, err = os.MkdirTemp("", "ashlar-benchmarks-"); err != nil {
		return f, err
	}
	program, err := compile(compiler, f.folder)
	if err != nil {
		f.miss("native: %v", err)
		return f, nil
	}
	f.findInstalled(compiler, program)
	return f, f.addNamed(program, paths)
}

// Remove removes the C program.
func (f *Found) Remove() {
	if f.folder != "" {
		os.RemoveAll(f.folder)
	}
}

func (f *Found) miss(format string, arguments ...any) {
	f.Missing = append(f.Missing, fmt.Sprintf(format, arguments...))
}

// compile makes the program of the C loops and workloads in the folder. The compiler must not know malloc,
// because it may remove an allocation that it can prove to be unused.
func compile(compiler, folder string) (string, error) {
	if err := os.CopyFS(folder, source); err != nil {
		return "", err
	}
	sources, err := filepath.Glob(filepath.Join(folder, "c", "*.c"))
	if err != nil {
		return "", err
	}
	program := filepath.Join(folder, "loops")
	arguments := append([]string{"-O2", "-fno-builtin", "-pthread", "-o", program}, sources...)
	command := exec.Command(compiler, append(arguments, "-ldl", "-lm")...)
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the C loops do not compile here: %w\n%s", err, output)
	}
	return program, nil
}

// findInstalled adds the C library's allocator and the libraries that are installed.
func (f *Found) findInstalled(compiler, program string) {
	f.Peers = append(f.Peers, Peer{Name: Prefix + "libc", program: program})
	for _, wanted := range libraries {
		library := findLibrary(compiler, wanted.files)
		if library == "" {
			f.miss("native: no %s; on Debian it is in the package %s", wanted.files[0], wanted.debianPackage)
			continue
		}
		peer, err := preload(program, library)
		if err != nil {
			f.miss("native: %v", err)
			continue
		}
		f.Peers = append(f.Peers, peer)
	}
}

// addNamed adds the libraries that the user named.
func (f *Found) addNamed(program string, paths []string) error {
	for _, library := range paths {
		path, err := filepath.Abs(library)
		if err != nil {
			return err
		}
		peer, err := preload(program, path)
		if err != nil {
			return fmt.Errorf("-native-lib: %w", err)
		}
		f.Peers = append(f.Peers, peer)
	}
	return nil
}

// findLibrary asks the compiler, which prints only the name of a file that it does not find.
func findLibrary(compiler string, files []string) string {
	for _, file := range files {
		output, err := exec.Command(compiler, "-print-file-name="+file).Output()
		path := strings.TrimSpace(string(output))
		if err == nil && filepath.IsAbs(path) {
			return path
		}
	}
	return ""
}

// preload makes a peer of the library. The dynamic linker only warns about a library that it cannot
// preload, so the program is asked which file its malloc comes from.
func preload(program, library string) (Peer, error) {
	peer := Peer{program: program, Library: library}
	output, err := peer.command("identify").Output()
	if err != nil {
		return peer, fmt.Errorf("%s: %w", library, err)
	}
	words := strings.Fields(string(output))
	if len(words) != 2 {
		return peer, fmt.Errorf("%s: no identity in %q", library, output)
	}
	if filepath.Base(words[0]) != filepath.Base(library) {
		return peer, fmt.Errorf("%s cannot be preloaded: malloc comes from %s", library, words[0])
	}
	version, err := strconv.Atoi(words[1])
	peer.Name = Prefix + allocatorName(library, version)
	return peer, err
}

// allocatorName is the file's name without prefix and suffix. A mimalloc has its major version in the
// name, because its designs differ and the goals refer to one of them.
func allocatorName(library string, mimallocVersion int) string {
	switch {
	case mimallocVersion >= 10_000: // 3.4.3 is 30403 in the later releases
		return fmt.Sprintf("mimalloc%d", mimallocVersion/10_000)
	case mimallocVersion > 0: // 2.0.9 is 209 in the earlier ones
		return fmt.Sprintf("mimalloc%d", mimallocVersion/100)
	}
	name, _, _ := strings.Cut(filepath.Base(library), ".")
	return strings.TrimPrefix(name, "lib")
}

// command runs the C program under the peer's allocator.
func (p Peer) command(arguments ...string) *exec.Cmd {
	command := exec.Command(p.program, arguments...)
	command.Env = Preloaded(p.Library)
	return command
}

// Preloaded is the environment of a process whose malloc is the library's. An empty library stands for
// the C library's own.
func Preloaded(library string) []string {
	if library == "" {
		return os.Environ()
	}
	return append(os.Environ(), "LD_PRELOAD="+library)
}

// Output runs the C program and returns what it prints.
func (p Peer) Output(arguments ...string) ([]byte, error) {
	output, err := p.command(arguments...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return output, err
}

// Report runs the C program and decodes the JSON that it prints.
func (p Peer) Report(report any, arguments ...string) error {
	output, err := p.Output(arguments...)
	if err != nil {
		return err
	}
	return json.Unmarshal(output, report)
}
