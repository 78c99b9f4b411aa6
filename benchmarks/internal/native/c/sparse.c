// SPDX-License-Identifier: Apache-2.0

/* The family sparse in C: see its Go files for the patterns. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "suite.h"

static uint64_t state = 88172645463325252u;
static long smallest, largest;
static char **blocks;
static int *sizes;

static long resident(void) {
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    char line[256];
    long kib = 0;
    if (f == NULL) return 0;
    while (fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "Rss: %ld kB", &kib) == 1) break;
    fclose(f);
    return kib * 1024;
}

static int64_t milliseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static long pick(long n) { return (long)(next_random(&state) % (uint64_t)n); }

static void fill(long i) {
    sizes[i] = (int)(smallest + pick(largest - smallest + 1));
    char *block = blocks[i] = malloc(sizes[i]);
    if (block == NULL) exit(1);
    for (int at = 0; at < sizes[i]; at += PAGE) block[at] = 1;
    block[sizes[i] - 1] = 1;
}

static long thin(long n, long keep, long apart, int even) {
    for (long i = n - 1; apart == 0 && !even && i > 0; i--) {
        long j = pick(i + 1);
        char *block = blocks[i];
        int size = sizes[i];
        blocks[i] = blocks[j], sizes[i] = sizes[j];
        blocks[j] = block, sizes[j] = size;
    }
    long kept = 0;
    uintptr_t part = 0;
    for (long i = 0; i < n; i++) {
        int stays = i % (keep < 1 ? 1 : keep) == 0;
        if (apart > 0) {
            stays = (uintptr_t)blocks[i] / apart != part;
            part = (uintptr_t)blocks[i] / apart;
        }
        if (!stays) {
            free(blocks[i]);
            continue;
        }
        blocks[kept] = blocks[i];
        sizes[kept++] = sizes[i];
    }
    return kept;
}

/* sparse prints what is resident above what was before the blocks, as JSON. */
int sparse(char **arguments) {
    smallest = atol(arguments[0]), largest = atol(arguments[1]);
    long n = atol(arguments[2]), keep = atol(arguments[3]), apart = atol(arguments[4]), pairs = atol(arguments[6]);
    blocks = table(n * sizeof *blocks);
    sizes = table(n * sizeof *sizes);
    resident(); /* its buffers are there now */
    long base = resident();
    for (long i = 0; i < n; i++) fill(i);
    n = thin(n, keep, apart, atoi(arguments[5]));
    long thinned = resident() - base, paired = 0, later = 0, live = 0;
    for (long k = 0; k < pairs; k++) {
        long i = pick(n);
        free(blocks[i]);
        fill(i);
    }
    if (pairs > 0) paired = resident() - base;
    if (pairs > 0 && atol(arguments[7]) > 0) {
        for (int64_t end = milliseconds() + atol(arguments[7]); milliseconds() < end;)
            for (int k = 0; k < 1000; k++) {
                long i = pick(n);
                free(blocks[i]);
                fill(i);
            }
        later = resident() - base;
    }
    for (long i = 0; i < n; i++) live += sizes[i];
    printf("{\"live\":%ld,\"thinned\":%ld,\"paired\":%ld,\"later\":%ld}\n", live, thinned, paired, later);
    return 0;
}
