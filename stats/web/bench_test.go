// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/stats/web"
)

// BenchmarkPoll makes the HTTP requests that a page makes in five seconds, for an
// allocator with 16 spans in each class: five for the numbers, and one for the map. At
// this rate 50 ms per operation are 1 % of a core.
func BenchmarkPoll(b *testing.B) {
	a, err := alloc.NewAllocator(alloc.Options{Decay: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { a.Close() })
	for c := range sizeclass.Class(sizeclass.Count) {
		for range 16 * c.Blocks() {
			if _, err := a.Malloc(c.Size()); err != nil {
				b.Fatal(err)
			}
		}
	}
	server := httptest.NewServer(web.Handler(a))
	b.Cleanup(server.Close)
	get := func(name string) {
		answer, err := http.Get(server.URL + "/" + name)
		if err != nil {
			b.Fatal(err)
		}
		_, err = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			b.Fatal(answer.Status, err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for range 5 {
			get("live.json")
		}
		get("heapmap.json")
	}
}
