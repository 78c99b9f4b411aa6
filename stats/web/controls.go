// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"net/http"
	"path"
	"strconv"

	"github.com/ashlar-go/ashlar/stats"
)

// Controls returns a handler that changes things, to be mounted below a path that ends
// in a slash, where only those reach it who may. It takes POST only, and refuses what
// another site makes a browser send. The last element of the path says what to do:
//
//	trim            gives what is unused back to the kernel
//	limit?bytes=N   changes the limit of the footprint, 0 removes it
//	sampling?rate=N changes how many bytes lie between samples; 0 is the default,
//	                a negative number turns sampling off
//
// as far as source has the methods Trim() int64, SetLimit(int64) error and
// Profile() stats.HeapProfile. It answers with a line of text.
func Controls(source stats.Source) http.Handler {
	actions := map[string]func(w http.ResponseWriter, r *http.Request){}
	if s, ok := source.(interface{ Trim() int64 }); ok {
		actions["trim"] = func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "gave %s back\n", stats.Bytes(s.Trim()))
		}
	}
	if s, ok := source.(interface{ SetLimit(int64) error }); ok {
		actions["limit"] = func(w http.ResponseWriter, r *http.Request) {
			n, ok := number(w, r, "bytes")
			if !ok {
				return
			}
			if err := s.SetLimit(n); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			fmt.Fprintf(w, "the limit is %s\n", stats.Bytes(n))
		}
	}
	if s, ok := source.(profiled); ok {
		actions["sampling"] = func(w http.ResponseWriter, r *http.Request) {
			n, ok := number(w, r, "rate")
			if !ok {
				return
			}
			s.Profile().SetRate(int(n))
			if rate := s.Profile().Rate(); rate > 0 {
				fmt.Fprintf(w, "a sample each %s\n", stats.Bytes(int64(rate)))
			} else {
				fmt.Fprintln(w, "sampling is off")
			}
		}
	}
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		act, found := actions[path.Base(r.URL.Path)]
		switch {
		case !found:
			http.NotFound(w, r)
		case r.Method != http.MethodPost:
			w.Header().Set("Allow", "POST")
			http.Error(w, "this changes something: POST only", http.StatusMethodNotAllowed)
		default:
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Cache-Control", "no-store")
			act(w, r)
		}
	}))
}

// number returns a parameter that is a number. It reports false if it has refused the
// request.
func number(w http.ResponseWriter, r *http.Request, name string) (int64, bool) {
	n, err := strconv.ParseInt(r.FormValue(name), 10, 64)
	if err != nil {
		http.Error(w, name+": want a number", http.StatusBadRequest)
		return 0, false
	}
	return n, true
}
