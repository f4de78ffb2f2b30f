/* What the floors share: bytes given in hexadecimal, frames as PROTOCOL.md lays them out (u16 length
 * of the body, u8 kind, u8 zero, u32 id, little-endian), abstract sockets, the clock. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 8, HELLO = 1, REQUEST = 3, EVENT = 6, LONGEST = HEADER + 65535 };

struct bytes {
	uint8_t *at;
	size_t length;
};

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

static inline struct bytes from_hex(const char *hex)
{
	struct bytes bytes = { malloc(strlen(hex) / 2 + 1), strlen(hex) / 2 };
	for (size_t i = 0; i < bytes.length; i++)
		sscanf(hex + 2 * i, "%2hhx", &bytes.at[i]);
	return bytes;
}

/* An abstract name, given as `@name`. */
static inline socklen_t abstract(struct sockaddr_un *address, const char *name)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	size_t length = strlen(name);
	memcpy(address->sun_path + 1, name + 1, length - 1);
	return offsetof(struct sockaddr_un, sun_path) + length;
}

static inline int connect_to(const char *name)
{
	struct sockaddr_un address;
	socklen_t length = abstract(&address, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, length) < 0)
		die(name);
	return fd;
}

static inline void put(int fd, struct bytes bytes)
{
	if (send(fd, bytes.at, bytes.length, MSG_NOSIGNAL) != (ssize_t)bytes.length)
		die("send");
}

/* How long the frame at `at` is, if all of it is among the `length` bytes; else 0. */
static inline size_t whole_frame(const uint8_t *at, size_t length)
{
	if (length < HEADER)
		return 0;
	size_t whole = HEADER + (at[0] | at[1] << 8);
	return length < whole ? 0 : whole;
}

static inline uint64_t nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}
