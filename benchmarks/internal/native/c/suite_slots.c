// SPDX-License-Identifier: Apache-2.0

/* Workloads of slots: windows, alloc-test, glibc-simple, glibc-thread, malloc-large, columns, cache-thrash, cache-scratch. */
#include "suite.h"

#include <sched.h>
#include <string.h>

static block *slots[MAX_WORKERS];

static void make_slots(long n) {
    for (int i = 0; i < worker_count; i++) slots[i] = table((size_t)n * sizeof(block));
}

/* ---- windows ---- */

static long window_size, window_length;

static void window(worker *h) {
    block *ring = slots[0];
    long kibibytes = window_size >> 10, n = rounds(1000000 / (kibibytes < 1 ? 1 : kibibytes));
    if (n < 4 * window_length) n = 4 * window_length;
    for (long at = 0; at < n; at++) {
        block *slot = &ring[at % window_length];
        free_block(h, slot);
        *slot = allocate_block(h, (size_t)window_size);
        touch_block(slot);
        if (window_length == 1) free_block(h, slot);
    }
    free_blocks(h, ring, window_length);
}

static void run_window(void) { each_worker(window); }

#define WINDOW(length, size)                                     \
    static void prepare_window_##length##_##size(void) {         \
        window_length = length, window_size = size;              \
        make_slots(length);                                      \
    }
#define NAMED(length, size) {"window=" #length "/size=" #size, run_window, prepare_window_##length##_##size}
#define SIZES(length, M) M(length, 16) M(length, 64) M(length, 1024) M(length, 8192) M(length, 131072) M(length, 1048576)

SIZES(1, WINDOW)
SIZES(64, WINDOW)

const workload window_workloads[] = {
    NAMED(1, 16),  NAMED(1, 64),  NAMED(1, 1024),  NAMED(1, 8192),  NAMED(1, 131072),  NAMED(1, 1048576),
    NAMED(64, 16), NAMED(64, 64), NAMED(64, 1024), NAMED(64, 8192), NAMED(64, 131072), NAMED(64, 1048576),
    {0},
};

/* ---- alloc-test ---- */

enum { BANDS = 7 };

static struct {
    double from, to, toggles;
} bands[BANDS];

static long toggle_slots(void) { return scaled(1 << 18, scale < 1 ? scale : 1) / worker_count; }

static void prepare_alloc_test(void) {
    double width = 1, toggles = 0, to = 1;
    make_slots(toggle_slots());
    for (int i = 0; i < BANDS; i++) {
        int last = i == BANDS - 1;
        double from = last ? 0 : to - 0.8 * width;
        toggles += (last ? 1 : 0.2) * (1 - toggles);
        bands[i].from = from, bands[i].to = to, bands[i].toggles = toggles;
        width *= 0.2;
        to = from;
    }
}

static long pick(worker *h, long n) {
    double s = share(&h->random);
    int i = 0;
    while (i < BANDS - 1 && s >= bands[i].toggles) i++;
    long from = (long)(bands[i].from * (double)n), to = (long)(bands[i].to * (double)n);
    long at = from + below(h, (int)(to - from < 1 ? 1 : to - from));
    return at < n - 1 ? at : n - 1;
}

static size_t alloc_test_size(worker *h) {
    int index = __builtin_ctz((unsigned)(1 + below(h, 128))) + 2;
    return (size_t)((1 << index) + 1 + below(h, 1 << index));
}

static void fill_half(worker *h) {
    for (long i = 0; i < toggle_slots(); i += 2) slots[h->index][i] = fill_block(h, alloc_test_size(h));
}

static void toggle(worker *h) {
    block *mine = slots[h->index];
    long size = toggle_slots(), n = part(2000000);
    for (long i = 0; i < n; i++) {
        block *slot = &mine[pick(h, size)];
        if (slot->address != NULL)
            drain_block(h, slot);
        else
            *slot = fill_block(h, alloc_test_size(h));
    }
    h->operations = n;
    free_blocks(h, mine, size);
}

static void run_alloc_test(void) {
    each_worker(fill_half);
    start_clock();
    each_worker(toggle);
}

/* ---- glibc-simple and glibc-thread ---- */

static void simple_round(worker *h, block *blocks, int n, size_t size) {
    for (int i = 0; i < n; i++) blocks[i] = fill_block(h, size);
    free_blocks(h, blocks, n / 2);
    for (int i = n - 1; i >= n / 2; i--) free_block(h, &blocks[i]);
}

static void simple(worker *h) {
    static const int counts[] = {25, 100, 400, 1600};
    for (size_t size = 16; size <= 64; size *= 2)
        for (int c = 0; c < 4; c++) {
            long n = rounds(100000) / counts[c];
            for (long i = 0; i < (n < 1 ? 1 : n); i++) simple_round(h, slots[0], counts[c], size);
        }
}

