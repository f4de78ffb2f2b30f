/* load NAME CLIENTS ROUNDS HELLO SUBSCRIBE REQUEST REQUEST: the same load for mixd and its floor.
 * Without SUBSCRIBE (an empty word), every client asks, again and again, one request and the other in
 * turn; printed is how long each answer took. With it, all clients but the last subscribe, the last
 * asks; printed is the time until the last of the others has read its event. In nanoseconds. */
#include "frames.h"
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { CLIENTS = 64, A_PROCESS = 15 };

static struct {
	int fd;
	uint8_t input[LONGEST];
	size_t length;
	uint64_t asked;
} clients[CLIENTS];

/* Receives, and returns the kind of the one frame that has come whole; 0 if none has. */
static int receive(int i)
{
	uint8_t *input = clients[i].input;
	ssize_t count = recv(clients[i].fd, input + clients[i].length, LONGEST - clients[i].length, 0);
	if (count <= 0)
		die("recv");
	clients[i].length += count;
	size_t frame = whole_frame(input, clients[i].length);
	if (!frame)
		return 0;
	int kind = input[2];
	if (kind == 5) {
		fprintf(stderr, "refused: %.*s\n", (int)(frame - HEADER), input + HEADER);
		exit(1);
	}
	clients[i].length -= frame;
	memmove(input, input + frame, clients[i].length);
	return kind;
}

/* The next frame, waited for. */
static int next(int i)
{
	size_t frame = whole_frame(clients[i].input, clients[i].length);
	int kind = 0;
	if (frame) {
		kind = clients[i].input[2];
		clients[i].length -= frame;
		memmove(clients[i].input, clients[i].input + frame, clients[i].length);
	}
	while (!kind)
		kind = receive(i);
	return kind;
}

/* Connects so many clients from `first` on, as another process: mixd limits how many one may have.
 * The process shares the table of descriptors, and ends. */
static void connect_some(const char *name, int first, int count)
{
	pid_t child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (child < 0)
		die("clone");
	if (!child) {
		for (int i = 0; i < count; i++)
			if (dup2(connect_to(name), 100 + first + i) < 0)
				die("dup2");
		_exit(0);
	}
	int status;
	waitpid(child, &status, 0);
	if (status)
		exit(1);
	for (int i = 0; i < count; i++)
		clients[first + i].fd = 100 + first + i;
}

int main(int argc, char **argv)
{
	if (argc != 8)
		return 2;
	int count = atoi(argv[2]), rounds = atoi(argv[3]);
	struct bytes hello = from_hex(argv[4]), subscribe = from_hex(argv[5]);
	struct bytes requests[2] = { from_hex(argv[6]), from_hex(argv[7]) };
	for (int i = 0; i < count; i += A_PROCESS)
		connect_some(argv[1], i, count - i < A_PROCESS ? count - i : A_PROCESS);
	struct pollfd polls[CLIENTS];
	for (int i = 0; i < count; i++) {
		put(clients[i].fd, hello);
		next(i);
		polls[i] = (struct pollfd){ clients[i].fd, POLLIN, 0 };
	}
	int others = subscribe.length ? count - 1 : 0;
	for (int i = 0; i < others; i++) {
		put(clients[i].fd, subscribe);
		/* The reply, and the state as it is. */
		next(i);
		next(i);
	}
	for (int round = 0; round < rounds; round++) {
		int waiting = others ? others : count;
		uint64_t start = nanoseconds();
		if (others) {
			put(clients[others].fd, requests[round % 2]);
		} else {
			for (int i = 0; i < count; i++) {
				clients[i].asked = nanoseconds();
				put(clients[i].fd, requests[round % 2]);
			}
		}
		if (count == 1) {
			next(0);
			printf("%llu\n", (unsigned long long)(nanoseconds() - clients[0].asked));
			continue;
		}
		while (waiting) {
			if (poll(polls, others ? others : count, -1) < 0)
				die("poll");
			for (int i = 0; i < (others ? others : count); i++) {
				if (!polls[i].revents)
					continue;
				if (!receive(i))
					continue;
				waiting--;
				if (!others)
					printf("%llu\n", (unsigned long long)(nanoseconds() - clients[i].asked));
			}
		}
		if (others) {
			printf("%llu\n", (unsigned long long)(nanoseconds() - start));
			next(others);
		}
	}
	return 0;
}
