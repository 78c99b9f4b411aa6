// SPDX-License-Identifier: Apache-2.0

/*
 * The loops of package peer and of the families pair, batch, parallel and remote (package family) in C, for the
 * allocator that LD_PRELOAD brings in.
 *
 *   loops identify                         prints the file that malloc comes from and its version
 *   loops WORKLOAD SIZE MILLISECONDS [N]   prints nanoseconds per malloc, touch and free
 *   loops suite WORKLOAD THREADS SCALE     prints what a workload of suite.h took, as JSON
 *   loops sparse …                         prints what is resident in a pattern of sparse.c, as JSON
 *
 * WORKLOAD is pair, fifo, random, parallel (pairs in N threads), remote (one thread allocates, another
 * frees) or local (the same batches in one thread). A run calibrates itself, warms up, and then takes
 * about the given time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "suite.h"

enum {
    WINDOW = 64,
    STRIDE = 4096,
    BATCH = 1000,
    FLIGHT = 8,
    PROCESSORS = 2, /* on which several threads run */
    MAX_THREADS = 64,
    MAX_SHARE = 4096
};

static size_t size;
static int threads = 1;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static inline char *allocate(void) {
    char *block = malloc(size);
    if (block == NULL) fail("malloc");
    block[0] = 1;
    for (size_t at = STRIDE; at < size; at += STRIDE) block[at] = 1;
    return block;
}

/* ---- pair ---- */

typedef struct {
    _Alignas(64) char *blocks[WINDOW];
    unsigned next;
} ring;

static ring rings[MAX_THREADS];

static void fill_ring(ring *r) {
    for (int i = 0; i < WINDOW; i++) r->blocks[i] = allocate();
}

static void pair(ring *r, long n) {
    unsigned next = r->next;
    while (n-- > 0) {
        unsigned oldest = next++ % WINDOW;
        free(r->blocks[oldest]);
        r->blocks[oldest] = allocate();
    }
    r->next = next;
}

static void run_pair(long n) {
    if (rings[0].blocks[0] == NULL) fill_ring(&rings[0]);
    pair(&rings[0], n);
}

/* ---- fifo and random ---- */

static char *blocks[BATCH];
static int order[BATCH];

static void run_batch(long n) {
    for (; n > 0; n -= BATCH) {
        for (int i = 0; i < BATCH; i++) blocks[i] = allocate();
        for (int i = 0; i < BATCH; i++) free(blocks[order[i]]);
    }
}

static void in_order(void) {
    for (int i = 0; i < BATCH; i++) order[i] = i;
}

static void in_random_order(void) {
    uint64_t state = 88172645463325252u; /* xorshift64: Marsaglia, "Xorshift RNGs", 2003 */
    in_order();
    for (int i = BATCH - 1; i > 0; i--) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        int j = (int)(state % (uint64_t)(i + 1));
        int swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}

/* ---- parallel ---- */

static atomic_long taken;
static long total;

static void *take_shares(void *argument) {
    ring *r = argument;
    long share = total / (32 * threads);
    share = share < 1 ? 1 : share > MAX_SHARE ? MAX_SHARE : share;
    if (r->blocks[0] == NULL) fill_ring(r);
    for (;;) {
        long start = atomic_fetch_add(&taken, share);
        if (start >= total) return NULL;
        pair(r, total - start < share ? total - start : share);
    }
}

static void run_parallel(long n) {
    pthread_t ids[MAX_THREADS];
    total = n;
    atomic_store(&taken, 0);
    for (int i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, take_shares, &rings[i]) != 0) fail("pthread_create");
    for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
}

/* ---- remote and local ---- */

typedef struct {
    char *blocks[BATCH];
} batch;

/* A queue is a bounded channel of batches. */
typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    batch *batches[FLIGHT];
    unsigned head, tail;
} queue;

static queue empty = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0, 0};
static queue full = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0, 0};

/* There are never more than FLIGHT batches, so a put never waits. */
static void put(queue *q, batch *b) {
    pthread_mutex_lock(&q->mutex);
    q->batches[q->tail++ % FLIGHT] = b;
    pthread_mutex_unlock(&q->mutex);
    pthread_cond_signal(&q->filled);
}

