// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable

// This file lets pin.go declare functions whose bodies are in the runtime.
