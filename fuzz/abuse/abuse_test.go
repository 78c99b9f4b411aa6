// SPDX-License-Identifier: Apache-2.0

package abuse

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// childVar selects the case that a child process runs: the number of a mode, and a name.
const childVar = "ASHLAR_ABUSE"

// touching is the start of the line that a child prints before an access.
const touching = "touching "

func TestMain(m *testing.M) {
	if which := os.Getenv(childVar); which != "" {
		runChild(which)
		return
	}
	flag.Parse()
	os.Exit(m.Run())
}

// runChild runs a case that should end this process. If the process survives, the parent
// reports a failure.
func runChild(which string) {
	mode, name, _ := strings.Cut(which, " ")
	m, err := strconv.Atoi(mode)
	for _, c := range Cases() {
		if c.Name == name && err == nil {
			err = c.RunFault(m, func(addr uintptr) { fmt.Printf("%s%#x\n", touching, addr) })
			fmt.Println("survived:", err)
			return
		}
	}
	fmt.Println("unknown case:", which, err)
}

// TestCases runs each case in each mode.
func TestCases(t *testing.T) {
	for m := range Modes {
		t.Run(Modes[m].Name, func(t *testing.T) {
			for _, c := range Cases() {
				t.Run(c.Name, func(t *testing.T) {
					if c.in(m).Kind == Undefined {
						t.Skip("the result depends on what the access hits")
					}
					if c.Name == "overflow of a large object into the next one" && vm.Granularity() > vm.PageSize() {
						t.Skip("mappings have holes between them")
					}
					if c.in(m).Kind == Faults {
						if raceannotate.Enabled {
							t.Skip("in race builds memory stays mapped")
						}
						checkFault(t, m, c.Name)
						return
					}
					if err := c.Run(m); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}

// checkFault runs a case in a child, which must end with a fault at the last address that
// it accessed.
func checkFault(t *testing.T, m int, name string) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s", childVar, m, name), "GOTRACEBACK=single")
	out, err := cmd.CombinedOutput()
	text := string(out)
	_, addr, found := strings.Cut(text, touching)
	addr, _, _ = strings.Cut(addr, "\n")
	if err == nil || !found || !strings.Contains(text, "unexpected fault address "+addr) {
		t.Errorf("%v, want a fault at %s:\n%s", err, addr, text)
	}
}

// TestNames: the names of cases are unique.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Cases() {
		if seen[c.Name] {
			t.Errorf("two cases are named %q", c.Name)
		}
		seen[c.Name] = true
		if (c.Bad == nil) == (c.Do == nil) {
			t.Errorf("%q needs exactly one of Bad and Do", c.Name)
		}
	}
	for _, m := range Modes {
		for name := range m.Differs {
			if !seen[name] {
				t.Errorf("mode %s has a report for the unknown case %q", m.Name, name)
			}
		}
	}
}
