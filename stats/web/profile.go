package web

import (
	"net/http"
)

func (h *handler) profile(w http.ResponseWriter, r *http.Request, source profiler) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="ashlar-heap.pb.gz"`)
	_ = source.WriteHeapProfile(w)
}
