// SPDX-License-Identifier: Apache-2.0

package versus

import (
	"strings"
	"testing"
)

func TestComparison(t *testing.T) {
	var c Comparison
	calls := [2]int{}
	err := c.Run(3, func(peer int) error {
		calls[peer]++
		c.Add(peer, "time", float64(10*(peer+1)))
		c.Add(peer, "size", float64(calls[peer]))
		c.Add(peer, "nothing", 0)
		return nil
	})
	if err != nil || calls != [2]int{3, 3} {
		t.Errorf("%v calls, %v", calls, err)
	}
	if got := c.Ratio("time"); got != 0.5 {
		t.Errorf("ratio %v", got)
	}
	var text strings.Builder
	if err := c.Table("title", [2]string{"a", "b"}).WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"title", "10.0 ±0%", "20.0 ±0%", "0.500", "2.00 ±25%", "0      –"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
	if strings.Index(text.String(), "time") > strings.Index(text.String(), "size") {
		t.Errorf("figures are out of order:\n%s", &text)
	}
}
