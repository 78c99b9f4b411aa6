// SPDX-License-Identifier: Apache-2.0

package memory_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// checkout stands in the README for the path of ashlar.
const checkout = "/path/to/ashlar"

// program uses the package as modernc.org/libc does, and prints the usable size of a block.
// With the original it would be a power of two.
const program = `package main

import (
	"fmt"

	"modernc.org/memory"
)

func main() {
	var a memory.Allocator
	p, err := a.UintptrMalloc(100)
	fmt.Println(memory.UintptrUsableSize(p), err, a.UintptrFree(p), a.Close())
}
`

var shell = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// TestReadme follows the README in a new module.
func TestReadme(t *testing.T) {
	ashlar, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "main.go", program)
	commands := []string{"go mod init example.com/try", "go mod edit -require=" + upstream}
	for _, block := range shell.FindAllStringSubmatch(read(t, ".", "README.md"), -1) {
		commands = append(commands, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	if len(commands) < 6 {
		t.Fatalf("the README has other commands than expected: %q", commands)
	}
	out := ""
	for _, line := range append(commands, "go run .") {
		words := strings.Fields(strings.ReplaceAll(line, checkout, ashlar))
		command := exec.Command(words[0], words[1:]...)
		command.Dir = dir
		command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
		text, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, text)
		}
		out = string(text)
		if strings.HasPrefix(line, "go list") && !strings.Contains(out, "=> "+ashlar+"/alloc/adapters/modernc") {
			t.Errorf("%s says %s", line, out)
		}
	}
	if out != "112 <nil> <nil> <nil>\n" {
		t.Errorf("the program says %q", out)
	}
	lines := strings.ReplaceAll(read(t, dir, "go.mod"), ashlar, checkout)
	for line := range strings.Lines(read(t, ".", "README.md")) {
		if strings.HasPrefix(line, "replace ") && !strings.Contains(lines, line) {
			t.Errorf("go.mod has no %q:\n%s", line, lines)
		}
	}
}