static batch *get(queue *q) {
    pthread_mutex_lock(&q->mutex);
    while (q->head == q->tail) pthread_cond_wait(&q->filled, &q->mutex);
    batch *b = q->batches[q->head++ % FLIGHT];
    pthread_mutex_unlock(&q->mutex);
    return b;
}

static void make_batches(void) {
    static batch batches[FLIGHT];
    for (int i = 0; i < FLIGHT; i++) put(&empty, &batches[i]);
}

static void *produce(void *argument) {
    for (long n = *(long *)argument; n > 0; n -= BATCH) {
        batch *b = get(&empty);
        for (int i = 0; i < BATCH; i++) b->blocks[i] = allocate();
        put(&full, b);
    }
    return NULL;
}

static void run_remote(long n) {
    pthread_t producer;
    long left = n;
    if (pthread_create(&producer, NULL, produce, &left) != 0) fail("pthread_create");
    for (; n > 0; n -= BATCH) {
        batch *b = get(&full);
        for (int i = 0; i < BATCH; i++) free(b->blocks[i]);
        put(&empty, b);
    }
    pthread_join(producer, NULL);
}

static void run_local(long n) {
    for (; n > 0; n -= BATCH) {
        batch *b = get(&empty);
        for (int i = 0; i < BATCH; i++) b->blocks[i] = allocate();
        for (int i = 0; i < BATCH; i++) free(b->blocks[i]);
        put(&empty, b);
    }
}

/* ---- timing ---- */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static double timed(void (*run)(long), long n) {
    double start = now();
    run(n);
    return now() - start;
}

/* measure does a multiple of BATCH operations in about the time, and returns nanoseconds for one. */
static double measure(void (*run)(long), double nanoseconds) {
    long n = BATCH;
    double elapsed = timed(run, n);
    while (elapsed < nanoseconds / 4) {
        n *= 4;
        elapsed = timed(run, n);
    }
    n = (long)(n * nanoseconds / elapsed / BATCH + 1) * BATCH;
    return timed(run, n) / n;
}

/* ---- command ---- */

/* use_processors keeps the first PROCESSORS of those that this process may run on. */
static void use_processors(void) {
    cpu_set_t allowed, kept;
    CPU_ZERO(&kept);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) fail("sched_getaffinity");
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&kept) < PROCESSORS; i++)
        if (CPU_ISSET(i, &allowed)) CPU_SET(i, &kept);
    if (sched_setaffinity(0, sizeof kept, &kept) != 0) fail("sched_setaffinity");
}

/* The version is 0 for an allocator that does not report it as a number. */
static void identify(void) {
    Dl_info info;
    int (*mimalloc_version)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "mi_version");
    if (dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info) == 0) fail("dladdr");
    printf("%s %d\n", info.dli_fname, mimalloc_version == NULL ? 0 : mimalloc_version());
}

static void make_shared_batches(void) {
    use_processors();
    make_batches();
}

static const struct {
    const char *name;
    void (*prepare)(void);
    void (*run)(long);
} workloads[] = {
    {"pair", NULL, run_pair},
    {"fifo", in_order, run_batch},
    {"random", in_random_order, run_batch},
    {"parallel", use_processors, run_parallel},
    {"remote", make_shared_batches, run_remote},
    {"local", make_batches, run_local},
};

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "identify") == 0) {
        identify();
        return 0;
    }
    if (count == 5 && strcmp(arguments[1], "suite") == 0) return suite(arguments[2], atoi(arguments[3]), atof(arguments[4]));
    if (count == 10 && strcmp(arguments[1], "sparse") == 0) return sparse(arguments + 2);
    if (count >= 5) threads = atoi(arguments[4]);
    if (count >= 4 && threads >= 1 && threads <= MAX_THREADS) {
        size = strtoul(arguments[2], NULL, 10);
        for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
            if (strcmp(arguments[1], workloads[i].name) != 0) continue;
            if (workloads[i].prepare != NULL) workloads[i].prepare();
            printf("%.4f\n", measure(workloads[i].run, atof(arguments[3]) * 1e6));
            return 0;
        }
    }
    fprintf(stderr, "usage: %s identify | WORKLOAD SIZE MILLISECONDS [THREADS] | suite WORKLOAD THREADS SCALE\n", arguments[0]);
    return 2;
}
