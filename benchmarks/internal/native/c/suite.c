// SPDX-License-Identifier: Apache-2.0

/* Workers, teams and the command of the suite. */
#define _GNU_SOURCE
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { MAX_OWED = 64 << 10 };

worker workers[MAX_WORKERS];
int worker_count;
double scale;

static atomic_long live, peak;
static double began;

/* ---- numbers ---- */

uint64_t next_random(uint64_t *state) {
    uint64_t x = *state; /* xorshift64: Marsaglia, "Xorshift RNGs", 2003 */
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

static uint64_t seed(int n) { return (uint64_t)(n + 1) * 0x9E3779B97F4A7C15u; }

int below(worker *h, int n) { return (int)((next_random(&h->random) >> 32) * (uint64_t)n >> 32); }

double share(uint64_t *state) { return (double)(next_random(state) >> 11) / (double)(1ull << 53); }

int chance(worker *h, int percent) { return below(h, 100) < percent; }

long scaled(long n, double factor) {
    long r = (long)((double)n * factor);
    return r < 1 ? 1 : r;
}

/* ---- blocks ---- */

void expect(int right, const char *what) {
    if (right) return;
    fprintf(stderr, "suite: %s\n", what);
    exit(1);
}

static const char changed[] = "a block does not hold what was written to it";

uint8_t next_tag(worker *h) {
    if (++h->tag == 0) h->tag = 1;
    return h->tag;
}

void account(worker *h, long n) {
    h->owed += n;
    if (h->owed <= MAX_OWED && h->owed >= -MAX_OWED) return;
    long now = atomic_fetch_add(&live, h->owed) + h->owed, most = atomic_load(&peak);
    while (now > most && !atomic_compare_exchange_weak(&peak, &most, now)) {
    }
    h->owed = 0;
}

static block noted(worker *h, void *address, size_t size) {
    expect(address != NULL, "malloc gives nothing");
    block b = {address, (uint32_t)size, next_tag(h)};
    b.address[0] = (char)b.tag;
    b.address[size - 1] = (char)b.tag;
    account(h, (long)size);
    h->operations++;
    return b;
}

block allocate_block(worker *h, size_t size) { return noted(h, malloc(size), size); }

void free_block(worker *h, block *b) {
    if (b->address == NULL) return;
    expect((uint8_t)b->address[0] == b->tag && (uint8_t)b->address[b->size - 1] == b->tag, changed);
    free(b->address);
    account(h, -(long)b->size);
    b->address = NULL;
}

void free_blocks(worker *h, block *blocks, long n) {
    for (long i = 0; i < n; i++) free_block(h, &blocks[i]);
}

block fill_block(worker *h, size_t size) {
    block b = allocate_block(h, size);
    memset(b.address, b.tag, size);
    return b;
}

void drain_block(worker *h, block *b) {
    for (uint32_t i = 0; i < b->size; i++) expect((uint8_t)b->address[i] == b->tag, changed);
    free_block(h, b);
}

void touch_block(block *b) {
    for (size_t at = PAGE; at < b->size; at += PAGE) b->address[at] = (char)b->tag;
}

block zeroed_block(worker *h, size_t size) {
    char *address = calloc(1, size);
    expect(address != NULL, "calloc gives nothing");
    for (size_t at = 0; at < size; at += PAGE) expect(address[at] == 0, changed);
    expect(address[size - 1] == 0, changed);
    return noted(h, address, size);
}

static void *mapped(size_t bytes, int flags) {
    void *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    expect(address != MAP_FAILED, "no memory for a table");
    return address;
}

void *table(size_t bytes) { return mapped(bytes, MAP_POPULATE); }

void *untouched_table(size_t bytes) { return mapped(bytes, 0); }

/* ---- teams ---- */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

void start_clock(void) {
    for (int i = 0; i < worker_count; i++) workers[i].operations = 0;
    began = now();
}

typedef struct {
    worker *worker;
    void (*run)(worker *);
} task;

static void *run_task(void *argument) {
    task *t = argument;
    t->run(t->worker);
    return NULL;
}

void each_worker(void (*run)(worker *)) {
    pthread_t ids[MAX_WORKERS];
    task tasks[MAX_WORKERS];
    for (int i = 0; i < worker_count; i++) {
        tasks[i] = (task){&workers[i], run};
        expect(pthread_create(&ids[i], NULL, run_task, &tasks[i]) == 0, "no thread");
    }
    for (int i = 0; i < worker_count; i++) pthread_join(ids[i], NULL);
}

void in_successor(worker *h, void (*run)(worker *)) {
    pthread_t id;
    task t = {h, run};
    expect(pthread_create(&id, NULL, run_task, &t) == 0, "no thread");
    pthread_join(id, NULL);
}

/* ---- command ---- */

/* resident reads the resident set in bytes: the field of /proc/self/status. */
static long resident(const char *field) {
    char line[256];
    long kibibytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL) return 0;
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, field, strlen(field)) == 0) kibibytes = atol(line + strlen(field));
    fclose(status);
    return kibibytes << 10;
}

static const workload *find(const char *name) {
    const workload *lists[] = {window_workloads, slot_workloads, thread_workloads};
    for (int i = 0; i < 3; i++)
        for (const workload *w = lists[i]; w->name != NULL; w++)
            if (strcmp(w->name, name) == 0) return w;
    return NULL;
}

int suite(const char *name, int threads, double factor) {
    const workload *w = find(name);
    if (w == NULL || threads < 1 || threads > MAX_WORKERS || !(factor > 0)) {
        fprintf(stderr, "suite: no workload %s of %d threads\n", name, threads);
        return 2;
    }
    worker_count = threads;
    scale = factor;
    for (int i = 0; i < threads; i++) workers[i] = (worker){.index = i, .random = seed(i), .tag = (uint8_t)(i * 31)};
    if (w->prepare != NULL) w->prepare();
    long base = resident("VmRSS:");
    start_clock();
    w->run();
    double took = now() - began;
    long operations = 0;
    for (int i = 0; i < threads; i++) operations += workers[i].operations;
    long most = resident("VmHWM:") - base;
    printf("{\"operations\": %ld, \"ns\": %.0f, \"peak_live\": %ld, \"peak_resident\": %ld}\n", operations, took,
           atomic_load(&peak), most < 0 ? 0 : most);
    return 0;
}
