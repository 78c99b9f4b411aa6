// SPDX-License-Identifier: Apache-2.0

// Program finds shortest paths in a network of random roads, with one arena for each
// search. It is written for the standard library's experimental arena.
package main

import (
	"arena"
	"fmt"
)

type road struct {
	to   int32
	cost uint32
}

// A network has all roads in the order of their start. The roads of town t are
// roads[first[t]:first[t+1]].
type network struct {
	first []int32
	roads []road
}

type entry struct {
	town int32
	cost uint64
}

type totals struct {
	visited, improved int
	longest           uint64
}

type random uint64

func (r *random) next(n int) int {
	*r = *r*6364136223846793005 + 1442695040888963407
	return int(uint64(*r) >> 33 % uint64(n))
}

func build(a *arena.Arena, towns, each int) network {
	n := network{arena.MakeSlice[int32](a, towns+1, towns+1), arena.MakeSlice[road](a, 0, towns*each)}
	r := random(1)
	for t := range towns {
		n.first[t] = int32(len(n.roads))
		n.roads = append(n.roads, road{int32((t + 1) % towns), 1000})
		for range r.next(each) {
			n.roads = append(n.roads, road{int32(r.next(towns)), uint32(1 + r.next(500))})
		}
	}
	n.first[towns] = int32(len(n.roads))
	return n
}

// A queue is a binary heap. The cheapest entry is the first.
type queue struct{ entries []entry }

func (q *queue) push(e entry) {
	q.entries = append(q.entries, e)
	for i := len(q.entries) - 1; i > 0 && q.entries[i].cost < q.entries[(i-1)/2].cost; i = (i - 1) / 2 {
		q.entries[i], q.entries[(i-1)/2] = q.entries[(i-1)/2], q.entries[i]
	}
}

func (q *queue) pop() entry {
	top, last := q.entries[0], len(q.entries)-1
	q.entries[0] = q.entries[last]
	q.entries = q.entries[:last]
	for i := 0; 2*i+1 < last; {
		c := 2*i + 1
		if c+1 < last && q.entries[c+1].cost < q.entries[c].cost {
			c++
		}
		if q.entries[i].cost <= q.entries[c].cost {
			break
		}
		q.entries[i], q.entries[c] = q.entries[c], q.entries[i]
		i = c
	}
	return top
}

// shortest returns the shortest path and its totals. Both outlive the arena.
func shortest(n network, from, to int32) ([]int32, *totals) {
	a := arena.NewArena()
	defer a.Free()
	towns := len(n.first) - 1
	t := arena.New[totals](a)
	cost := arena.MakeSlice[uint64](a, towns, towns)
	before := arena.MakeSlice[int32](a, towns, towns)
	q := queue{arena.MakeSlice[entry](a, 0, len(n.roads)+1)}
	q.push(entry{from, 1})
	cost[from] = 1
	for len(q.entries) > 0 {
		e := q.pop()
		if e.cost > cost[e.town] {
			continue
		}
		t.visited++
		for _, r := range n.roads[n.first[e.town]:n.first[e.town+1]] {
			if c := e.cost + uint64(r.cost); cost[r.to] == 0 || c < cost[r.to] {
				t.improved++
				cost[r.to], before[r.to] = c, e.town
				q.push(entry{r.to, c})
			}
		}
	}
	for _, c := range cost {
		t.longest = max(t.longest, c)
	}
	way := arena.MakeSlice[int32](a, 0, towns)
	for ; to != from; to = before[to] {
		way = append(way, to)
	}
	return arena.Clone(way), arena.Clone(t)
}

func main() {
	a := arena.NewArena()
	defer a.Free()
	n := build(a, 20_000, 6)
	fmt.Println(len(n.roads), "roads")
	for i := range int32(12) {
		way, t := shortest(n, i*37, 19_999-i*911)
		fmt.Println(len(way), cap(way) >= len(way), way[:min(len(way), 8)], *t)
	}
	s := arena.MakeSlice[byte](a, 3, 3)
	copy(s, "abc")
	fmt.Println(arena.Clone(string(s)), *arena.Clone(arena.New[int](a)), cap(arena.MakeSlice[road](a, 1, 9)))
}
