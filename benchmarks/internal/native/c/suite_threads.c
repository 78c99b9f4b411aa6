// SPDX-License-Identifier: Apache-2.0

/* Workloads whose threads pass blocks on: larson, xmalloc-test, sh6bench, sh8bench, mstress, rptest. */
#include "suite.h"

#include <math.h>
#include <string.h>

/* ---- larson ---- */

enum { LARSON_SLOTS = 5000 };

static block *larson_slots[MAX_WORKERS];

static size_t larson_size(worker *h) { return (size_t)(8 + below(h, 992)); }

static void larson_replace(worker *h, long n) {
    for (; n > 0; n--) {
        block *slot = &larson_slots[h->index][below(h, LARSON_SLOTS)];
        free_block(h, slot);
        *slot = allocate_block(h, larson_size(h));
    }
}

static void larson_warm_up(worker *h) {
    block *mine = larson_slots[h->index];
    for (int i = 0; i < LARSON_SLOTS; i++) mine[i] = allocate_block(h, larson_size(h));
    for (int i = LARSON_SLOTS - 1; i > 0; i--) {
        int j = below(h, i + 1);
        block swapped = mine[i];
        mine[i] = mine[j];
        mine[j] = swapped;
    }
    larson_replace(h, 4 * LARSON_SLOTS);
}

static void larson_generation(worker *h) { larson_replace(h, part(500000)); }

static void larson_generations(worker *h) {
    for (int i = 0; i < 4; i++) in_successor(h, larson_generation);
}

static void larson_free(worker *h) { free_blocks(h, larson_slots[h->index], LARSON_SLOTS); }

static void prepare_larson(void) {
    for (int i = 0; i < worker_count; i++) larson_slots[i] = table(LARSON_SLOTS * sizeof(block));
}

static void run_larson(void) {
    each_worker(larson_warm_up);
    start_clock();
    each_worker(larson_generations);
    each_worker(larson_free);
}

/* ---- xmalloc-test ---- */

enum { BATCH_BLOCKS = 4096, STACK = 100 };

typedef struct {
    block list;
    block blocks[BATCH_BLOCKS];
} batch;

static pthread_mutex_t stack_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stack_changed = PTHREAD_COND_INITIALIZER;
static batch *full[STACK], *unused[STACK + MAX_WORKERS];
static int full_count, unused_count;
static long left; /* batches that are still to be popped */

static long producer_batches(void) { return scaled(200 / (worker_count / 2), scale); }

static void prepare_xmalloc(void) {
    unused_count = STACK + worker_count;
    batch *batches = table((size_t)unused_count * sizeof *batches);
    for (int i = 0; i < unused_count; i++) unused[i] = &batches[i];
    left = worker_count / 2 * producer_batches();
}

static void xmalloc_produce(worker *h) {
    for (long n = producer_batches(); n > 0; n--) {
        pthread_mutex_lock(&stack_mutex);
        batch *b = unused[--unused_count];
        pthread_mutex_unlock(&stack_mutex);
        b->list = allocate_block(h, BATCH_BLOCKS * 8);
        for (int i = 0; i < BATCH_BLOCKS; i++) b->blocks[i] = allocate_block(h, 64);
        pthread_mutex_lock(&stack_mutex);
        while (full_count >= STACK) pthread_cond_wait(&stack_changed, &stack_mutex);
        full[full_count++] = b;
        pthread_mutex_unlock(&stack_mutex);
        pthread_cond_broadcast(&stack_changed);
    }
}

static void xmalloc_consume(worker *h) {
    for (;;) {
        pthread_mutex_lock(&stack_mutex);
        while (full_count == 0 && left > 0) pthread_cond_wait(&stack_changed, &stack_mutex);
        batch *b = left > 0 ? full[--full_count] : NULL;
        left -= b != NULL;
        pthread_mutex_unlock(&stack_mutex);
        pthread_cond_broadcast(&stack_changed);
        if (b == NULL) return;
        free_blocks(h, b->blocks, BATCH_BLOCKS);
        free_block(h, &b->list);
        pthread_mutex_lock(&stack_mutex);
        unused[unused_count++] = b;
        pthread_mutex_unlock(&stack_mutex);
    }
}

static void xmalloc(worker *h) {
    if (h->index < worker_count / 2)
        xmalloc_produce(h);
    else
        xmalloc_consume(h);
}

static void run_xmalloc(void) { each_worker(xmalloc); }

/* ---- sh6bench and sh8bench ---- */

