// Package peertest is a test helper: it has a peer that counts what workloads do. Only tests import it.
package peertest
