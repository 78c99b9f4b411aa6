// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestPprofHTTP: go tool pprof -http shows the profile in a browser.
func TestPprofHTTP(t *testing.T) {
	a := sampled(t)
	pages(t, a, 100)
	address := freeAddress(t)
	cmd := pprofTool(t, "-http="+address, "-no_browser", save(t, a.Profile().Write))
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	serving := bufio.NewScanner(said)
	for serving.Scan() && !strings.Contains(serving.Text(), "Serving web UI") {
	}
	for page, has := range map[string]string{"/ui/top": "alloc_test.pages", "/ui/flamegraph": "alloc_test.pages", "/ui/peek?f=pages": "alloc_test.get"} {
		if body := fetch(t, "http://"+address+page); !strings.Contains(body, has) {
			t.Errorf("%s does not have %s:\n%.2000s", page, has, body)
		}
	}
}

// freeAddress returns an address on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// fetch gets a page from a server that may not listen yet.
func fetch(t *testing.T, url string) string {
	t.Helper()
	var err error
	for range 1000 {
		var answer *http.Response
		if answer, err = http.Get(url); err != nil {
			continue
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", url, answer.Status, err)
		}
		return string(body)
	}
	t.Fatal(err)
	return ""
}
