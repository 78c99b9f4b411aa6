// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"net/http"
	"path"
	"strconv"

	"github.com/ashlar-go/ashlar/stats"
)

// Controls returns a handler that changes settings of the allocator. Anyone who reaches
// it can change them, so mount it where only operators have access, below a path that
// ends in a slash. It accepts only POST, and refuses requests that another site makes a
// browser send. The last element of the path selects the action:
//
//	trim            returns unused memory to the kernel
//	limit?bytes=N   sets the limit of the footprint; 0 removes it
//	sampling?rate=N sets the mean bytes between samples; 0 means the default,
//	                a negative number turns sampling off
//
// An action exists if source has its method: Trim() int64, SetLimit(int64) error or
// Profile() stats.HeapProfile. The handler answers with one line of text.
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
				fmt.Fprintf(w, "one sample in %s on average\n", stats.Bytes(int64(rate)))
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
			http.Error(w, "this request changes a setting: use POST", http.StatusMethodNotAllowed)
		default:
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Cache-Control", "no-store")
			act(w, r)
		}
	}))
}

// number returns the value of a numeric parameter. If the value is invalid, it answers
// the request and returns false.
func number(w http.ResponseWriter, r *http.Request, name string) (int64, bool) {
	n, err := strconv.ParseInt(r.FormValue(name), 10, 64)
	if err != nil {
		http.Error(w, name+": must be a number", http.StatusBadRequest)
		return 0, false
	}
	return n, true
}
