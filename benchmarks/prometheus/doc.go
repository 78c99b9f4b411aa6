// SPDX-License-Identifier: Apache-2.0

// Package prometheus has only a test: Prometheus' own parsers read what package stats writes for
// monitoring. It is a module of its own, so that no other module depends on these parsers.
//
//	go test -C benchmarks/prometheus ./...
package prometheus
