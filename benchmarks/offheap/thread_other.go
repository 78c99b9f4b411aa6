// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import "time"

// threadTime returns 0: the time of a thread is not known.
func threadTime() time.Duration { return 0 }
