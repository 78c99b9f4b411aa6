package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestCheckedInFilesAreUpToDate(t *testing.T) {
	for _, f := range files() {
		t.Run(f.Name, func(t *testing.T) {
			want, err := generate(f)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join("..", "..", f.Name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what the generator makes: run go generate", f.Name)
			}
		})
	}
}
