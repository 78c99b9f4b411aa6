// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/ashlar-go/ashlar/benchmarks/internal/goal"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
)

// bounds are the goals that must be kept, of times and of memory.
var bounds = []goal.Goal{
	slower(peer.Make, "pair/size=64", 1),
	atMost(peer.Ashlar, peer.Modernc, "pair/size=64", 4),
	atMost(peer.AshlarLocal, peer.Modernc, "pair/size=64", 2.5),
	slower(peer.Make, "pair/size=1024", 6),
	slower(peer.Make, "pair/size=16384", 30),
	atMost(peer.Ashlar, peer.Modernc, "pair/size=16384", 2.5),
	slower(peer.Naive, "pair/size=131072", 80),
	slower(peer.Naive, "pair/size=1048576", 8),
	// If a host takes one of the processors away, nothing runs in parallel, and a lock costs its
	// owner next to nothing. These hold for a machine in that state, too.
	slower(peer.ModerncMutex, "parallel/goroutines=2/size=64", 0.5),
	slower(peer.ModerncMutex, "parallel/goroutines=16/size=64", 0.5),
	goal.Alone("churn/peak-rss-to-live: ashlar", "churn/peak-rss-to-live", peer.Ashlar, goal.AtMost, 1.3),
}

// measured is the pattern of the benchmarks that bounds are set on.
const measured = `^pair/|^parallel/goroutines=(2|16)/size=64$|^churn/peer=ashlar$`

// slower bounds a peer's time ÷ ashlar's from below.
func slower(than, benchmark string, bound float64) goal.Goal {
	return goal.Against(fmt.Sprintf("%s: %s ÷ %s", benchmark, than, peer.Ashlar), benchmark, peer.Ashlar, than, goal.Faster, bound)
}

// atMost bounds a time ÷ a peer's from above.
func atMost(ours, other, benchmark string, bound float64) goal.Goal {
	return goal.Against(fmt.Sprintf("%s: %s ÷ %s", benchmark, ours, other), benchmark, ours, other, goal.AtMost, bound)
}
