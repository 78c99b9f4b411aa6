//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package main

import (
	"errors"
	"unsafe"
)

// mapSupported says whether mapMemory works here.
const mapSupported = false

func mapMemory(int) (unsafe.Pointer, error) { return nil, errors.ErrUnsupported }

func unmapMemory(unsafe.Pointer, int) error { return errors.ErrUnsupported }
