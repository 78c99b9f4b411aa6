//go:build !cgo || !cgopeer

package main

// cgoKinds is empty in a build without the tag cgopeer.
var cgoKinds []peerKind
