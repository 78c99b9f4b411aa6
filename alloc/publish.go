// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"runtime/pprof"

	"github.com/ashlar-go/ashlar/internal/interleave"
)

// published are the profiles that publish made. runtime/pprof keeps them for ever.
var published struct {
	mu interleave.Mutex
	of map[string]*pprof.Profile
}

// publish lists the heap profile under a name in runtime/pprof.
func (a *Allocator) publish(name string) {
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
