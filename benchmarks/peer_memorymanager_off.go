//go:build !unix

package main

// memorymanagerKinds is empty where memorymanager does not compile.
var memorymanagerKinds []peerKind
