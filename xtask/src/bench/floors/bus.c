/* bus serve | bus CLIENTS ROUNDS: a method call through dbus-daemon to a service that returns what it
 * is given, with libdbus. Printed is how long each answer took, in nanoseconds. */
#include <dbus/dbus.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAME "org.example.Echo"
enum { CLIENTS = 64 };

static uint64_t nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static DBusConnection *join(void)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *bus = dbus_bus_get_private(DBUS_BUS_SESSION, &error);
	if (!bus) {
		fprintf(stderr, "dbus_bus_get: %s\n", error.message);
		exit(1);
	}
	return bus;
}

static int serve(void)
{
	DBusConnection *bus = join();
	dbus_bus_request_name(bus, NAME, 0, NULL);
	puts("ready");
	fflush(stdout);
	while (dbus_connection_read_write(bus, -1)) {
		DBusMessage *call;
		while ((call = dbus_connection_pop_message(bus))) {
			double value = 0;
			if (dbus_message_is_method_call(call, NAME, "Set")) {
				dbus_message_get_args(call, NULL, DBUS_TYPE_DOUBLE, &value, DBUS_TYPE_INVALID);
				DBusMessage *reply = dbus_message_new_method_return(call);
				dbus_message_append_args(reply, DBUS_TYPE_DOUBLE, &value, DBUS_TYPE_INVALID);
				dbus_connection_send(bus, reply, NULL);
				dbus_connection_flush(bus);
				dbus_message_unref(reply);
			}
			dbus_message_unref(call);
		}
	}
	return 0;
}

static DBusConnection *clients[CLIENTS];
static uint64_t asked[CLIENTS];

static void ask(int i, double value)
{
	DBusMessage *call = dbus_message_new_method_call(NAME, "/", NAME, "Set");
	dbus_message_append_args(call, DBUS_TYPE_DOUBLE, &value, DBUS_TYPE_INVALID);
	asked[i] = nanoseconds();
	dbus_connection_send(clients[i], call, NULL);
	dbus_connection_flush(clients[i]);
	dbus_message_unref(call);
}

static int is_answered(int i)
{
	int answered = 0;
	DBusMessage *message;
	while ((message = dbus_connection_pop_message(clients[i]))) {
		answered |= dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_METHOD_RETURN;
		dbus_message_unref(message);
	}
	if (answered)
		printf("%llu\n", (unsigned long long)(nanoseconds() - asked[i]));
	return answered;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "serve"))
		return serve();
	if (argc != 3)
		return 2;
	int count = atoi(argv[1]), rounds = atoi(argv[2]);
	struct pollfd polls[CLIENTS];
	for (int i = 0; i < count; i++) {
		clients[i] = join();
		int fd;
		dbus_connection_get_unix_fd(clients[i], &fd);
		polls[i] = (struct pollfd){ fd, POLLIN, 0 };
	}
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < count; i++)
			ask(i, round);
		for (int waiting = count; waiting;) {
			if (count > 1 && poll(polls, count, -1) < 0)
				return 1;
			for (int i = 0; i < count; i++) {
				if (count > 1 && !polls[i].revents)
					continue;
				dbus_connection_read_write(clients[i], count > 1 ? 0 : -1);
				waiting -= is_answered(i);
			}
		}
	}
	return 0;
}
