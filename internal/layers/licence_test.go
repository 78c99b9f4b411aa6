// SPDX-License-Identifier: Apache-2.0

package layers

import (
	"strings"
	"testing"
)

// TestLicence: the first line of each Go file of all modules names the licence.
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
