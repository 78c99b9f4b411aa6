// SPDX-License-Identifier: Apache-2.0

// Package prometheus holds a test only: what package stats writes for monitoring is
// read by Prometheus' own parsers. It is a module of its own so that they are
// dependencies of nobody else.
//
//	go test -C benchmarks/prometheus ./...
package prometheus
