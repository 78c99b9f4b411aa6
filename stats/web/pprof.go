// SPDX-License-Identifier: Apache-2.0

package web

import (
	"math"
	"net/http"

	"github.com/ashlar-go/ashlar/stats"
)

// Pprof returns a handler of source's heap profile alone, to be mounted beside those of
// net/http/pprof, and has their index page list it under the name, with the count of its
// live samples, if the source can (stats.HeapProfile.Publish says at what cost):
//
//	http.Handle("GET /debug/pprof/ashlar", web.Pprof("ashlar", alloc.Default()))
//
// The method is part of the pattern because it is one of that package's patterns. Then
//
//	go tool pprof http://localhost:6060/debug/pprof/ashlar
//
// has the bytes and objects, ?seconds=30 what changes in that time, and the index page's
// link, ?debug=1, shows the stacks as text. Without the handler, net/http/pprof would
// answer with counts of samples.
//
// It panics if there is another profile of that name.
func Pprof(name string, source stats.Source) http.Handler {
	s, ok := source.(profiled)
	if ok {
		s.Profile().Publish(name)
	}
	h := &handler{source: source}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		switch debug := r.FormValue("debug"); {
		case !ok:
			http.NotFound(w, r)
		case debug != "" && debug != "0":
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			all := s.Profile().Stacks(math.MaxInt, 0)
			_ = all.Write(w) // an error is the client's: it went away
		default:
			h.profile(w, r, s.Profile())
		}
	})
}
