/* serve NAME WELCOME REPLY [EVENT]: the floor of mixd. A poll loop over 64 places that answers every
 * Hello with one frame and every Request with another. With EVENT, a request of the client that came
 * last sends EVENT to all others; one of another client is a subscription, and sends it to that one. */
#include "frames.h"

enum { PLACES = 64 };

static struct {
	uint8_t input[4096];
	size_t length;
} places[PLACES];

int main(int argc, char **argv)
{
	struct bytes welcome = from_hex(argv[2]), reply = from_hex(argv[3]);
	struct bytes event = from_hex(argc > 4 ? argv[4] : "");
	struct sockaddr_un address;
	socklen_t length = abstract(&address, argv[1]);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, PLACES) < 0)
		die(argv[1]);
	struct pollfd polls[1 + PLACES] = { { listener, POLLIN, 0 } };
	for (int i = 0; i < PLACES; i++)
		polls[1 + i].fd = -1;
	int newest = -1;
	for (;;) {
		if (poll(polls, 1 + PLACES, -1) < 0)
			die("poll");
		for (int i = 0; i < PLACES; i++) {
			int fd = polls[1 + i].fd;
			if (fd < 0 || !polls[1 + i].revents)
				continue;
			uint8_t *input = places[i].input;
			ssize_t count = recv(fd, input + places[i].length,
					     sizeof places[i].input - places[i].length, MSG_DONTWAIT);
			if (count <= 0) {
				close(fd);
				polls[1 + i].fd = -1;
				continue;
			}
			size_t end = places[i].length + count, at = 0, frame;
			while ((frame = whole_frame(input + at, end - at))) {
				put(fd, input[at + 2] == HELLO ? welcome : reply);
				at += frame;
				if (input[at - frame + 2] != REQUEST || !event.length)
					continue;
				if (i != newest)
					put(fd, event);
				for (int j = 0; i == newest && j < PLACES; j++)
					if (j != i && polls[1 + j].fd >= 0)
						put(polls[1 + j].fd, event);
			}
			memmove(input, input + at, end - at);
			places[i].length = end - at;
		}
		if (!polls[0].revents)
			continue;
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		for (int i = 0; i < PLACES && fd >= 0; i++) {
			if (polls[1 + i].fd >= 0)
				continue;
			polls[1 + i] = (struct pollfd){ fd, POLLIN, 0 };
			places[i].length = 0;
			newest = i;
			fd = -1;
		}
	}
}
