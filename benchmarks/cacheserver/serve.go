// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"runtime"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/server"
	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/store"
)

// A greeting is the first line of a server's standard output, as JSON.
type greeting struct {
	Address string    `json:"address"`
	Started time.Time `json:"started"`
}

// started is when this process began, a millisecond after the runtime's own clock.
var started = time.Now()

// A farewell is the last line.
type farewell struct {
	Collection float64     `json:"collection_seconds"` // a forced one, with all entries live
	Info       server.Info `json:"info"`               // after that collection
}

// serve is the server's main function. It ends when ctx does. As a child it also ends when its standard
// input is closed, so that a parent that is gone leaves no server behind.
func serve(ctx context.Context, o *options, in io.Reader, out io.Writer) error {
	s, err := store.Open(o.serve, store.Options{Bytes: o.bytes, Shards: o.shards})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	if o.child {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		go func() {
			defer cancel()
			_, _ = io.Copy(io.Discard, in) // any end will do
		}()
	}
	if err := json.NewEncoder(out).Encode(greeting{listener.Addr().String(), started}); err != nil {
		return err
	}
	cache := server.New(s, server.Options{Name: o.serve})
	served := make(chan error, 1)
	go func() { served <- cache.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	begin := time.Now()
	runtime.GC()
	f := farewell{Collection: time.Since(begin).Seconds(), Info: cache.Info()}
	if err := cache.Close(); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	return json.NewEncoder(out).Encode(f)
}
