// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"net/http"

	"github.com/ashlar-go/ashlar/stats"
)

// profile writes the heap profile, or with ?seconds= its change in that time.
func (h *handler) profile(w http.ResponseWriter, r *http.Request, source stats.HeapProfile) {
	wait, ok := seconds(w, r)
	if !ok {
		return
	}
	var profile bytes.Buffer // buffered, so that an error can still set the status
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

// topStacks is the number of stacks that the page shows.
const topStacks = 20

func (h *handler) stacks(w http.ResponseWriter, r *http.Request, source stats.HeapProfile) {
	writeJSON(w, source.Stacks(topStacks, 0))
}
