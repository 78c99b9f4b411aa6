// SPDX-License-Identifier: Apache-2.0

package web

import (
	"math"
	"net/http"

	"github.com/ashlar-go/ashlar/stats"
)

// Pprof returns a handler for the source's heap profile. Mount it next to the handlers of
// net/http/pprof:
//
//	http.Handle("GET /debug/pprof/ashlar", web.Pprof("ashlar", alloc.Default()))
//
// The method must be part of the pattern, because it is part of that package's patterns,
// too. Then
//
//	go tool pprof http://localhost:6060/debug/pprof/ashlar
//
// reads bytes and objects. ?seconds=30 returns the change in that time. ?debug=1 shows
// the stacks as text.
//
// If the source can publish its profile, Pprof does so: the index page /debug/pprof/ then
// lists it under the name, with its number of live samples. stats.HeapProfile.Publish
// documents the cost. Without this handler, net/http/pprof would serve numbers of samples
// only.
//
// Pprof panics if another profile has the name.
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
			_ = all.Write(w) // the client went away
		default:
			h.profile(w, r, s.Profile())
		}
	})
}
