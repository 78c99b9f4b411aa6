// SPDX-License-Identifier: Apache-2.0

package ashlarlocal

import "github.com/ashlar-go/ashlar/alloc"

var everyones *alloc.Local // want `everyones is a Local that every goroutine can use`

func use(*alloc.Local) {}

func handedOver(a *alloc.Allocator) {
	l := a.NewLocal()
	go func() {
		defer l.Close()
		use(l)
	}()
}

func kept(a *alloc.Allocator, done chan bool) {
	l := a.NewLocal()
	go use(l)
	_, _ = l.Malloc(8) // want `the Local l is also used by a goroutine that was started before`
	<-done
	l.Close()
}

func two(a *alloc.Allocator) {
	l := a.NewLocal()
	go use(l)
	go use(l) // want `two goroutines use the Local l`
}

func loop(a *alloc.Allocator) {
	l := a.NewLocal()
	for range 4 {
		go use(l) // want `the goroutines that the loop starts share the Local l`
	}
	for range 4 {
		own := a.NewLocal()
		go use(own)
	}
}
