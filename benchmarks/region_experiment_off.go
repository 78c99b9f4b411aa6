//go:build !goexperiment.arenas

package main

// experimentKinds is empty in a build without GOEXPERIMENT=arenas.
var experimentKinds []regionKind
