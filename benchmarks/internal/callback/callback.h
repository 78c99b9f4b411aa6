// SPDX-License-Identifier: Apache-2.0

#include <stddef.h>

// play has threads of C's call back: each allocates a block of Go's allocator,
// fills it, hands it to the next thread, and verifies and frees what it was handed.
// It returns how many blocks were not as they had been filled.
int run_threads(int threads, int rounds);
