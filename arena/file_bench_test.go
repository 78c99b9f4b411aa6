// SPDX-License-Identifier: Apache-2.0

//go:build (linux || windows) && !ashlar_heap

package arena

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// BenchmarkOpen opens and closes files of several sizes. All pages of the files were
// written.
func BenchmarkOpen(b *testing.B) {
	for _, size := range []int{1 << 20, 64 << 20, 1 << 30} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			path, _ := filled(b, size)
			for b.Loop() {
				f, err := Open(path, FileOptions{})
				if err == nil {
					err = f.Close()
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSync commits a number of changed pages that are spread over 64 MiB.
func BenchmarkSync(b *testing.B) {
	for _, noStore := range []bool{false, true} {
		for _, pages := range []int{1, 100, 10_000} {
			b.Run(fmt.Sprintf("stored=%v/pages=%d", !noStore, pages), func(b *testing.B) {
				const size = 64 << 20
				path, r := filled(b, size)
				f, err := Open(path, FileOptions{NoStore: noStore})
				if err != nil {
					b.Fatal(err)
				}
				defer f.Close()
				memory, page := r.Get(f), int(vm.PageSize())
				for b.Loop() {
					for i := range pages {
						memory[i*(size/page)/pages*page]++
					}
					if err := f.Sync(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// filled makes a file with a slice of the given size, all pages of which were written.
func filled(b *testing.B, size int) (string, SliceRef[byte]) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "f")
	f, err := Open(path, FileOptions{NoStore: true})
	if err != nil {
		b.Fatal(err)
	}
	r, err := NewSliceRef[byte](f, size, size)
	if err == nil {
		for i := 0; i < size; i += 4096 {
			r.Get(f)[i] = 1
		}
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		b.Fatal(err)
	}
	return path, r
}
