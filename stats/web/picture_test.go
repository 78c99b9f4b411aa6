// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"flag"
	"image/png"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
	"github.com/ashlar-go/ashlar/stats/web"
)

var updatePictures = flag.Bool("update", false, "update the README's pictures of the live page")

// pictures contains the README's pictures, for light and dark mode.
var pictures = map[string][]string{
	"page.png":      nil,
	"page-dark.png": {"--blink-settings=preferredColorScheme=0"},
}

const pictureWidth, pictureHeight = 1200, 820

// TestPictures draws the live page of a busy Allocator for the README:
//
//	go test ./stats/web -run Pictures -update
//
// Without -update it draws the pictures but does not keep them.
func TestPictures(t *testing.T) {
	a := fragmented(t)
	server := httptest.NewServer(web.Handler(a))
	t.Cleanup(server.Close)
	for name, arguments := range pictures {
		file := filepath.Join(t.TempDir(), name)
		if *updatePictures {
			file, _ = filepath.Abs(name)
		}
		browse(t, server.URL, append(arguments, "--screenshot="+file, "--window-size=1200,820")...)
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.DecodeConfig(f)
		_ = f.Close() // was only read
		if err != nil || picture.Width != pictureWidth || picture.Height != pictureHeight {
			t.Errorf("%s: %d × %d pixels, %v", name, picture.Width, picture.Height, err)
		}
	}
}

// fragmented returns an Allocator with blocks of many sizes, some of them freed.
func fragmented(t *testing.T) *alloc.Allocator {
	a, err := alloc.NewAllocator(alloc.Options{Name: "example"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	random := rand.New(rand.NewPCG(1, 2))
	var blocks [][]byte
	for range 200_000 {
		size := 16 << random.IntN(11)
		blocks = append(blocks, alloc.Must(a.MallocBytes(size+random.IntN(size))))
	}
	random.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
	for _, b := range blocks[:len(blocks)/3] {
		a.FreeBytes(b)
	}
	for range 8 {
		clear(alloc.Must(a.MallocBytes(3 << 20)))
	}
	requests := arena.NewArena()
	t.Cleanup(requests.Free)
	_ = arena.MakeSlice[byte](requests, 1<<16, 1<<16)
	return a
}
