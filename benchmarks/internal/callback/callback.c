// SPDX-License-Identifier: Apache-2.0

#include "callback.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"

#define MOST 64

struct post {
	pthread_mutex_t mu;
	unsigned char *block;
	size_t size;
};

static struct post posts[MOST];
static int threads, rounds, wrong;

// swap puts a block into a post and returns what was in it.
static unsigned char *swap(struct post *p, unsigned char *block, size_t *size) {
	pthread_mutex_lock(&p->mu);
	unsigned char *was = p->block;
	size_t n = p->size;
	p->block = block;
	p->size = *size;
	*size = n;
	pthread_mutex_unlock(&p->mu);
	return was;
}

static void verify_and_free(unsigned char *block, size_t size) {
	if (block == NULL) return;
	for (size_t i = 0; i < size; i++) {
		if (block[i] != (unsigned char)size) {
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
			break;
		}
	}
	goFree(block);
}

static void *run(void *arg) {
	int self = (int)(size_t)arg;
	for (int i = 0; i < rounds; i++) {
		size_t size = 1 + (size_t)(i * 37 + self * 101) % 5000;
		if (i % 50 == 0) size += 200 << 10;
		unsigned char *block = goMalloc(size);
		if (block == NULL) {
			__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
			continue;
		}
		memset(block, (int)size, size);
		block = swap(&posts[(self + 1) % threads], block, &size);
		verify_and_free(block, size);
	}
	return NULL;
}

int run_threads(int n, int times) {
	pthread_t ids[MOST];
	threads = n;
	rounds = times;
	wrong = 0;
	for (int i = 0; i < n; i++) pthread_mutex_init(&posts[i].mu, NULL);
	for (int i = 0; i < n; i++) pthread_create(&ids[i], NULL, run, (void *)(size_t)i);
	for (int i = 0; i < n; i++) pthread_join(ids[i], NULL);
	for (int i = 0; i < n; i++) {
		size_t size = 0;
		unsigned char *block = swap(&posts[i], NULL, &size);
		verify_and_free(block, size);
	}
	return wrong;
}