static void prepare_simple(void) { make_slots(1600); }
static void run_simple(void) { each_worker(simple); }

enum { THREAD_SLOTS = 1024, THREAD_SIZES = 8000 };

static size_t *thread_sizes;

static void prepare_thread(void) {
    uint64_t state = (uint64_t)1001 * 0x9E3779B97F4A7C15u;
    double most = 1.0 / 4, least = 1.0 / 32768;
    make_slots(THREAD_SLOTS);
    thread_sizes = table(THREAD_SIZES * sizeof *thread_sizes);
    for (int i = 0; i < THREAD_SIZES; i++) thread_sizes[i] = (size_t)(1 / (most - share(&state) * (most - least)));
}

static void thread_replace(worker *h) {
    long n = part(800000);
    for (long at = 0; at < n; at++) {
        block *slot = &slots[h->index][below(h, THREAD_SLOTS)];
        free_block(h, slot);
        *slot = fill_block(h, thread_sizes[at % THREAD_SIZES]);
    }
    free_blocks(h, slots[h->index], THREAD_SLOTS);
}

static void run_thread(void) { each_worker(thread_replace); }

/* ---- malloc-large ---- */

static void large(worker *h) {
    long n = rounds(30);
    for (long i = 0; i < n; i++) {
        block *slot = &slots[0][below(h, 20)];
        free_block(h, slot);
        *slot = zeroed_block(h, (size_t)((5 << 20) + below(h, (20 << 20) + 1)));
        touch_block(slot);
    }
    free_blocks(h, slots[0], 20);
}

static void prepare_large(void) { make_slots(20); }
static void run_large(void) { each_worker(large); }

/* ---- columns ---- */

typedef struct {
    char *block;
    size_t used, space;
    long sum;
} column;

static void append_value(worker *h, column *c, size_t size) {
    while (c->used + size > c->space) {
        size_t grown = c->space == 0 ? 64 : 2 * c->space;
        c->block = realloc(c->block, grown);
        expect(c->block != NULL, "realloc gives nothing");
        account(h, (long)(grown - c->space));
        c->space = grown;
    }
    uint8_t value = (uint8_t)next_random(&h->random);
    memset(c->block + c->used, value, size);
    c->sum += (long)size * value;
    c->used += size;
}

static void build_columns(worker *h, long rows) {
    column columns[16] = {{0}};
    for (long row = 0; row < rows; row++)
        for (int i = 0; i < 16; i++) append_value(h, &columns[i], i % 2 == 1 ? (size_t)(1 + below(h, 24)) : 8);
    for (int i = 0; i < 16; i++) {
        long sum = 0;
        for (size_t at = 0; at < columns[i].used; at++) sum += (uint8_t)columns[i].block[at];
        expect(sum == columns[i].sum, "a column does not hold what was appended");
        free(columns[i].block);
        account(h, -(long)columns[i].space);
    }
    h->operations += rows * 16;
}

static void columns(worker *h) {
    for (int i = 0; i < 4; i++) build_columns(h, scaled(64 << 10, scale < 1 ? scale : 1));
}

static void run_columns(void) { each_worker(columns); }

/* ---- cache-thrash and cache-scratch ---- */

static block gifts[MAX_WORKERS];
static atomic_int running;

static void write_lines(worker *h) {
    long objects = rounds(20), writes = 2000000 / worker_count;
    atomic_fetch_add(&running, 1);
    while (atomic_load(&running) < worker_count) sched_yield();
    free_block(h, &gifts[h->index]);
    for (long i = 0; i < objects; i++) {
        block b = allocate_block(h, 1);
        volatile char *p = b.address;
        for (long n = 0; n < writes; n++) (*p)++;
        b.tag = (uint8_t)(b.tag + writes);
        free_block(h, &b);
    }
    h->operations = objects * writes;
}

static void run_thrash(void) { each_worker(write_lines); }

static void run_scratch(void) {
    for (int i = 0; i < worker_count; i++) gifts[i] = allocate_block(&workers[0], 1);
    each_worker(write_lines);
}

const workload slot_workloads[] = {
    {"alloc-test", run_alloc_test, prepare_alloc_test},
    {"glibc-simple", run_simple, prepare_simple},
    {"glibc-thread", run_thread, prepare_thread},
    {"malloc-large", run_large, prepare_large},
    {"columns", run_columns, NULL},
    {"cache-thrash", run_thrash, NULL},
    {"cache-scratch", run_scratch, NULL},
    {0},
};
