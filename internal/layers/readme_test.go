// SPDX-License-Identifier: Apache-2.0

package layers

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// markdown lists the files that describe the module to users.
var markdown = []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "PLATFORMS.md"}

// checkout stands in the README for the path of the module's directory.
const checkout = "/path/to/ashlar"

// readme has the commands, the program and the output in the README.
type readme struct{ require, program, output string }

var fence = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

func readReadme(t *testing.T) (r readme) {
	t.Helper()
	for _, block := range fence.FindAllStringSubmatch(readText(t, "README.md"), -1) {
		language, text := block[1], block[2]
		switch {
		case language == "sh" && strings.Contains(text, checkout):
			r.require = text
		case language == "go":
			r.program = text
		case language == "text":
			r.output = text
		}
	}
	if r.require == "" || r.program == "" || r.output == "" {
		t.Fatalf("the README lacks commands, program or output: %+v", r)
	}
	return r
}

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// absRoot returns the module's directory.
func absRoot(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// run runs a command without network access, and returns its output.
func run(t *testing.T, dir string, words ...string) (string, error) {
	t.Helper()
	command := exec.Command(words[0], words[1:]...)
	command.Dir = dir
	// The required modules are in the module cache, and the module's own go.sum verifies
	// them.
	command.Env = append(os.Environ(), "GOPROXY=off", "GOSUMDB=off", "GOWORK=off")
	out, err := command.CombinedOutput()
	return string(out), err
}

// TestReadme follows the README in a new module.
func TestReadme(t *testing.T) {
	r := readReadme(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(r.program), 0o600); err != nil {
		t.Fatal(err)
	}
	commands := append([]string{"go mod init example.com/try"}, strings.Split(strings.TrimSpace(r.require), "\n")...)
	for _, line := range commands {
		words := strings.Fields(line)
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], checkout, absRoot(t))
		}
		if out, err := run(t, dir, words...); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	out, err := run(t, dir, "go", "run", ".")
	if err != nil || out != r.output {
		t.Errorf("the program says %q (%v), the README %q", out, err, r.output)
	}
}

// TestReadmeOnGoHeap runs the README's program with memory of the Go heap, as on platforms
// without a kernel that maps memory.
func TestReadmeOnGoHeap(t *testing.T) {
	r := readReadme(t)
	program := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(program, []byte(r.program), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := run(t, absRoot(t), "go", "run", "-tags", "ashlar_heap", program)
	if err != nil || out != r.output {
		t.Errorf("the program says %q (%v), the README %q", out, err, r.output)
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)\)`)

// TestLinks: the files to which the Markdown files refer exist.
func TestLinks(t *testing.T) {
	for _, name := range markdown {
		prose := fence.ReplaceAllString(readText(t, name), "")
		for _, found := range link.FindAllStringSubmatch(prose, -1) {
			if _, err := os.Stat(filepath.Join(root, found[1])); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
