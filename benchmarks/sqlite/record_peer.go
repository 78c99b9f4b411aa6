// SPDX-License-Identifier: Apache-2.0

//go:build peer

package main

import "errors"

func record(string, int) error { return errors.New("only ashlar records traces") }
