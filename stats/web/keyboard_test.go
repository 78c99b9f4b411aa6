// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// focused returns the accessible name of the focused element, and what prevents a user
// from seeing the focus. It waits until the page is drawn.
const focused = `new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn))).then(() => {
	const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
	const label = e.getAttribute("aria-labelledby");
	return [
		e === document.body ? "" : label ? document.getElementById(label).textContent : e.textContent.trim().split("\n")[0],
		e !== document.body && (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) ? "no outline" :
		box.bottom < 0 || box.top > innerHeight || box.right < 0 || box.left > innerWidth ? "out of sight" : "",
	];
})`

// focus returns the name of the focused element. It fails the test if a user cannot see
// the focus.
func (b *tab) focus() string {
	b.t.Helper()
	is := b.eval(focused).([]any)
	if is[1] != "" {
		b.t.Errorf("%q has the focus: %s", is[0], is[1])
	}
	return is[0].(string)
}

// tabTo presses Tab until the element with the name has the focus.
func (b *tab) tabTo(name string) {
	b.t.Helper()
	for range 50 {
		if b.press("Tab", 0); b.focus() == name {
			return
		}
	}
	b.t.Fatalf("Tab does not lead to %q", name)
}

// openPage opens the page of a source for which every section is shown, and waits until
// all of them are.
func openPage(t *testing.T, width int) *tab {
	t.Helper()
	b := openTab(t, serve(t, newBusy(t)), width)
	b.until(`document.readyState === "complete" && document.getElementById("status").textContent.startsWith("live") &&
		["map-section", "stacks-section", "arenas-section", "classes-section", "all-classes"].every(id => !document.getElementById(id).hidden)`)
	return b
}

// TestTabOrder: Tab leads through all controls from top to bottom and back. The focus is
// always visible. The first stop is a link that skips the others.
func TestTabOrder(t *testing.T) {
	t.Parallel()
	b := openPage(t, 1280)
	all := b.eval(`document.getElementById("all-classes").textContent`).(string)
	want := []string{
		"Skip to the numbers", "Pause p", "text", "change in 10 s", "JSON", "metrics", "heap profile",
		"Where the memory is", "Map of the heap", "Size classes", all, "Top stacks", "Arenas", "Read /proc/self/smaps",
	}
	var got []string
	for range want {
		b.press("Tab", 0)
		got = append(got, b.focus())
	}
	if !slices.Equal(got, want) {
		t.Errorf("Tab leads to\n%q, want\n%q", got, want)
	}
	for i := len(want) - 2; i >= 0; i-- {
		b.press("Tab", shift)
		if is := b.focus(); is != want[i] {
			t.Errorf("back from %q is %q, want %q", want[i+1], is, want[i])
		}
	}
	b.press("Enter", 0) // on the first stop again
	b.until(`location.hash === "#main"`)
	if b.press("Tab", 0); b.focus() != "Where the memory is" {
		t.Errorf("after the skip link, Tab leads to %q", b.focus())
	}
}

// TestKeys: each control works with its keys, and keeps the focus while the page polls.
func TestKeys(t *testing.T) {
	t.Parallel()
	b := openPage(t, 1280)
	status := func(want string) {
		t.Helper()
		b.until(fmt.Sprintf(`document.getElementById("status").textContent.startsWith(%q)`, want))
		pressed := fmt.Sprint(want == "paused")
		if got := b.eval(`document.getElementById("pause").getAttribute("aria-pressed")`); got != pressed {
			t.Errorf("%s: the button is pressed: %v", want, got)
		}
	}
	b.press("p", 0)
	status("paused")
	b.press("p", control) // control-p prints the page
	status("paused")
	b.press("p", 0)
	status("live")
	b.tabTo("Pause p")
	b.press(" ", 0)
	status("paused")
	b.press("Enter", 0)
	status("live")

	rows := func() int { return int(b.eval(`document.getElementById("classes").tBodies[0].rows.length`).(float64)) }
	few := rows()
	all := b.eval(`document.getElementById("all-classes").textContent`).(string)
	b.tabTo(all)
	b.press("Enter", 0)
	more := rows()
	if more <= few || more > sizeclass.Count || b.eval(`document.getElementById("all-classes").getAttribute("aria-expanded")`) != "true" {
		t.Errorf("%d classes are shown, %d before", more, few)
	}
	b.eval(`window.asked = ` + polls)
	b.until(polls + ` > window.asked + 1`)
	if id := b.eval(`document.activeElement.id`); id != "all-classes" { // the button may be out of sight: more rows are above it
		t.Errorf("after a poll %q has the focus", id)
	}
	b.press(" ", 0)
	if name := b.focus(); rows() != few || name != all {
		t.Errorf("%d classes are shown, want %d again; %q has the focus", rows(), few, name)
	}

	b.tabTo("Read /proc/self/smaps")
	b.press("Enter", 0)
	b.until(`!document.getElementById("process").hidden && document.getElementById("process").rows.length > 5`)
}

// polls is the number of times that the page has requested the numbers.
const polls = `performance.getEntriesByType("resource").filter(e => e.name.endsWith("/live.json")).length`

// TestKeysScroll: on a narrow screen, keys scroll a table that is too wide.
func TestKeysScroll(t *testing.T) {
	t.Parallel()
	b := openPage(t, 390)
	if wide := b.eval(`document.documentElement.scrollWidth > innerWidth`); wide != false {
		t.Error("the page is wider than the screen")
	}
	b.tabTo("Size classes")
	const region = `document.activeElement`
	if b.eval(region+`.scrollWidth > `+region+`.clientWidth`) != true {
		t.Error("the table fits, so this test shows nothing")
	}
	b.press("ArrowRight", 0)
	b.until(region + `.scrollLeft > 0`)
}
