// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"strings"
	"testing"
)

func TestFindModel(t *testing.T) {
	const cpuinfo = "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC\nprocessor\t: 1\nmodel name\t: other\n"
	if got := findModel(cpuinfo); got != "AMD EPYC" {
		t.Errorf("findModel = %q, want AMD EPYC", got)
	}
	if got := findModel("processor : 0\n"); got != "" {
		t.Errorf("findModel without a model name = %q, want nothing", got)
	}
}

func TestBracketed(t *testing.T) {
	for list, want := range map[string]string{"always [madvise] never\n": "madvise", "[always] never": "always", "": "", "a [b": ""} {
		if got := bracketed(list); got != want {
			t.Errorf("bracketed(%q) = %q, want %q", list, got, want)
		}
	}
}

func TestStringNamesEveryPart(t *testing.T) {
	d := Description{Cores: 2, Procs: 2, System: "linux/amd64 6.1", GoVersion: "go1.26", HugePages: "never"}
	for _, part := range []string{"unknown", "2 cores", "linux/amd64 6.1", "go1.26", "never"} {
		if !strings.Contains(d.String(), part) {
			t.Errorf("%q lacks %q", d, part)
		}
	}
}
