// SPDX-License-Identifier: Apache-2.0

package offheap_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ashlar-go/ashlar/alloc/offheap"
)

// Pictures serves thumbnails, which take long to make. The cache keeps those that are asked
// for most, and survives a restart in a file.
type pictures struct {
	cache *offheap.Cache[string, []byte]
	file  string
	made  int
}

func openPictures(file string) (*pictures, error) {
	cache, err := offheap.NewCache[string, []byte](nil, offheap.CacheOptions{Name: "thumbnails", Bytes: 256 << 20})
	if err != nil {
		return nil, err
	}
	// A file that is damaged is no reason to fail: the cache begins empty.
	if _, err := cache.Load(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		fmt.Println("begins with an empty cache:", err)
	}
	return &pictures{cache: cache, file: file}, nil
}

// ServeHTTP writes a thumbnail from the cache, without a copy, or makes it.
func (p *pictures) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.cache.View(r.URL.Path, func(picture []byte) { _, _ = w.Write(picture) }) {
		return
	}
	picture, err := p.cache.GetOrLoad(r.Context(), nil, r.URL.Path, p.make)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(picture)
}

// make stands for the slow work. GetOrLoad calls it once for a path, however many requests wait.
func (p *pictures) make(_ context.Context, path string) ([]byte, time.Duration, error) {
	p.made++
	return []byte("thumbnail of " + strings.TrimPrefix(path, "/")), time.Hour, nil
}

// Close saves the cache and frees its memory.
func (p *pictures) Close() error {
	defer p.cache.Close()
	return p.cache.Save(p.file)
}

// A cache of thumbnails that survives a restart.
func Example_thumbnails() {
	folder, err := os.MkdirTemp("", "pictures")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	for range 2 { // the program, and the program after a restart
		p, err := openPictures(filepath.Join(folder, "thumbnails"))
		if err != nil {
			fmt.Println(err)
			return
		}
		for range 3 {
			w := httptest.NewRecorder()
			p.ServeHTTP(w, httptest.NewRequest("GET", "/quarry.jpg", nil))
			fmt.Println(w.Body)
		}
		fmt.Println("made:", p.made)
		if err := p.Close(); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// thumbnail of quarry.jpg
	// thumbnail of quarry.jpg
	// thumbnail of quarry.jpg
	// made: 1
	// thumbnail of quarry.jpg
	// thumbnail of quarry.jpg
	// thumbnail of quarry.jpg
	// made: 0
}
