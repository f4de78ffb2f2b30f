/* streams COUNT SINK [stay]: makes so many streams at once, called bench, and watches PipeWire's
 * registry: printed is, for each, the time from its node's appearance there to that of its first link
 * to the node SINK, in nanoseconds. With a third word it then plays silence until it is ended. */
#include <pipewire/pipewire.h>
#include <spa/param/audio/format-utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STREAMS = 4096 };

static struct {
	uint32_t id;
	uint64_t appeared, linked;
} streams[STREAMS];
static int count, appeared, linked, stays;
static uint32_t sink = SPA_ID_INVALID;
static const char *sink_name;
static struct pw_main_loop *loop;

static uint64_t nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void global(void *data, uint32_t id, uint32_t permissions, const char *type, uint32_t version,
		   const struct spa_dict *props)
{
	(void)data, (void)permissions, (void)version;
	if (!props)
		return;
	if (!strcmp(type, PW_TYPE_INTERFACE_Node)) {
		const char *name = spa_dict_lookup(props, PW_KEY_NODE_NAME);
		if (name && !strcmp(name, sink_name))
			sink = id;
		if (name && !strcmp(name, "bench") && appeared < STREAMS) {
			streams[appeared].id = id;
			streams[appeared++].appeared = nanoseconds();
		}
	}
	if (strcmp(type, PW_TYPE_INTERFACE_Link))
		return;
	const char *from = spa_dict_lookup(props, PW_KEY_LINK_OUTPUT_NODE);
	const char *to = spa_dict_lookup(props, PW_KEY_LINK_INPUT_NODE);
	if (!from || !to || (uint32_t)atoi(to) != sink)
		return;
	for (int i = 0; i < appeared; i++) {
		if (streams[i].id != (uint32_t)atoi(from) || streams[i].linked)
			continue;
		streams[i].linked = nanoseconds();
		linked++;
	}
	if (linked < count)
		return;
	for (int i = 0; i < count && linked == count; i++)
		printf("%llu\n", (unsigned long long)(streams[i].linked - streams[i].appeared));
	fflush(stdout);
	linked++;
	if (!stays)
		pw_main_loop_quit(loop);
}

static void process(void *data)
{
	struct pw_stream *stream = *(struct pw_stream **)data;
	struct pw_buffer *buffer = pw_stream_dequeue_buffer(stream);
	if (!buffer)
		return;
	struct spa_data *plane = &buffer->buffer->datas[0];
	plane->chunk->offset = 0;
	plane->chunk->stride = 8;
	plane->chunk->size = SPA_MIN(plane->maxsize, 8192u);
	if (plane->data)
		memset(plane->data, 0, plane->chunk->size);
	pw_stream_queue_buffer(stream, buffer);
}

static const struct pw_registry_events registry_events = { PW_VERSION_REGISTRY_EVENTS, .global = global };
static const struct pw_stream_events stream_events = { PW_VERSION_STREAM_EVENTS, .process = process };

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	count = atoi(argv[1]);
	sink_name = argv[2];
	stays = argc > 3;
	pw_init(NULL, NULL);
	loop = pw_main_loop_new(NULL);
	struct pw_context *context = pw_context_new(pw_main_loop_get_loop(loop), NULL, 0);
	struct pw_core *core = pw_context_connect(context, NULL, 0);
	if (!core) {
		perror("pw_context_connect");
		return 1;
	}
	struct spa_hook listener;
	struct pw_registry *registry = pw_core_get_registry(core, PW_VERSION_REGISTRY, 0);
	pw_registry_add_listener(registry, &listener, &registry_events, NULL);
	static struct pw_stream *made[STREAMS];
	static struct spa_hook hooks[STREAMS];
	for (int i = 0; i < count; i++) {
		uint8_t memory[1024];
		struct spa_pod_builder builder = SPA_POD_BUILDER_INIT(memory, sizeof memory);
		const struct spa_pod *format = spa_format_audio_raw_build(
			&builder, SPA_PARAM_EnumFormat,
			&SPA_AUDIO_INFO_RAW_INIT(.format = SPA_AUDIO_FORMAT_F32, .rate = 48000, .channels = 2));
		made[i] = pw_stream_new(core, "bench",
					pw_properties_new(PW_KEY_MEDIA_TYPE, "Audio", PW_KEY_MEDIA_CATEGORY,
							  "Playback", PW_KEY_NODE_NAME, "bench",
							  PW_KEY_APP_NAME, "bench", NULL));
		pw_stream_add_listener(made[i], &hooks[i], &stream_events, &made[i]);
		if (pw_stream_connect(made[i], PW_DIRECTION_OUTPUT, PW_ID_ANY,
				      PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_MAP_BUFFERS, &format, 1) < 0) {
			perror("pw_stream_connect");
			return 1;
		}
	}
	pw_main_loop_run(loop);
	return 0;
}
