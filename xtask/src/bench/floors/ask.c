/* ask NAME SENT LENGTH [SENT LENGTH]...: the floor of mixctl. Connects, and for each pair sends these
 * bytes and receives so many. */
#include "frames.h"

int main(int argc, char **argv)
{
	static uint8_t answer[LONGEST];
	int fd = connect_to(argv[1]);
	for (int i = 2; i + 1 < argc; i += 2) {
		put(fd, from_hex(argv[i]));
		size_t length = strtoul(argv[i + 1], NULL, 10);
		for (size_t got = 0; got < length;) {
			ssize_t count = recv(fd, answer + got, sizeof answer - got, 0);
			if (count <= 0)
				die("recv");
			got += count;
		}
	}
	return 0;
}
