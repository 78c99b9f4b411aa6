// SPDX-License-Identifier: Apache-2.0

package web

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/ashlar-go/ashlar/stats"
)

func (h *handler) metrics(w http.ResponseWriter, r *http.Request) {
	s := h.source.Stats()
	format := negotiate(r.Header.Get("Accept"))
	w.Header().Set("Content-Type", format.ContentType())
	w.Header().Add("Vary", "Accept")
	_ = s.WriteMetrics(w, format) // the client went away
}

// negotiate returns the format that the client prefers by its Accept header. It chooses
// OpenMetrics if the header names it with at least the weight of plain text. Otherwise,
// as for browsers and old servers, it chooses plain text.
func negotiate(accept string) stats.Format {
	open, plain := 0.0, 0.0
	for item := range strings.SplitSeq(accept, ",") {
		mediaType, parameters, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		quality := 1.0
		if q, err := strconv.ParseFloat(parameters["q"], 64); err == nil {
			quality = q
		}
		switch mediaType {
		case "application/openmetrics-text":
			if v := parameters["version"]; v == "" || v == "1.0.0" || v == "0.0.1" {
				open = max(open, quality)
			}
		case "text/plain":
			plain = max(plain, quality)
		}
	}
	if open > 0 && open >= plain {
		return stats.OpenMetrics
	}
	return stats.Prometheus
}
