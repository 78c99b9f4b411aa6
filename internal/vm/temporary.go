// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || dragonfly || freebsd || netbsd || openbsd || solaris || windows || (linux && ashlar_posix)) && !ashlar_heap

package vm

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
)

// unnamed has the temporary names of files that were opened with Unnamed and have no name
// of their own yet. If the process dies meanwhile, the temporary name stays.
var unnamed struct {
	mu    sync.Mutex
	names map[int]string // by descriptor
}

// temporaryName returns a name in a directory that nobody else has.
func temporaryName(dir string) string {
	return filepath.Join(dir, fmt.Sprintf(".ashlar-%016x", rand.Uint64()))
}

func keepTemporary(fd int, name string) {
	unnamed.mu.Lock()
	defer unnamed.mu.Unlock()
	if unnamed.names == nil {
		unnamed.names = map[int]string{}
	}
	unnamed.names[fd] = name
}

// takeTemporary returns the temporary name of a file, and forgets it.
func takeTemporary(fd int) string {
	unnamed.mu.Lock()
	defer unnamed.mu.Unlock()
	name := unnamed.names[fd]
	delete(unnamed.names, fd)
	return name
}
