// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"io"
	"net/http"

	"github.com/ashlar-go/ashlar/stats"
)

// The abilities of a source with a heap profile; see the package documentation.
type (
	profiler      interface{ WriteHeapProfile(io.Writer) error }
	deltaProfiler interface {
		WriteHeapProfileSince(w io.Writer, earlier io.Reader) error
	}
	stackSource interface{ HeapStacks(n int) stats.Stacks }
)

// profile writes the heap profile, or with ?seconds= what changes in it in that time.
func (h *handler) profile(w http.ResponseWriter, r *http.Request, source profiler) {
	wait, ok := seconds(w, r)
	if !ok {
		return
	}
	var profile bytes.Buffer // an error is to be told before anything was sent
	err := source.WriteHeapProfile(&profile)
	if wait > 0 && err == nil {
		delta, can := source.(deltaProfiler)
		if !can {
			http.Error(w, "seconds: the source has no differences of profiles", http.StatusNotImplemented)
			return
		}
		if !sleep(r, wait) {
			return
		}
		earlier := bytes.NewReader(bytes.Clone(profile.Bytes()))
		profile.Reset()
		err = delta.WriteHeapProfileSince(&profile, earlier)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="ashlar-heap.pb.gz"`)
	_, _ = profile.WriteTo(w)
}

// topStacks is how many stacks the page shows.
const topStacks = 20

func (h *handler) stacks(w http.ResponseWriter, r *http.Request, source stackSource) {
	writeJSON(w, source.HeapStacks(topStacks))
}
