// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc/adapters/wazeromem"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

var _ experimental.LinearMemory = (*wazeromem.Memory)(nil)

const wasmPage = 64 << 10 // bytes

// module is a program in WebAssembly's binary format. By section:
//
//	types      0: (i32) → i32    1: (i32, i32) → ()
//	functions  grow of type 0, store of type 1
//	memory     of 1 page, of 64 at most; shared or not
//	exports    memory, grow, store
//	code       grow:  local.get 0, memory.grow
//	           store: local.get 0, local.get 1, i32.store8
func module(shared bool) []byte {
	limits := byte(1)
	if shared {
		limits = 3
	}
	return bytes.Join([][]byte{
		{0, 'a', 's', 'm', 1, 0, 0, 0},
		section(1, 2, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 2, 0x7f, 0x7f, 0),
		section(3, 2, 0, 1),
		section(5, 1, limits, 1, 64),
		section(7, append([]byte{3}, bytes.Join([][]byte{
			export("memory", 2, 0), export("grow", 0, 0), export("store", 0, 1),
		}, nil)...)...),
		section(10, 2,
			6, 0, 0x20, 0, 0x40, 0, 0x0b,
			9, 0, 0x20, 0, 0x20, 1, 0x3a, 0, 0, 0x0b),
	}, nil)
}

func section(id byte, body ...byte) []byte {
	return append([]byte{id, byte(len(body))}, body...)
}

func export(name string, kind, index byte) []byte {
	return append(append([]byte{byte(len(name))}, name...), kind, index)
}

// instantiate returns the module on the memories.
func instantiate(t *testing.T, memories *wazeromem.Allocator, config wazero.RuntimeConfig, shared bool) (context.Context, api.Module) {
	t.Helper()
	ctx := experimental.WithMemoryAllocator(t.Context(), experimental.MemoryAllocatorFunc(
		func(initial, limit uint64) experimental.LinearMemory { return memories.Allocate(initial, limit) }))
	if shared {
		config = config.WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesThreads)
	}
	runtime := wazero.NewRuntimeWithConfig(ctx, config)
	t.Cleanup(func() {
		if err := runtime.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	m, err := runtime.Instantiate(ctx, module(shared))
	if err != nil {
		t.Fatal(err)
	}
	return ctx, m
}

func call(t *testing.T, ctx context.Context, m api.Module, function string, arguments ...uint64) uint64 {
	t.Helper()
	results, err := m.ExportedFunction(function).Call(ctx, arguments...)
	if err != nil {
		t.Fatalf("%s%v: %v", function, arguments, err)
	}
	if len(results) == 0 {
		return 0
	}
	return results[0]
}

const refused = 0xffffffff // the result of memory.grow at the limit: -1 in 32 bits

// TestWazero: a module's memory grows to its maximum in place, keeps its contents, and is
// freed when the module is closed.
func TestWazero(t *testing.T) {
	for name, config := range map[string]wazero.RuntimeConfig{
		"compiler":    wazero.NewRuntimeConfigCompiler(),
		"interpreter": wazero.NewRuntimeConfigInterpreter(),
	} {
		for _, shared := range []bool{false, true} {
			if shared {
				name += ", shared"
			}
			t.Run(name, func(t *testing.T) {
				var memories wazeromem.Allocator
				ctx, m := instantiate(t, &memories, config, shared)
				grow(t, ctx, m)
				if memories.Committed() != 64*wasmPage {
					t.Errorf("%d bytes committed", memories.Committed())
				}
				if err := m.Close(ctx); err != nil {
					t.Error(err)
				}
				if memories.Reserved() != 0 || memories.Committed() != 0 {
					t.Errorf("%d bytes reserved, %d committed", memories.Reserved(), memories.Committed())
				}
			})
		}
	}
}

func grow(t *testing.T, ctx context.Context, m api.Module) {
	t.Helper()
	first, _ := m.Memory().Read(0, 1)
	for pages := uint64(1); pages < 64; pages++ {
		if was := call(t, ctx, m, "grow", 1); was != pages {
			t.Fatalf("memory.grow returns %d at %d pages", was, pages)
		}
		call(t, ctx, m, "store", pages*wasmPage+5, pages)
	}
	if call(t, ctx, m, "grow", 1) != refused {
		t.Error("it grows beyond its maximum")
	}
	all, ok := m.Memory().Read(0, 64*wasmPage)
	if !ok || unsafe.SliceData(all) != unsafe.SliceData(first) {
		t.Fatal("the memory moved, or is shorter")
	}
	for pages := 1; pages < 64; pages++ {
		if all[pages*wasmPage+5] != byte(pages) || all[pages*wasmPage+6] != 0 {
			t.Errorf("page %d has wrong contents", pages)
		}
	}
}

// TestWazeroLimit: at the limit memory.grow fails, and the module continues.
func TestWazeroLimit(t *testing.T) {
	memories := wazeromem.Allocator{Limit: 3 * wasmPage}
	ctx, m := instantiate(t, &memories, wazero.NewRuntimeConfig(), false)
	if call(t, ctx, m, "grow", 2) != 1 || call(t, ctx, m, "grow", 1) != refused {
		t.Error("it does not grow to the limit and no further")
	}
	call(t, ctx, m, "store", 3*wasmPage-1, 7)
	if b, _ := m.Memory().ReadByte(3*wasmPage - 1); b != 7 {
		t.Error("what it stored is not there")
	}
}

// TestWazeroDropped: the memories of modules that are dropped without Close are freed when
// memory is needed.
func TestWazeroDropped(t *testing.T) {
	memories := wazeromem.Allocator{Limit: 10 * wasmPage}
	ctx := experimental.WithMemoryAllocator(t.Context(), experimental.MemoryAllocatorFunc(
		func(initial, limit uint64) experimental.LinearMemory { return memories.Allocate(initial, limit) }))
	for range 50 {
		r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
		m, err := r.Instantiate(ctx, module(false))
		if err != nil {
			t.Fatal(err)
		}
		call(t, ctx, m, "store", 5, 7)
		if b, _ := m.Memory().ReadByte(5); b != 7 {
			t.Fatal("what it stored is not there")
		}
	}
	if memories.Lost() < 40 {
		t.Errorf("%d memories are lost, %d in use", memories.Lost(), memories.InUse())
	}
}
