// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable

// This file lets current.go declare a function whose body is in the runtime.
