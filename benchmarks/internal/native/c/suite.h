// SPDX-License-Identifier: Apache-2.0

/*
 * The workloads of internal/suite in C: the same parameters, the same sequence of requests, the same tags and checks.
 * The comments there say where each workload comes from.
 */
#ifndef SUITE_H
#define SUITE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

enum { PAGE = 4096, MAX_WORKERS = 64 };

typedef struct {
    char *address;
    uint32_t size;
    uint8_t tag;
} block;

/* A worker is one thread's part of a workload. */
typedef struct {
    _Alignas(64) int index;
    uint64_t random;
    uint8_t tag;
    long operations;
    long owed; /* bytes that the account of live bytes does not have yet */
} worker;

/* A workload prepares its tables, and then runs. */
typedef struct {
    const char *name;
    void (*run)(void);
    void (*prepare)(void); /* may be null */
} workload;

extern worker workers[MAX_WORKERS];
extern int worker_count;
extern double scale;

extern const workload window_workloads[], slot_workloads[], thread_workloads[];

int suite(const char *name, int threads, double factor);
int sparse(char **arguments); /* eight numbers: see sparse.c */

/* Numbers: see random.go. */
uint64_t next_random(uint64_t *state);
int below(worker *h, int n);
double share(uint64_t *state);
int chance(worker *h, int percent);
long scaled(long n, double factor);
static inline long rounds(long n) { return scaled(n, scale); }
static inline long part(long n) { return scaled(n / worker_count, scale); } /* of a worker */

/* Blocks: see worker.go. */
block allocate_block(worker *h, size_t size);
void free_block(worker *h, block *b); /* ignores an empty block, and empties it */
void free_blocks(worker *h, block *blocks, long n);
block fill_block(worker *h, size_t size);
void drain_block(worker *h, block *b);
void touch_block(block *b);
block zeroed_block(worker *h, size_t size);
uint8_t next_tag(worker *h);
void account(worker *h, long n);
void expect(int right, const char *what);

/* A table of the program itself comes from the kernel, so that it is not part of what is measured. */
void *table(size_t bytes);           /* resident at once */
void *untouched_table(size_t bytes); /* resident where it is used */

/* Teams: see team.go. */
void start_clock(void);
void each_worker(void (*run)(worker *));
void in_successor(worker *h, void (*run)(worker *));

#endif