typedef struct {
    _Alignas(64) block *slots;
    long length, at, start, end;
} keep_ring;

static keep_ring rings[MAX_WORKERS];

static void make_rings(long length) {
    if (length < 5) length = 5;
    for (int i = 0; i < worker_count; i++) rings[i] = (keep_ring){.slots = table((size_t)length * sizeof(block)), .length = length};
}

static void turn(worker *h, keep_ring *r) {
    r->start = r->end == r->length ? 0 : r->end;
    r->end = r->start + r->length / 5 < r->length ? r->start + r->length / 5 : r->length;
    free_blocks(h, r->slots, r->start);
    for (long at = r->length - 1; at >= r->end; at--) free_block(h, &r->slots[at]);
    r->at = r->start == 0 ? r->end : 0;
}

static void put(worker *h, keep_ring *r, block b) {
    r->slots[r->at++] = b;
    if (r->at == r->start) r->at = r->end;
    if (r->at == r->length) turn(h, r);
}

static void sh6_round(worker *h, keep_ring *r) {
    for (int base = 1; base < 1000; base += base / 2 + 1)
        for (int size = base; size > 0; size /= 2)
            for (int n = size >= 100 ? 50 : 250; n > 0; n--) put(h, r, allocate_block(h, (size_t)size));
}

static void sh6(worker *h) {
    keep_ring *r = &rings[h->index];
    for (long n = rounds(100 / worker_count); n > 0; n--) sh6_round(h, r);
    free_blocks(h, r->slots, r->length);
}

static void prepare_sh6(void) { make_rings(10000 / worker_count); }
static void run_sh6(void) { each_worker(sh6); }

static const struct {
    int size, weight;
} sh8_sizes[] = {{8, 1000}, {16, 5000}, {48, 1000}, {72, 100}, {148, 100}, {200, 100}, {520, 10}, {1056, 5}, {4096, 3}, {9162, 1}, {34562, 1}, {168524, 1}};

static int sh8_table[8000], sh8_entries;
static block *sh8_shared;

static void prepare_sh8(void) {
    make_rings(rounds(500000) / worker_count);
    for (size_t i = 0; i < sizeof sh8_sizes / sizeof *sh8_sizes; i++)
        for (int n = 0; n < sh8_sizes[i].weight; n++) sh8_table[sh8_entries++] = sh8_sizes[i].size;
    sh8_shared = table((size_t)rounds(1000000) * sizeof(block));
}

static void sh8(worker *h) {
    keep_ring *r = &rings[h->index];
    long all = rounds(1000000), from = all * h->index / worker_count, to = all * (h->index + 1) / worker_count;
    free_blocks(h, sh8_shared + from, to - from);
    for (long n = rounds(350000); n > 0; n--) put(h, r, allocate_block(h, (size_t)sh8_table[below(h, sh8_entries)]));
    free_blocks(h, r->slots, r->length);
}

static void run_sh8(void) {
    for (long i = 0; i < rounds(1000000); i++) sh8_shared[i] = allocate_block(&workers[0], 8);
    each_worker(sh8);
}

/* ---- mstress ---- */

enum { STRESS_SLOTS = 1000, STRESS_LARGEST = 64 * 10000 };

static const uint64_t cookie = 0xbf58476d1ce4e5b9u;
static _Atomic(uint64_t *) stress_slots[STRESS_SLOTS];

static uint64_t *new_words(worker *h, int n) {
    if (chance(h, 1)) n *= !chance(h, 1) ? 100 : !chance(h, 10) ? 1000 : 10000;
    uint64_t *p = malloc((size_t)n * 8);
    expect(p != NULL, "malloc gives nothing");
    uint64_t first = (uint64_t)next_tag(h) << 32 | (uint64_t)n;
    for (int i = 0; i < n; i++) p[i] = (first - (uint64_t)i) ^ cookie;
    account(h, 8L * n);
    h->operations++;
    return p;
}

static void free_words(worker *h, uint64_t *p) {
    if (p == NULL) return;
    uint64_t first = *p ^ cookie;
    int n = (int)(uint32_t)first;
    expect(n >= 1 && n <= STRESS_LARGEST, "a block of words has lost its first");
    for (int i = 0; i < n; i++) expect(p[i] == ((first - (uint64_t)i) ^ cookie), "a block of words was changed");
    *(volatile uint64_t *)p = 0;
    free(p);
    account(h, -8L * n);
}

