// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"runtime/pprof"
	"sync"
)

// published are the profiles that PublishProfile made. runtime/pprof keeps them for ever.
var published struct {
	mu sync.Mutex
	of map[string]*pprof.Profile
}

// PublishProfile lists the heap profile among those of runtime/pprof, so that the index
// page of net/http/pprof, /debug/pprof/, shows its name and how many samples are live, of
// blocks that are sampled from now on. Allocators of one name are counted together. Like
// pprof.NewProfile it panics if the name is that of another profile.
//
// A profile of runtime/pprof counts stacks and has no values: to have the page's link, and
// go tool pprof with its address, get the bytes, mount what web.Pprof of package
// stats/web returns, which calls PublishProfile.
//
// While it is listed a sample, with its end, costs some ten times as much, for
// runtime/pprof takes the stack once more, and 400 bytes of the Go heap as long as its
// block is live; samples above 4096 are not counted. Close ends that, but the name stays:
// runtime/pprof has no way to remove it.
func (a *Allocator) PublishProfile(name string) {
	a.init()
	published.mu.Lock()
	defer published.mu.Unlock()
	p := published.of[name]
	if p == nil {
		p = pprof.NewProfile(name)
		if published.of == nil {
			published.of = map[string]*pprof.Profile{}
		}
		published.of[name] = p
	}
	a.profile.List(p)
}
