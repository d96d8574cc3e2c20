/* Invokes an instance over its socket, a fixed number of invocations at once, and prints what came
 * of it in one line of JSON. Each answer must carry what was sent. Nothing but the code of the two
 * sockets in the kernel lies between this loop and the instance's: no host can be faster.
 *
 *     drive_instance SOCKET DEPTH SECONDS < one invoke frame, whose stream number is set here
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    HEADER_BYTES = 16,
    FRAME_BYTES_MAX = 4096,
    DEPTH_MAX = 64,
    READ_BYTES = 1 << 18,
    SAMPLES_MAX = 1 << 22,
    KIND_RESULT = 51,
    FLAG_END = 1,
};

static unsigned char frame[FRAME_BYTES_MAX];
static size_t frame_bytes;
static unsigned char out[FRAME_BYTES_MAX * DEPTH_MAX];
static unsigned char in[READ_BYTES];
static uint64_t begun[DEPTH_MAX];
static uint32_t samples[SAMPLES_MAX];

static void fail(const char *what)
{
    fprintf(stderr, "drive_instance: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t nanos(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint32_t load16(const unsigned char *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8;
}

static uint32_t load32(const unsigned char *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static size_t add_frame(size_t size, uint32_t stream, uint64_t now)
{
    memcpy(out + size, frame, frame_bytes);
    for (int i = 0; i < 4; i++) out[size + 8 + i] = (unsigned char)(stream >> 8 * i);
    begun[stream - 1] = now;
    return size + frame_bytes;
}

static void write_all(int fd, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = write(fd, out + done, size - done);
        if (count < 0 && errno != EINTR) fail("write");
        if (count > 0) done += (size_t)count;
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void print(uint64_t count, uint64_t elapsed)
{
    size_t kept = count < SAMPLES_MAX ? count : SAMPLES_MAX;
    qsort(samples, kept, sizeof *samples, compare);
    printf("{\"responses\": %llu, \"seconds\": %.6f, \"p50Micros\": %.3f, \"p99Micros\": %.3f}\n",
           (unsigned long long)count, elapsed / 1e9, samples[kept / 2] / 1e3,
           samples[kept - 1 - kept / 100] / 1e3);
}

/* Whether a result carries what the invocation carried. */
static int echoes(const unsigned char *header)
{
    uint32_t sent = load32(frame) - load16(frame + 6), got = load32(header) - load16(header + 6);
    return got == sent
        && !memcmp(header + HEADER_BYTES + load16(header + 6), frame + frame_bytes - sent, sent);
}

/* Takes the complete frames, answers each with a new one in `out`; gives the bytes taken. */
static size_t take(size_t filled, uint64_t *count, size_t *wanted)
{
    size_t taken = 0;
    uint64_t now = nanos();
    while (filled - taken >= HEADER_BYTES) {
        const unsigned char *header = in + taken;
        size_t size = HEADER_BYTES + load32(header);
        if (size > READ_BYTES) fail("a frame is too long");
        if (filled - taken < size) break;
        uint32_t stream = load32(header + 8);
        if (header[4] != KIND_RESULT || header[5] != FLAG_END || !stream || stream > DEPTH_MAX)
            fail("an answer is not a single result");
        if (!echoes(header)) fail("an answer is not what was sent");
        samples[(*count)++ % SAMPLES_MAX] = (uint32_t)(now - begun[stream - 1]);
        *wanted = add_frame(*wanted, stream, now);
        taken += size;
    }
    return taken;
}

int main(int argc, char **argv)
{
    if (argc != 4) return 2;
    int fd = atoi(argv[1]), depth = atoi(argv[2]);
    uint64_t duration = (uint64_t)(atof(argv[3]) * 1e9);
    frame_bytes = fread(frame, 1, sizeof frame, stdin);
    if (frame_bytes < HEADER_BYTES || depth < 1 || depth > DEPTH_MAX) return 2;

    uint64_t start = nanos(), count = 0;
    size_t wanted = 0, filled = 0;
    for (int i = 0; i < depth; i++) wanted = add_frame(wanted, (uint32_t)i + 1, start);
    while (nanos() - start < duration) {
        write_all(fd, wanted);
        wanted = 0;
        ssize_t size = read(fd, in + filled, READ_BYTES - filled);
        if (size == 0) fail("the instance has ended");
        if (size < 0 && errno != EINTR) fail("read");
        if (size > 0) filled += (size_t)size;
        size_t taken = take(filled, &count, &wanted);
        memmove(in, in + taken, filled - taken);
        filled -= taken;
    }
    print(count, nanos() - start);
    return count ? 0 : 1;
}
