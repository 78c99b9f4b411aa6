// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"net/http"

	"github.com/ashlar-go/ashlar/stats"
)

// profile writes the heap profile, or with ?seconds= what changes in it in that time.
func (h *handler) profile(w http.ResponseWriter, r *http.Request, source stats.HeapProfile) {
	wait, ok := seconds(w, r)
	if !ok {
		return
	}
	var profile bytes.Buffer // an error is to be told before anything was sent
	err := source.Write(&profile)
	if wait > 0 && err == nil {
		if !sleep(r, wait) {
			return
		}
		earlier := bytes.NewReader(bytes.Clone(profile.Bytes()))
		profile.Reset()
		err = source.WriteSince(&profile, earlier)
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

func (h *handler) stacks(w http.ResponseWriter, r *http.Request, source stats.HeapProfile) {
	writeJSON(w, source.Stacks(topStacks, 0))
}
