package main

import "github.com/ashlar-go/ashlar/alloc"

// openAshlarChecked opens ashlar's Allocator in checked mode: not a competitor, but what
// looking after every block costs. It is in no table; workloads and rows take it by name.
func openAshlarChecked() peer {
	a, err := alloc.NewAllocator(alloc.Options{Checked: true})
	if err != nil {
		panic(err)
	}
	return &ashlarPeer{a}
}
