/* spawn ROUNDS ; COMMAND... ; COMMAND... : runs the commands in turn, each so many times, in another
 * order each round: whoever comes after a large program finds cold caches. Prints
 * for each run which it was, how many nanoseconds lay between its start and its end, and the most
 * memory that it had, in KiB: its own, or that of this small program, if that is more. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static uint64_t nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

int main(int argc, char **argv)
{
	char **commands[64];
	int count = 0;
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], ";"))
			continue;
		argv[i] = NULL;
		if (count < 64)
			commands[count++] = argv + i + 1;
	}
	posix_spawn_file_actions_t quiet;
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	int order[64];
	for (int i = 0; i < count; i++)
		order[i] = i;
	/* The same orders each time. */
	srandom(1);
	for (int round = 0; round < atoi(argv[1]); round++) {
		for (int i = count - 1; i > 0; i--) {
			int other = random() % (i + 1), kept = order[i];
			order[i] = order[other];
			order[other] = kept;
		}
		for (int at = 0; at < count; at++) {
			int i = order[at];
			pid_t child;
			int status;
			struct rusage usage;
			uint64_t start = nanoseconds();
			if (posix_spawnp(&child, commands[i][0], &quiet, NULL, commands[i], environ)) {
				perror(commands[i][0]);
				return 1;
			}
			wait4(child, &status, 0, &usage);
			uint64_t end = nanoseconds();
			if (status) {
				fprintf(stderr, "%s: status %d\n", commands[i][0], status);
				return 1;
			}
			printf("%d %llu %ld\n", i, (unsigned long long)(end - start), usage.ru_maxrss);
		}
	}
	return 0;
}
