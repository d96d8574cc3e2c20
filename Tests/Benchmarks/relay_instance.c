/* Passes HTTP requests on to an instance over its socket, and its results back, with the system calls
 * that a gateway on one thread cannot do without: epoll, a read and a write for each client, one write
 * to the instance of all frames that are due. It does nothing else: requests are not parsed (each is
 * taken to end with the body of the frame), the head of all answers is the same, and there are no
 * routes, pools, limits and records. What it takes, any gateway takes that has one thread and epoll.
 *
 *     relay_instance SOCKET PORT < one invoke frame, whose stream number is set here
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEADER_BYTES = 16,
    FRAME_BYTES_MAX = 4096,
    CLIENTS_MAX = 256,
    READ_BYTES = 1 << 18,
    EVENTS_MAX = 128,
    KIND_RESULT = 51,
    FLAG_END = 1,
};

static unsigned char frame[FRAME_BYTES_MAX];
static size_t frame_bytes, body_bytes;
static unsigned char due[FRAME_BYTES_MAX * CLIENTS_MAX];
static size_t due_bytes;
static unsigned char in[READ_BYTES];
static size_t in_bytes;
static char answer[2 * FRAME_BYTES_MAX];
static size_t head_bytes;
static int instance, poller;

static void fail(const char *what)
{
    fprintf(stderr, "relay_instance: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void quit(const char *why)
{
    fprintf(stderr, "relay_instance: %s\n", why);
    exit(1);
}

static uint32_t load16(const unsigned char *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8;
}

static uint32_t load32(const unsigned char *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void invoke_due(void)
{
    for (size_t done = 0; done < due_bytes;) {
        ssize_t count = write(instance, due + done, due_bytes - done);
        if (count < 0 && errno != EINTR) fail("write");
        if (count > 0) done += (size_t)count;
    }
    due_bytes = 0;
}

static void watch(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
}

static int listen_on(int port)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address)) fail("bind");
    if (listen(listener, CLIENTS_MAX)) fail("listen");
    return listener;
}

static void accept_client(int listener)
{
    int client = accept(listener, NULL, NULL), yes = 1;
    if (client < 0 || client >= CLIENTS_MAX) fail("accept");
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    watch(client);
}

/* A client's request becomes a frame, with the client's descriptor as its stream. */
static void take_request(int client)
{
    static unsigned char request[FRAME_BYTES_MAX];
    ssize_t size = read(client, request, sizeof request);
    if (size <= 0) {
        close(client);
        return;
    }
    const unsigned char *body = request + size - body_bytes;
    if ((size_t)size < body_bytes || body[0] != '{') quit("a request came in pieces");
    unsigned char *next = due + due_bytes;
    memcpy(next, frame, frame_bytes - body_bytes);
    for (int i = 0; i < 4; i++) next[8 + i] = (unsigned char)(client >> 8 * i);
    memcpy(next + frame_bytes - body_bytes, body, body_bytes);
    due_bytes += frame_bytes;
}

static void take_results(void)
{
    ssize_t size = read(instance, in + in_bytes, READ_BYTES - in_bytes);
    if (size <= 0) quit("the instance has ended");
    in_bytes += (size_t)size;
    size_t taken = 0;
    while (in_bytes - taken >= HEADER_BYTES) {
        const unsigned char *header = in + taken;
        size_t whole = HEADER_BYTES + load32(header), meta = load16(header + 6);
        if (in_bytes - taken < whole) break;
        if (header[4] != KIND_RESULT || header[5] != FLAG_END) quit("an answer is not a single result");
        if (whole - HEADER_BYTES - meta != body_bytes) quit("an answer is not what was sent");
        memcpy(answer + head_bytes, header + HEADER_BYTES + meta, body_bytes);
        /* To a client that has left meanwhile, it reaches nobody. */
        send((int)load32(header + 8), answer, head_bytes + body_bytes, MSG_NOSIGNAL);
        taken += whole;
    }
    memmove(in, in + taken, in_bytes - taken);
    in_bytes -= taken;
}

int main(int argc, char **argv)
{
    if (argc != 3) return 2;
    instance = atoi(argv[1]);
    frame_bytes = fread(frame, 1, sizeof frame, stdin);
    if (frame_bytes < HEADER_BYTES) return 2;
    body_bytes = load32(frame) - load16(frame + 6);
    head_bytes = (size_t)snprintf(
        answer, FRAME_BYTES_MAX,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n"
        "x-call-id: 01a1fc23-2014-7b89-8392-80728d772786\r\n"
        "server-timing: queue;dur=0.000, start;dur=0.000, run;dur=0.010\r\n\r\n",
        body_bytes);
    poller = epoll_create1(0);
    int listener = listen_on(atoi(argv[2]));
    watch(listener);
    watch(instance);
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(poller, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) accept_client(listener);
            else if (fd == instance) take_results();
            else take_request(fd);
        }
        invoke_due();
    }
}
