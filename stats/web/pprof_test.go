// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	_ "net/http/pprof" // our handler is mounted next to its handlers
	"os/exec"
	"regexp"
	"runtime/pprof"
	"strings"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/stats/web"
)

// TestPprof: the index page of net/http/pprof lists the profile with its number of live
// samples. Its link leads to the stacks. go tool pprof reads the bytes from the same
// address.
func TestPprof(t *testing.T) {
	a, err := alloc.NewAllocator(alloc.Options{Decay: -1, ProfileRate: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	name := "ashlar-test"
	for pprof.Lookup(name) != nil { // an earlier run of the test in this process may have published the name
		name += "-again"
	}
	http.Handle("GET /debug/pprof/"+name, web.Pprof(name, a))
	server := httptest.NewServer(http.DefaultServeMux)
	defer server.Close()
	get := func(path string) string {
		t.Helper()
		answer, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v", path, answer.Status, err)
		}
		return string(body)
	}
	listed := func(count string) {
		t.Helper()
		row := regexp.MustCompile(`<td>(\d+)</td><td><a href='` + name + `\?debug=1'>`).FindStringSubmatch(get("/debug/pprof/"))
		if row == nil || row[1] != count {
			t.Errorf("the index lists %q, want %s", row, count)
		}
	}
	listed("0")
	blocks := hold(t, a, 30)
	listed("30")
	for _, p := range blocks[:10] {
		a.Free(p)
	}
	listed("20")
	p, err := a.Realloc(blocks[29], 2<<20)
	if err != nil {
		t.Fatal(err)
	}
	listed("20")

	if text := get("/debug/pprof/" + name + "?debug=1"); !strings.Contains(text, " 19 blocks, allocated by\n\tgithub.com/ashlar-go/ashlar/stats/web_test.hold ") {
		t.Errorf("the link leads to %s", text)
	}
	url := server.URL + "/debug/pprof/" + name
	for args, has := range map[string]string{
		"-sample_index=inuse_objects": `(?m)^ +19 .*web_test\.hold$`,
		"-sample_index=alloc_space":   `(?m)^ +5?120kB .*web_test\.hold$`,
	} {
		out, err := exec.Command("go", "tool", "pprof", "-top", args, url).CombinedOutput()
		if err != nil || !regexp.MustCompile(has).Match(out) {
			t.Errorf("go tool pprof -top %s: %v, want %s\n%s", args, err, has, out)
		}
	}
	if out, err := exec.Command("go", "tool", "pprof", "-top", url+"?seconds=1").CombinedOutput(); err != nil {
		t.Errorf("a difference: %v\n%s", err, out)
	}

	a.Free(p)
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	listed("0")
}

//go:noinline
func hold(t *testing.T, a *alloc.Allocator, n int) (blocks []unsafe.Pointer) {
	for range n {
		p, err := a.Malloc(4096)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, p)
	}
	return blocks
}

// TestPprofPlain: Pprof works for a source without a profile or without stacks.
func TestPprofPlain(t *testing.T) {
	if w := ask(web.Pprof("none", minimal{}), "GET", "/debug/pprof/none"); w.Code != http.StatusNotFound {
		t.Errorf("no profile: %d", w.Code)
	}
	if w := ask(web.Pprof("some", &profiled{}), "GET", "/debug/pprof/some"); w.Code != 200 || w.Body.String() != "profile 1" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if pprof.Lookup("none") != nil || pprof.Lookup("some") != nil {
		t.Error("a profile without Publish was published")
	}
}
