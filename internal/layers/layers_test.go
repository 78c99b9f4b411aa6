// SPDX-License-Identifier: Apache-2.0

package layers

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// listed returns the packages that the package documentation lists, bottom first.
func listed(t *testing.T) []string {
	t.Helper()
	for _, s := range own(t) {
		if s.name != "internal/layers/doc.go" {
			continue
		}
		var packages []string
		for _, line := range strings.Split(s.syntax.Doc.Text(), "\n") {
			if rest, found := strings.CutPrefix(line, "\t"); found {
				name, use, _ := strings.Cut(rest, " ")
				if strings.TrimSpace(use) == "" {
					t.Errorf("doc.go does not say what %s is", name)
				}
				packages = append(packages, name)
			}
		}
		return packages
	}
	t.Fatal("doc.go was not found")
	return nil
}

// TestList: the documentation lists every package, and nothing else.
func TestList(t *testing.T) {
	list := listed(t)
	var found []string
	for _, s := range own(t) {
		if !slices.Contains(found, s.dir()) {
			found = append(found, s.dir())
		}
	}
	for _, dir := range found {
		if !slices.Contains(list, dir) {
			t.Errorf("doc.go does not list package %s", dir)
		}
	}
	for i, name := range list {
		if !slices.Contains(found, name) {
			t.Errorf("doc.go lists package %s, which does not exist", name)
		}
		if slices.Contains(list[:i], name) {
			t.Errorf("doc.go lists package %s twice", name)
		}
	}
}

// TestImports: packages and the tests inside them import only packages above them in the
// list. External tests (package x_test) may import any package.
func TestImports(t *testing.T) {
	list := listed(t)
	for _, s := range own(t) {
		if s.test && strings.HasSuffix(s.syntax.Name.Name, "_test") {
			continue
		}
		from := slices.Index(list, s.dir())
		for _, imported := range s.imports() {
			name, inside := strings.CutPrefix(imported, module+"/")
			if !inside {
				continue
			}
			if to := slices.Index(list, name); to < 0 || to >= from {
				t.Errorf("%s imports %s, which is not above it in the list", s.name, name)
			}
		}
	}
}

// TestRequirements: the module requires only a few others.
func TestRequirements(t *testing.T) {
	allowed := []string{"golang.org/x/sys", "github.com/google/pprof"}
	command := exec.Command("go", "mod", "edit", "-json")
	command.Dir = root
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Module           struct{ Path string }
		Require          []struct{ Path string }
		Replace, Exclude []any
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	if mod.Module.Path != module {
		t.Errorf("the module is %s, want %s", mod.Module.Path, module)
	}
	for _, r := range mod.Require {
		if !slices.Contains(allowed, r.Path) {
			t.Errorf("go.mod requires %s", r.Path)
		}
	}
	if len(mod.Replace)+len(mod.Exclude) > 0 {
		t.Error("go.mod replaces or excludes modules, which has no effect for its users")
	}
}
