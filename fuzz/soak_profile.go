// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A profile describes a load.
type profile struct {
	name  string
	slots int // maximum number of blocks of a worker
	bytes int // maximum bytes in them
	send  int // of 64 operations on a block, the number that send it to another worker
	size  func(r *rand.Rand) int
}

var profiles = []profile{
	{"small", 4000, 8 << 20, 4, func(r *rand.Rand) int { return 1 + r.IntN(256) }},
	{"mixed", 3000, 24 << 20, 8, func(r *rand.Rand) int {
		if r.IntN(256) == 0 {
			return sizeclass.LargeMin + r.IntN(16<<10<<r.IntN(7))
		}
		return 1 + r.IntN(16<<r.IntN(11))
	}},
	{"large", 24, 64 << 20, 8, func(r *rand.Rand) int { return 64<<10 + r.IntN(256<<10<<r.IntN(5)) }},
	{"handover", 1000, 8 << 20, 40, func(r *rand.Rand) int { return 1 + r.IntN(16<<r.IntN(8)) }},
}

func profileNames() []string {
	var names []string
	for _, p := range profiles {
		names = append(names, p.name)
	}
	return names
}

// profileOf returns the profile with a name, nil if there is none.
func profileOf(name string) *profile {
	for i := range profiles {
		if profiles[i].name == name {
			return &profiles[i]
		}
	}
	return nil
}

// request returns the next request of the profile.
func (p *profile) request(r *rand.Rand) request {
	q := request{size: p.size(r)}
	switch n := r.IntN(64); {
	case n < 6:
		q.zero = true
	case n < 8:
		q.align = 1 << r.IntN(15)
	}
	return q
}
