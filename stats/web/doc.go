// SPDX-License-Identifier: Apache-2.0

// Package web serves an allocator's numbers over HTTP: a live page for people, and data
// for programs.
//
//	http.Handle("/debug/ashlar/", web.Handler(alloc.Default()))
//
// WARNING: the handler has no access control. Everyone who reaches it can read the memory
// use and the stacks of the program. Mount it where you would mount /debug/pprof.
//
// Handler, Controls and Pprof return no errors. Only Pprof can panic: if the profile's
// name is taken. A request that fails is answered with an HTTP error and a line of text.
// All handlers are safe for concurrent use.
//
// The handler answers GET and HEAD only, and changes nothing. It uses only the standard
// library, and the page loads no file from another server.
//
// # Paths
//
// The handler may be mounted below any path. Relative to that path it serves:
//
//	(nothing)      the live page
//	metrics        metrics as OpenMetrics or Prometheus text, as the client prefers
//	snapshot.txt   the snapshot as text; with ?seconds=10 the change in that time
//	snapshot.json  the same as JSON, which encoding/json decodes into a stats.Snapshot
//	profile        the heap profile for go tool pprof; with ?seconds=10 the change in that time
//	stacks.json    the stacks with the most live memory
//	heapmap.json   the chunks page by page; ?chunks=16 sets the maximum number of chunks
//	process.json   the kernel's numbers for the process
//	live.json      what the page polls, once a second
//
// The page shows memory over time, the uses of the memory, the size classes, the map of
// the heap, the top stacks, arenas and regions by name, and advice. It records its
// history itself, from the moment it is opened. The server stores nothing and runs
// nothing between requests. Without scripts the page shows one snapshot.
//
// # With net/http/pprof
//
// Pprof adds the heap profile to the pages of net/http/pprof:
//
//	import _ "net/http/pprof"
//
//	http.Handle("GET /debug/pprof/ashlar", web.Pprof("ashlar", alloc.Default()))
//
// /debug/pprof/ then lists the profile with its number of live samples and a link to the
// stacks. go tool pprof reads the profile from that address.
//
// # The source
//
// A source must implement stats.Source, as *alloc.Allocator does. The handlers look for
// these further methods, and leave out what the source does not have:
//
//	Profile() stats.HeapProfile      profile, stacks.json, Pprof; sampling in Controls
//	Inspect() stats.Inspector        heapmap.json, process.json
//	Trim() int64                     Controls only
//	SetLimit(bytes int64) error      Controls only
//
// # Security
//
// Controls is a separate handler because it changes settings. It exists only where a
// program mounts it. It accepts only POST, and refuses requests that another site makes a
// browser send (http.CrossOriginProtection).
//
// The page's content security policy allows the handler's own files and nothing else.
package web
