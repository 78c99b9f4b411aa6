// SPDX-License-Identifier: Apache-2.0

// Package peertest is a test helper: it has a peer that counts what workloads do. Only tests import it.
package peertest
