// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

//go:embed testdata/*.trace
var shipped embed.FS

// Shipped names the traces that are part of this package.
func Shipped() []string {
	files, _ := fs.Glob(shipped, "testdata/*"+suffix) // the pattern is valid
	for i := range files {
		files[i] = Name(files[i])
	}
	return files
}

const suffix = ".trace"

// Name returns the name of a trace, made from the name of its file.
func Name(file string) string { return strings.TrimSuffix(path.Base(file), suffix) }

// LoadFile loads a shipped trace by its name, or another trace from its file.
func LoadFile(name string) (*Program, *Survey, error) {
	file, err := open(name)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	p, s, err := Load(file)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return p, s, err
}

func open(name string) (fs.File, error) {
	if f, err := shipped.Open("testdata/" + name + suffix); err == nil {
		return f, nil
	}
	return os.Open(name)
}
