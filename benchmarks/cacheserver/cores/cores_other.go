// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package cores

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
)

// A Set is a set of processors.
type Set struct{}

var errUnsupported = fmt.Errorf("cores: dividing the processors on %s: %w", runtime.GOOS, errors.ErrUnsupported)

// Split fails: this system is not supported.
func Split() (first, second *Set, err error) { return nil, nil, errUnsupported }

// Start fails: this system is not supported.
func Start(*Set, *exec.Cmd) error { return errUnsupported }

// Confine fails: this system is not supported.
func Confine(*Set) error { return errUnsupported }
