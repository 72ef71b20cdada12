/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fuzzing programs share. Each is
 *
 *	NAME SEED SECONDS [USER]
 *
 * and runs fuzz(), which it defines itself, in one child after the other, as user
 * USER if there is one. What a child does depends on SEED and its number alone. It
 * may end as it likes, or not at all: then it is killed. At the end the program
 * prints "NAME: R rounds, E exited, S by a signal, L too long", and fails only if it
 * cannot go on itself. One copy a program: include it once.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <err.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "raw.h"

/* How long a child may take */
#define LIMIT_MS	2000

static void fuzz(void);

static uint64_t fuzz_state;

/* xorshift64*, Vigna 2016 */
static uint32_t random32(void)
{
	fuzz_state ^= fuzz_state >> 12;
	fuzz_state ^= fuzz_state << 25;
	fuzz_state ^= fuzz_state >> 27;
	return (fuzz_state * 0x2545f4914f6cdd1dULL) >> 32;
}

static uint32_t below(uint32_t limit)
{
	return random32() % limit;
}

/* Numbers at which something begins or ends, as often as any others */
static inline uint32_t odd_value(void)
{
	static const uint32_t edges[] = {
		0, 1, 0xff, 0x7fff, 0x8000, 0xfff, 0x1000, 0xffff, 0x10000, 0x7fffffff,
		0x80000000, 0xbffff000, 0xc0000000, 0xf5600000, 0xf5800000, 0xffc00000,
		0xfffff000, 0xfffffffc, 0xffffffff,
	};

	switch (below(4)) {
	case 0:
		return edges[below(sizeof(edges) / sizeof(*edges))];
	case 1:
		return edges[below(sizeof(edges) / sizeof(*edges))] + below(17) - 8;
	case 2:
		return 1u << below(32);
	default:
		return random32();
	}
}

/* Any, but those that exist more often: the first entries of GDT and LDT */
static inline uint32_t odd_selector(void)
{
	switch (below(3)) {
	case 0:
		return below(32) << 3 | below(8);
	case 1:
		return below(8192) << 3 | below(8);
	default:
		return odd_value();
	}
}

static inline long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void in_child(unsigned int seed, unsigned int round, sigset_t *signals)
{
	const struct rlimit none = { 0, 0 }, few = { 64 << 20, 64 << 20 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	sigprocmask(SIG_SETMASK, signals, NULL);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_AS, &few);
	fuzz_state = (uint64_t)seed << 32 ^ round * 0x9e3779b97f4a7c15ULL;
	if (!fuzz_state)
		fuzz_state = 1;
	fuzz();
	RAW(SYS_exit_group, 0);
}

int main(int argc, char **argv)
{
	unsigned int round = 0, exited = 0, signalled = 0, late = 0;
	const struct timespec limit = { .tv_sec = LIMIT_MS / 1000 };
	sigset_t signals, child;
	long long end;
	int status;
	pid_t pid;

	if (argc < 3 || argc > 4)
		errx(2, "usage: %s SEED SECONDS [USER]", argv[0]);
	if (argc == 4 && (setgroups(0, NULL) || setgid(atoi(argv[3])) || setuid(atoi(argv[3]))))
		err(2, "user %s", argv[3]);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &signals);
	end = now_ms() + atoi(argv[2]) * 1000LL;
	for (; now_ms() < end; round++) {
		pid = fork();
		if (pid < 0)
			err(1, "fork of round %u", round);
		if (!pid)
			in_child(strtoul(argv[1], NULL, 0), round, &signals);
		if (sigtimedwait(&child, NULL, &limit) < 0)
			late++;
		/* And what it has left behind */
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		if (waitpid(pid, &status, 0) != pid)
			err(1, "wait for round %u", round);
		if (WIFEXITED(status))
			exited++;
		else
			signalled++;
	}
	printf("%s: %u rounds, %u exited, %u by a signal, %u too long\n", argv[0], round,
	       exited, signalled, late);
	return 0;
}

#endif /* FUZZ_H */
