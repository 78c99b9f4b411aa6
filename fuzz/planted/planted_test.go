// SPDX-License-Identifier: Apache-2.0

//go:build planted

package planted

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// within is the maximum time that a target may take to find a bug. A target that depends on chance
// (addresses that the kernel chooses, goroutines that meet) runs again until then.
const within = time.Minute

// TestPlanted: the listed target finds each bug, and its output says how to reproduce the
// failure. A program is compiled while another one runs.
func TestPlanted(t *testing.T) {
	for _, b := range append(Bugs(), Races()...) {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			overlay := write(t, &b)
			if scene, found := strings.CutPrefix(b.Found, "scene "); found {
				test := build(t, overlay, "./alloc", "test", "-c", "-tags", "ashlar_interleave")
				fails(t, "order ", test, func(seed string) []string {
					return []string{"-test.run", "^TestInterleavings$/^" + strings.ReplaceAll(scene, " ", "_") + "$", "-runs", "2000", "-seed", seed}
				})
				return
			}
			if profile, found := strings.CutPrefix(b.Found, "soak "); found {
				binary := build(t, overlay, "./fuzz", "build")
				fails(t, "VIOLATION", binary, func(seed string) []string {
					return []string{"-profile", profile, "-seed", seed, "-duration", "8s"}
				})
				return
			}
			fails(t, "--- FAIL: "+b.Found, build(t, overlay, "./fuzz", "test", "-c"), func(string) []string {
				return []string{"-test.run", "^" + b.Found + "$", "-test.failfast"}
			})
		})
	}
}

// TestSound: without a bug the same programs find nothing.
func TestSound(t *testing.T) {
	test := build(t, "", "./fuzz", "test", "-c")
	if out, err := run(t, test, "-test.short"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, profile := range []string{"mixed", "handover"} {
		if out, err := run(t, build(t, "", "./fuzz", "build"), "-profile", profile, "-seed", "1", "-duration", "5s"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// write writes the file with the bug, and the overlay that replaces the original by it.
func write(t *testing.T, b *Bug) (overlay string) {
	dir := t.TempDir()
	original, err := filepath.Abs(filepath.Join(root, b.File))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := b.plant(string(text))
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, filepath.Base(b.File))
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: copied}})
	if err != nil {
		t.Fatal(err)
	}
	overlay = filepath.Join(dir, "overlay.json")
	if err := errors.Join(os.WriteFile(copied, []byte(wrong), 0o644), os.WriteFile(overlay, replace, 0o644)); err != nil {
		t.Fatal(err)
	}
	return overlay
}

// build compiles a package as a program or a test, without the tables of debuggers, which take
// half of the linker's time.
func build(t *testing.T, overlay, dir string, how ...string) (binary string) {
	binary = filepath.Join(t.TempDir(), "planted")
	args := append(how, "-overlay", overlay, "-ldflags=-w", "-o", binary, dir)
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, out)
	}
	return binary
}

// run runs a program in the directory of package fuzz, which contains its corpus.
func run(t *testing.T, binary string, args ...string) (string, error) {
	ctx, stop := context.WithTimeout(t.Context(), within)
	defer stop()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = filepath.Join(root, "fuzz")
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("it takes longer than %v", within)
	}
	return string(out), err
}

// fails requires that the program fails with the expected text, in one of the runs that begin in time.
// args returns the arguments of a run.
func fails(t *testing.T, says, binary string, args func(seed string) []string) {
	begun := time.Now()
	for seed := 1; ; seed++ {
		out, err := run(t, binary, args(strconv.Itoa(seed))...)
		took := time.Since(begun)
		if err == nil && took < within {
			continue
		}
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || !saysOneOf(out, says, "panic: ", "fatal error: ") {
			t.Fatalf("%v in run %d, want a failure with the text %q:\n%s", err, seed, says, out)
		}
		t.Logf("found by run %d in %v: %s", seed, took.Round(time.Millisecond), reason(out))
		return
	}
}

// saysOneOf reports whether out contains one of the texts. The last two are crashes in
// goroutines of the runtime.
func saysOneOf(out string, texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(out, text) })
}

// reason returns the line of a report that describes the failure.
func reason(out string) string {
	for _, line := range strings.Split(out, "\n") {
		for _, mark := range []string{"order \"", "step ", "options 0x", "VIOLATION", "panic: ", "fatal error:", "_test.go:"} {
			if strings.Contains(line, mark) {
				return strings.TrimSpace(line)
			}
		}
	}
	return "(no such line)"
}
