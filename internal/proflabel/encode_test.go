// SPDX-License-Identifier: Apache-2.0

package proflabel

import (
	"maps"
	"strings"
	"testing"
)

// TestEncode: decoded labels equal the encoded ones, whatever bytes they contain. Only
// labels that are too long are left out.
func TestEncode(t *testing.T) {
	long := strings.Repeat("x", 900)
	for name, c := range map[string]struct{ in, want map[string]string }{
		"none":           {nil, nil},
		"some":           {map[string]string{"route": "/user", "tenant": "7"}, map[string]string{"route": "/user", "tenant": "7"}},
		"empty":          {map[string]string{"": ""}, map[string]string{"": ""}},
		"any bytes":      {map[string]string{"a\x00b\xff": "\n\x01"}, map[string]string{"a\x00b\xff": "\n\x01"}},
		"long":           {map[string]string{"k": long}, map[string]string{"k": long}},
		"too long alone": {map[string]string{"k": long + long, "l": "v"}, map[string]string{"l": "v"}},
	} {
		var labels []byte
		for k, v := range c.in {
			labels = Append(labels, k, v)
		}
		if got := maps.Collect(All(string(labels))); !maps.Equal(got, c.want) || len(labels) > MaxBytes {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for key := range All(string(Append(Append(nil, "a", "1"), "b", "2"))) { // stopped early
		if key != "a" {
			t.Errorf("the first key is %q", key)
		}
		break
	}
}
