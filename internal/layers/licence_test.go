// SPDX-License-Identifier: Apache-2.0

package layers

import (
	"strings"
	"testing"
)

// TestLicence: each Go file of all modules names the licence in its first line.
func TestLicence(t *testing.T) {
	const line = "// SPDX-License-Identifier: Apache-2.0\n"
	sources, err := readTree()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		if text := readText(t, s.name); !strings.HasPrefix(text, line) {
			t.Errorf("%s does not begin with %q", s.name, line)
		}
	}
}
