// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"runtime/metrics"
	"strconv"
	"strings"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/resp"
)

// An Info has the numbers of INFO by name.
type Info map[string]float64

// The numbers of INFO.
const (
	InfoKeys       = "keys"
	InfoBytes      = "bytes" // of keys and values
	InfoEvicted    = "evicted"
	InfoExpired    = "expired"
	InfoLive       = "off_heap_live_blocks"
	InfoOffHeap    = "off_heap_bytes"
	InfoGoHeap     = "go_heap_objects_bytes"
	InfoCycles     = "gc_cycles"
	InfoGCSeconds  = "gc_cpu_seconds" // until the end of the last cycle, with assists and marking on idle processors
	InfoProcessors = "gomaxprocs"
	InfoClients    = "connected_clients"
	InfoCommands   = "commands"
)

// measured are the names in runtime/metrics of the runtime's numbers.
var measured = map[string]string{
	InfoGoHeap:     "/memory/classes/heap/objects:bytes",
	InfoCycles:     "/gc/cycles/total:gc-cycles",
	InfoGCSeconds:  "/cpu/classes/gc/total:cpu-seconds",
	InfoProcessors: "/sched/gomaxprocs:threads",
}

// Info returns the numbers of the server.
func (s *Server) Info() Info {
	u := s.store.Usage()
	info := Info{
		InfoKeys: float64(u.Keys), InfoBytes: float64(u.Bytes), InfoEvicted: float64(u.Evicted), InfoExpired: float64(u.Expired),
		InfoLive: float64(u.Live), InfoOffHeap: float64(u.OffHeap),
		InfoClients: float64(s.Clients()), InfoCommands: float64(s.commands.Load()),
	}
	for name, metric := range measured {
		sample := []metrics.Sample{{Name: metric}}
		switch metrics.Read(sample); sample[0].Value.Kind() {
		case metrics.KindUint64:
			info[name] = float64(sample[0].Value.Uint64())
		case metrics.KindFloat64:
			info[name] = sample[0].Value.Float64()
		}
	}
	return info
}

// info writes lines of the form "name:number", as Redis does.
func (s *Server) info(dst []byte, _ [][]byte) []byte {
	var text strings.Builder
	fmt.Fprintf(&text, "store:%s\r\n", s.options.Name)
	for name, value := range s.Info() {
		fmt.Fprintf(&text, "%s:%s\r\n", name, strconv.FormatFloat(value, 'f', -1, 64))
	}
	return resp.AppendBulk(dst, []byte(text.String()))
}

// ParseInfo parses an answer to INFO.
func ParseInfo(text string) Info {
	info := Info{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			info[name] = number
		}
	}
	return info
}
