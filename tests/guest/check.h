/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The checks of the guest programs: one line a check, in a stable order and
 * without addresses, process ids or times, so that the output of two kernels
 * can be compared line by line.
 *
 *	ok <name>
 *	not ok <name>: <details>
 *	value <name>=<what was seen>
 *
 * A value line is for what a kernel or a CPU may decide either way.
 */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PAGE		4096u
#define __maybe_unused	__attribute__((unused))

static const char *check_program;
static unsigned int check_percent = 100;
static unsigned int checks_ok, checks_failed;

/* Unbuffered: a fork must not copy lines that are not written yet. */
static __maybe_unused __attribute__((format(printf, 1, 2)))
void check_print(const char *fmt, ...)
{
	char line[1024];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	if (write(STDOUT_FILENO, line, len) != len)
		_exit(99);
}

static __maybe_unused __attribute__((format(printf, 3, 4)))
int check_report(int good, const char *name, const char *fmt, ...)
{
	char details[512];
	va_list args;

	if (good) {
		checks_ok++;
		check_print("ok %s.%s\n", check_program, name);
		return 1;
	}
	va_start(args, fmt);
	vsnprintf(details, sizeof(details), fmt, args);
	va_end(args);
	checks_failed++;
	check_print("not ok %s.%s: %s\n", check_program, name, details);
	return 0;
}

/* CHECK(condition, name, details as for printf): the details show on failure */
#define CHECK(cond, name, ...)	check_report(!!(cond), name, __VA_ARGS__)

/* VALUE(name, what as for printf) */
#define VALUE(name, fmt, ...)						\
	check_print("value %s.%s=" fmt "\n", check_program, name, ##__VA_ARGS__)

/* A name put together; good until the eighth next one */
static __maybe_unused __attribute__((format(printf, 1, 2)))
const char *check_name(const char *fmt, ...)
{
	static char names[8][128];
	static unsigned int next;
	char *name = names[next++ % 8];
	va_list args;

	va_start(args, fmt);
	vsnprintf(name, sizeof(names[0]), fmt, args);
	va_end(args);
	return name;
}

/* The first argument, if any, is how much of the usual work to do, in per cent */
static __maybe_unused void check_start(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');

	check_program = slash ? slash + 1 : argv[0];
	if (argc > 1)
		check_percent = atoi(argv[1]);
	if (!check_percent) {
		fprintf(stderr, "usage: %s [per cent of the usual work]\n", argv[0]);
		exit(2);
	}
}

static __maybe_unused unsigned int check_scaled(unsigned int usual)
{
	unsigned int scaled = (unsigned long long)usual * check_percent / 100;

	return scaled ? scaled : 1;
}

static __maybe_unused int check_done(void)
{
	check_print("%s: %u ok, %u failed\n", check_program, checks_ok,
		    checks_failed);
	return checks_failed != 0;
}

/* What waitpid() said, in words: "exit 0", "signal 11" */
static __maybe_unused const char *status_text(int status)
{
	if (WIFEXITED(status))
		return check_name("exit %d", WEXITSTATUS(status));
	if (WIFSIGNALED(status))
		return check_name("signal %d", WTERMSIG(status));
	if (WIFSTOPPED(status))
		return check_name("stopped by %d", WSTOPSIG(status));
	return check_name("status %#x", status);
}

/* Run a function in a child and wait; a child that hangs dies of SIGALRM. */
static __maybe_unused int run_child(int (*fn)(void *), void *arg)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(120);
		_exit(fn(arg));
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* The program's own path, for exec */
static __maybe_unused const char *self_path(char **argv)
{
	static char path[256];
	int len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	return len > 0 ? path : argv[0];
}

#endif /* CHECK_H */
