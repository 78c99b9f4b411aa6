package main

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed native
var nativeSource embed.FS

// nativePrefix begins the names of peers that run in C.
const nativePrefix = "C:"

// mimalloc3Name is the peer that the bars against native code are set by.
const mimalloc3Name = nativePrefix + "mimalloc3"

// A nativePeer is a C allocator: the program of the C loops with a library preloaded.
type nativePeer struct {
	name    string
	program string
	library string // path; empty for the allocator of the C library
}

// nativeLibraries are looked for where the C compiler looks. The first file found is used.
var nativeLibraries = []struct {
	files         []string
	debianPackage string
}{
	{[]string{"libmimalloc.so.3", "libmimalloc.so.2", "libmimalloc.so"}, "libmimalloc2.0"},
	{[]string{"libjemalloc.so.2", "libjemalloc.so"}, "libjemalloc2"},
	{[]string{"libtcmalloc.so.4", "libtcmalloc_minimal.so.4", "libtcmalloc.so"}, "libgoogle-perftools4"},
}

// setUpNative compiles the C loops and finds allocators for them. What is missing is skipped; only a
// library that was asked for by its path must work. The function returned removes the program.
func (s *session) setUpNative() (remove func(), err error) {
	remove = func() {}
	if !s.options.native {
		return remove, nil
	}
	compiler, err := exec.LookPath("cc")
	if err != nil {
		s.skip("native: no C compiler cc; on Debian it is in the packages gcc and libc6-dev")
		return remove, nil
	}
	folder, err := os.MkdirTemp("", "ashlar-benchmarks-")
	if err != nil {
		return remove, err
	}
	remove = func() { os.RemoveAll(folder) }
	program, err := compileNative(compiler, folder)
	if err != nil {
		s.skip("native: %v", err)
		return remove, nil
	}
	s.findNative(compiler, program)
	return remove, s.addNative(program)
}

// compileNative makes the program of the C loops and workloads in the folder. The compiler must not know malloc: it
// may drop what it can prove to be freed unused.
func compileNative(compiler, folder string) (string, error) {
	if err := os.CopyFS(folder, nativeSource); err != nil {
		return "", err
	}
	sources, err := filepath.Glob(filepath.Join(folder, "native", "*.c"))
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

// findNative adds the C library's allocator and those that are installed.
func (s *session) findNative(compiler, program string) {
	s.native = append(s.native, nativePeer{name: nativePrefix + "libc", program: program})
	for _, wanted := range nativeLibraries {
		library := findLibrary(compiler, wanted.files)
		if library == "" {
			s.skip("native: no %s; on Debian it is in the package %s", wanted.files[0], wanted.debianPackage)
			continue
		}
		peer, err := preload(program, library)
		if err != nil {
			s.skip("native: %v", err)
			continue
		}
		s.native = append(s.native, peer)
	}
}

// addNative adds the libraries that the user named.
func (s *session) addNative(program string) error {
	for _, library := range s.options.nativeLibs {
		path, err := filepath.Abs(library)
		if err != nil {
			return err
		}
		peer, err := preload(program, path)
		if err != nil {
			return fmt.Errorf("-native-lib: %w", err)
		}
		s.native = append(s.native, peer)
	}
	return nil
}

// findLibrary asks the compiler, which prints the bare name of a file that it does not find.
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
// preload, so the program is asked where its malloc comes from.
func preload(program, library string) (nativePeer, error) {
	peer := nativePeer{program: program, library: library}
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
	peer.name = nativePrefix + allocatorName(library, version)
	return peer, err
}

// allocatorName is the file's name without decoration. A mimalloc has its main version in the name: its
// designs differ, and the bars are set by one of them.
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

// command runs the C loops under the peer's allocator.
func (p nativePeer) command(arguments ...string) *exec.Cmd {
	command := exec.Command(p.program, arguments...)
	command.Env = preloaded(p.library)
	return command
}

// preloaded is the environment of a process whose malloc is the library's; the C library's if none is named.
func preloaded(library string) []string {
	if library == "" {
		return os.Environ()
	}
	return append(os.Environ(), "LD_PRELOAD="+library)
}

// run measures once, in nanoseconds per operation.
func (p nativePeer) run(arguments ...string) (float64, error) {
	output, err := p.output(arguments...)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(output)), 64)
}

// output is what the program prints.
func (p nativePeer) output(arguments ...string) ([]byte, error) {
	output, err := p.command(arguments...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return output, err
}
