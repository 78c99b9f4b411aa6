// SPDX-License-Identifier: Apache-2.0

package memory_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// upstream is the release whose tests this package passes.
const upstream = "modernc.org/memory@v1.12.1"

// looksInside are the tests of upstream that read its own structures: page headers,
// lists, the size of a batch. All others must pass.
var looksInside = []string{
	"TestUMalloc", "TestMalloc", "TestTrimClasses", "TestTrimBigPage", "TestSlabBatch", "TestSlabBatchFreedPoolBound",
}

// constants are what upstream's tests use of its constants.
const constants = `package memory

const (
	osPageSize = 4 << 10
	pageSize   = 64 << 10
	counters   = true
)
`

// TestUpstream runs upstream's tests, from the module cache, on this package. They count the
// mappings of upstream; the test substitutes Mmaps.
func TestUpstream(t *testing.T) {
	if testing.Short() {
		t.Skip("this test takes some seconds")
	}
	source := download(t)
	dir := t.TempDir()
	tests := strings.NewReplacer(
		"len(alloc.regs)", "alloc.Mmaps",
		"quota = 128 << 20", "quota = 8 << 20", // bytes, each drawn at random
	).Replace(read(t, source, "all_test.go"))
	for _, name := range looksInside {
		tests = without(t, tests, name)
	}
	write(t, dir, "all_test.go", tests)
	write(t, dir, "constants_test.go", constants)
	assemble(t, dir, source)

	command := exec.Command("go", "test", "-v", "-mod=mod", "-vet=off", "-tags", "memory.counters", ".")
	command.Dir = dir
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), "--- PASS"); n < 17 {
		t.Errorf("only %d tests passed:\n%s", n, out)
	}
}

// download returns the directory of upstream in the module cache.
func download(t *testing.T) string {
	t.Helper()
	command := exec.Command("go", "mod", "download", "-json", upstream)
	command.Dir = t.TempDir() // outside this module, which has the same path
	out, err := command.Output()
	var module struct{ Dir, Error string }
	if json.Unmarshal(out, &module) != nil || module.Dir == "" {
		t.Fatalf("go mod download %s: %v %s", upstream, err, module.Error)
	}
	return module.Dir
}

// without returns Go source text without the function of that name.
func without(t *testing.T, text, name string) string {
	t.Helper()
	function := regexp.MustCompile(fmt.Sprintf(`(?ms)^func %s\(.*?^}$`, name))
	if !function.MatchString(text) {
		t.Fatalf("upstream has no %s", name)
	}
	return function.ReplaceAllString(text, "")
}

// assemble makes dir a module with this package's code and what upstream's tests need.
func assemble(t *testing.T, dir, source string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	for _, name := range files {
		write(t, dir, name, read(t, ".", name))
	}
	ashlar, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	mathutil := regexp.MustCompile(`modernc.org/mathutil v\S+`).FindString(read(t, source, "go.mod"))
	write(t, dir, "go.mod", strings.Replace(read(t, ".", "go.mod"), "=> ../../..", "=> "+ashlar, 1)+"\nrequire "+mathutil+"\n")
	write(t, dir, "go.sum", read(t, source, "go.sum")+read(t, ".", "go.sum"))
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
