// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"testing"
)

// FuzzArena runs inputs on arenas of all kinds.
func FuzzArena(f *testing.F) {
	procs := runtime.GOMAXPROCS(1)
	f.Cleanup(func() { runtime.GOMAXPROCS(procs) })
	for _, seed := range seeds(48) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := runArenaModel(data); err != nil {
			t.Fatal(err)
		}
	})
}
