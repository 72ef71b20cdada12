// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU that counts the instructions that are executed, by address.
 *
 *	-plugin lab-profile.so,base=FILE
 *
 * When FILE.request comes into being, what was counted since the last time goes into
 * FILE.out, a line "address count" a block of instructions, and FILE.request is
 * removed. See scripts/profile.
 *
 * No package has QEMU's header for plugins. What is used of version 1 of the interface
 * (docs/devel/tcg-plugins.rst in QEMU's source) is declared here.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT	__attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_info_t;

EXPORT int qemu_plugin_version = 1;

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *ptr,
					      uint64_t imm);
/* The only value of op there is: add imm to the uint64_t at ptr */
#define INLINE_ADD_U64	0

struct block {
	uint64_t address, count;
	struct block *next;
};

#define BUCKETS	(1u << 18)
static struct block *buckets[BUCKETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char request[4096], result[4096], unfinished[4096];

/* A block that is translated anew goes on counting where it was. */
static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	struct block **bucket = &buckets[(address ^ address >> 18) % BUCKETS], *block;

	(void)id;
	pthread_mutex_lock(&lock);
	for (block = *bucket; block && block->address != address; block = block->next)
		;
	if (!block) {
		block = calloc(1, sizeof(*block));
		if (!block)
			abort();
		block->address = address;
		block->next = *bucket;
		*bucket = block;
	}
	pthread_mutex_unlock(&lock);
	qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &block->count,
						 qemu_plugin_tb_n_insns(tb));
}

static void write_counts(void)
{
	FILE *file = fopen(unfinished, "w");
	struct block *block;
	unsigned int n;

	if (!file)
		abort();
	pthread_mutex_lock(&lock);
	for (n = 0; n < BUCKETS; n++) {
		for (block = buckets[n]; block; block = block->next) {
			if (block->count)
				fprintf(file, "%" PRIx64 " %" PRIu64 "\n", block->address,
					block->count);
			block->count = 0;
		}
	}
	pthread_mutex_unlock(&lock);
	if (fclose(file) || rename(unfinished, result))
		abort();
}

static void *serve(void *unused)
{
	for (;; usleep(20000)) {
		if (!access(request, F_OK)) {
			write_counts();
			unlink(request);
		}
	}
	return unused;
}

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv)
{
	pthread_t thread;

	(void)info;
	if (argc != 1 || strncmp(argv[0], "base=", 5) || strlen(argv[0]) > 4000)
		return -1;
	sprintf(request, "%s.request", argv[0] + 5);
	sprintf(result, "%s.out", argv[0] + 5);
	sprintf(unfinished, "%s.new", argv[0] + 5);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return pthread_create(&thread, NULL, serve, NULL);
}
