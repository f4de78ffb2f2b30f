/* first SCREEN COMMAND...: starts a program on an X server whose screen is the XWD file SCREEN, and
 * prints after how many nanoseconds something with more than eight colours is to be seen: not an empty
 * window, but what is in it. Then ends the program. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static uint64_t nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static int is_drawn(const uint32_t *pixels, size_t count)
{
	uint32_t colors[8];
	int known = 0;
	for (size_t i = 0; i < count; i++) {
		int at = 0;
		while (at < known && colors[at] != pixels[i])
			at++;
		if (at < known)
			continue;
		if (known == 8)
			return 1;
		colors[known++] = pixels[i];
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	int fd = open(argv[1], O_RDONLY);
	struct stat stat;
	if (fd < 0 || fstat(fd, &stat) < 0) {
		perror(argv[1]);
		return 1;
	}
	const uint8_t *file = mmap(NULL, stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
	/* X11/XWDFile.h: the size of the header, of which a map of colours of 12 bytes each follows. */
	uint32_t header = __builtin_bswap32(*(const uint32_t *)file);
	uint32_t map = __builtin_bswap32(((const uint32_t *)file)[19]);
	const uint32_t *pixels = (const uint32_t *)(file + header + 12 * map);
	size_t count = (stat.st_size - header - 12 * map) / 4;
	if (is_drawn(pixels, count)) {
		fprintf(stderr, "%s: something is to be seen already\n", argv[1]);
		return 1;
	}
	pid_t child;
	uint64_t start = nanoseconds();
	if (posix_spawnp(&child, argv[2], NULL, NULL, argv + 2, environ)) {
		perror(argv[2]);
		return 1;
	}
	while (!is_drawn(pixels, count)) {
		if (nanoseconds() - start > 30000000000ull) {
			fprintf(stderr, "%s: nothing to be seen after 30 s\n", argv[2]);
			kill(child, SIGKILL);
			return 1;
		}
		usleep(200);
	}
	printf("%llu\n", (unsigned long long)(nanoseconds() - start));
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
	/* The server takes the window away. */
	for (int i = 0; i < 5000 && is_drawn(pixels, count); i++)
		usleep(1000);
	return 0;
}
