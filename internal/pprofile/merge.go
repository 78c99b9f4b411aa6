// SPDX-License-Identifier: Apache-2.0

package pprofile

import (
	"bytes"
	"io"
	"runtime/pprof"

	"github.com/google/pprof/profile"
)

// Since returns what has changed from earlier, a file, to now.
func Since(now *profile.Profile, earlier io.Reader) (*profile.Profile, error) {
	before, err := profile.Parse(earlier)
	if err != nil {
		return nil, err
	}
	before.Scale(-1)
	return profile.Merge([]*profile.Profile{now, before})
}

// WithGoHeap returns p and the heap profile of the Go heap in one.
func WithGoHeap(p *profile.Profile) (*profile.Profile, error) {
	var b bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&b, 0); err != nil {
		return nil, err
	}
	goHeap, err := profile.Parse(&b)
	if err != nil {
		return nil, err
	}
	return profile.Merge([]*profile.Profile{p, goHeap})
}
