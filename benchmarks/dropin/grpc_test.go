// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/adapters/grpcmem"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

var _ mem.BufferPool = (*grpcmem.Pool)(nil)

// countingPool counts the buffers of more than 1 KiB that gRPC asks for.
type countingPool struct {
	*grpcmem.Pool
	mu    sync.Mutex
	large int
}

func (p *countingPool) Get(n int) *[]byte {
	if n > 1<<10 {
		p.mu.Lock()
		p.large++
		p.mu.Unlock()
	}
	return p.Pool.Get(n)
}

// echo is a service with one method, which sends each message back.
var echo = grpc.ServiceDesc{
	ServiceName: "echo",
	HandlerType: (*any)(nil),
	Streams: []grpc.StreamDesc{{
		StreamName: "Echo", ServerStreams: true, ClientStreams: true,
		Handler: func(_ any, stream grpc.ServerStream) error {
			for {
				message := new(wrapperspb.BytesValue)
				if err := stream.RecvMsg(message); errors.Is(err, io.EOF) {
					return nil
				} else if err != nil {
					return err
				}
				if err := stream.SendMsg(message); err != nil {
					return err
				}
			}
		},
	}},
}

// serve starts a server, as the documentation of grpcmem says, and a client. One pool is
// the default of the process; the server receives into the other. The returned function
// ends both.
func serve(t *testing.T, pool, received mem.BufferPool) (client *grpc.ClientConn, end func()) {
	t.Helper()
	before := mem.DefaultBufferPool()
	experimental.SetDefaultBufferPool(pool)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const maxMessage = 64 << 20
	server := grpc.NewServer(experimental.BufferPool(received), grpc.MaxRecvMsgSize(maxMessage))
	server.RegisterService(&echo, nil)
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()
	client, err = grpc.NewClient(listener.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		t.Fatal(err)
	}
	return client, func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		server.GracefulStop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		experimental.SetDefaultBufferPool(before)
	}
}

// TestGRPCBothLines: with the two lines of the documentation, a message is off the Go
// heap when it is sent and when it is received, at the client and at the server.
func TestGRPCBothLines(t *testing.T) {
	pool, received := &countingPool{Pool: grpcmem.New(nil)}, &countingPool{Pool: grpcmem.New(nil)}
	client, end := serve(t, pool, received)
	if err := talk(t.Context(), client, 1); err != nil {
		t.Error(err)
	}
	end()
	const each = 7 // messages of more than 1 KiB that talk sends and receives
	if received.large < each {
		t.Errorf("the server received %d of %d messages into the pool", received.large, each)
	}
	if pool.large < 3*each {
		t.Errorf("%d messages were sent from the default pool, or received into it by the client; want %d", pool.large, 3*each)
	}
}

// TestGRPC: concurrent streams receive the messages that they sent, and gRPC puts back
// every buffer that it got.
func TestGRPC(t *testing.T) { alloctest.EachMode(t, testGRPC) }

func testGRPC(t *testing.T, heap *alloc.Allocator) {
	pool := &countingPool{Pool: grpcmem.New(heap)}
	client, end := serve(t, pool, pool)
	var streams sync.WaitGroup
	for id := range 4 {
		streams.Go(func() {
			if err := talk(t.Context(), client, id); err != nil {
				t.Errorf("stream %d: %v", id, err)
			}
		})
	}
	streams.Wait()
	end()
	if pool.large == 0 {
		t.Error("gRPC did not use the pool")
	}
	if pool.InUse() != 0 || pool.Lost() != 0 {
		t.Errorf("%d buffers were not put back, %d of them lost", pool.InUse()+pool.Lost(), pool.Lost())
	}
}

// talk sends messages of many sizes over a stream and receives them.
func talk(ctx context.Context, client *grpc.ClientConn, id int) error {
	stream, err := client.NewStream(ctx, &echo.Streams[0], "/echo/Echo")
	if err != nil {
		return err
	}
	for i, size := range []int{0, 1, 1000, 1024, 1025, 4096, 16_384, 33_000, 1 << 20, 5 << 20, 100, 70_000} {
		sent := bytes.Repeat([]byte{byte(id*31 + i)}, size)
		if err := stream.SendMsg(wrapperspb.Bytes(sent)); err != nil {
			return err
		}
		var received wrapperspb.BytesValue
		if err := stream.RecvMsg(&received); err != nil {
			return err
		}
		if !bytes.Equal(received.Value, sent) {
			return fmt.Errorf("message of %d bytes: a different one came back", size)
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if err := stream.RecvMsg(new(wrapperspb.BytesValue)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the stream ends with %w", err)
	}
	return nil
}

// TestGRPCCancelled: gRPC does not put back all buffers of streams that are cancelled. The
// collector finds these buffers.
func TestGRPCCancelled(t *testing.T) {
	heap := new(alloc.Allocator)
	pool := grpcmem.New(heap)
	client, end := serve(t, pool, pool)
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		stream, err := client.NewStream(ctx, &echo.Streams[0], "/echo/Echo")
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.SendMsg(wrapperspb.Bytes(make([]byte, 3<<20))); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := stream.RecvMsg(new(wrapperspb.BytesValue)); status.Code(err) != codes.Canceled {
			t.Errorf("a cancelled stream ends with %v", err)
		}
	}
	if err := talk(t.Context(), client, 1); err != nil {
		t.Error(err)
	}
	end()
	for pool.InUse() > 0 {
		runtime.GC() // buffers are freed some time after
		runtime.Gosched()
	}
	wantNoLive(t, heap)
}
