// SPDX-License-Identifier: Apache-2.0

// Package web is the HTTP face of an allocator: a live page for people, and its
// numbers for programs. It uses the standard library only, fetches nothing from
// elsewhere, and changes nothing.
//
//	http.Handle("/debug/ashlar/", web.Handler(alloc.Default()))
//
// # What there is
//
// Below the path at which the Handler is mounted, whatever that is:
//
//	(nothing)      the live page
//	metrics        OpenMetrics text, or Prometheus' older format, as the client accepts
//	snapshot.txt   the snapshot as text; with ?seconds=10 what changes in that time
//	snapshot.json  the same as JSON, which encoding/json decodes to a stats.Snapshot
//	profile        the heap profile, for go tool pprof, if the source has one; ?seconds= likewise
//	stacks.json    the stacks with the most live memory, likewise
//	heapmap.json   the chunks page by page, if the source can be inspected; ?chunks=16
//	process.json   what the kernel says of the process, likewise
//	live.json      what the page polls, once a second
//
// The page shows memory over time, where it is, the size classes, the map of the heap,
// the top stacks, arenas and regions by name, and what to do about what stands out. It
// keeps its own history, from when it was opened; the server keeps nothing, and runs
// nothing between requests. Without scripts the page is a snapshot.
//
// # Beside net/http/pprof
//
// Pprof puts the heap profile where people look for profiles first:
//
//	import _ "net/http/pprof"
//
//	http.Handle("GET /debug/pprof/ashlar", web.Pprof("ashlar", alloc.Default()))
//
// /debug/pprof/ then lists it, with the count of its live samples and a link to the stacks,
// and go tool pprof reads it from there.
//
// # The source
//
// A stats.Source is enough; *alloc.Allocator is one. What else it can do is found by
// its methods, and what it cannot is left out of the page:
//
//	Profile() stats.HeapProfile      profile, stacks.json, Pprof; sampling in Controls
//	Inspect() stats.Inspector        heapmap.json, process.json
//	Trim() int64                     for Controls only
//	SetLimit(bytes int64) error      for Controls only
//
// # Who may see it
//
// The Handler has no access control: whoever reaches it reads how much memory the
// program uses, and its stacks. Mount it where /debug/pprof would be mounted. It
// answers GET and HEAD only, and changes nothing. Controls, which does, is a handler
// of its own: it exists only where a program mounts it, takes POST only, and refuses
// requests that another site makes a browser send (http.CrossOriginProtection).
//
// The page's content security policy allows its own files and nothing else.
package web