static void stress(worker *h) {
    long allocations = 100 * rounds(50) * (h->index % 8 + 1), retain = allocations / 2;
    uint64_t **data = table((size_t)allocations * sizeof *data), **retained = table((size_t)(retain + 1) * sizeof *retained);
    int count = 0, retained_count = 0;
    while (allocations > 0 || retain > 0) {
        if (retain == 0 || (allocations > 0 && chance(h, 50))) {
            allocations--;
            data[count++] = new_words(h, 1 << below(h, 5));
        } else {
            retain--;
            retained[retained_count++] = new_words(h, 1 << below(h, 7));
        }
        if (chance(h, 66) && count > 0) {
            int at = below(h, count);
            free_words(h, data[at]);
            data[at] = NULL;
        }
        if (chance(h, 25) && count > 0) {
            int at = below(h, count);
            data[at] = atomic_exchange(&stress_slots[below(h, STRESS_SLOTS)], data[at]);
        }
    }
    for (int i = 0; i < retained_count; i++) free_words(h, retained[i]);
    for (int i = 0; i < count; i++) free_words(h, data[i]);
}

static void drop_words(worker *h, int percent) {
    for (int i = 0; i < STRESS_SLOTS; i++)
        if (chance(h, percent)) free_words(h, atomic_exchange(&stress_slots[i], NULL));
}

static void run_stress(void) {
    for (int i = 0; i < 25; i++) {
        each_worker(stress);
        drop_words(&workers[0], 50);
    }
    drop_words(&workers[0], 100);
}

/* ---- rptest ---- */

enum { RP_SLOTS = 1000 };

typedef struct {
    _Alignas(64) pthread_mutex_t mutex;
    block *blocks, *taken; /* exchanged when the owner takes the blocks */
    long count;
} mailbox;

static block *rp_slots[MAX_WORKERS];
static mailbox mail[MAX_WORKERS];

static void prepare_rp(void) {
    size_t most = (size_t)rounds(4000) / 2 * 99 * sizeof(block) + sizeof(block);
    for (int i = 0; i < worker_count; i++) {
        rp_slots[i] = table(RP_SLOTS * sizeof(block));
        mail[i] = (mailbox){.mutex = PTHREAD_MUTEX_INITIALIZER, .blocks = untouched_table(most), .taken = untouched_table(most)};
    }
}

static block rp_block(worker *h) {
    block b = allocate_block(h, (size_t)(8 + (int)(15992 * (1 - sqrt(share(&h->random))))));
    touch_block(&b);
    return b;
}

static void take_mail(worker *h) {
    mailbox *m = &mail[h->index];
    pthread_mutex_lock(&m->mutex);
    block *taken = m->blocks;
    long n = m->count;
    m->blocks = m->taken, m->taken = taken, m->count = 0;
    pthread_mutex_unlock(&m->mutex);
    free_blocks(h, taken, n);
}

static void send_mail(mailbox *m, block *blocks, int n) {
    pthread_mutex_lock(&m->mutex);
    memcpy(m->blocks + m->count, blocks, (size_t)n * sizeof *blocks);
    m->count += n;
    pthread_mutex_unlock(&m->mutex);
}

static void rp(worker *h) {
    block *mine = rp_slots[h->index], batch[100];
    long allocated = 0, freed = 0, loops = part(4000);
    for (long loop = 0; loop < loops; loop++) {
        take_mail(h);
        int n = 30 + below(h, 70);
        for (int i = n * 8 / 10; i > 0; i--) free_block(h, &mine[freed++ % RP_SLOTS]);
        for (int i = n; i > 0; i--) {
            block *slot = &mine[allocated++ % RP_SLOTS];
            free_block(h, slot);
            *slot = rp_block(h);
        }
        if (loop % 2 == 0) continue;
        for (int i = 0; i < n; i++) batch[i] = rp_block(h);
        send_mail(&mail[(h->index + 1) % worker_count], batch, n);
    }
}

static void rp_end(worker *h) {
    free_blocks(h, rp_slots[h->index], RP_SLOTS);
    take_mail(h);
}

static void run_rp(void) {
    each_worker(rp);
    each_worker(rp_end);
}

const workload thread_workloads[] = {
    {"larson", run_larson, prepare_larson},
    {"xmalloc-test", run_xmalloc, prepare_xmalloc},
    {"sh6bench", run_sh6, prepare_sh6},
    {"sh8bench", run_sh8, prepare_sh8},
    {"mstress", run_stress, NULL},
    {"rptest", run_rp, prepare_rp},
    {0},
};
