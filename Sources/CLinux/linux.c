#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int linux_socket_pair(int ends[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

ssize_t linux_send_with_descriptor(int socket, const void *bytes, size_t count, int fd) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    memset(&control, 0, sizeof control);
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

int linux_pass_credentials(int socket, int on) {
    return setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

ssize_t linux_receive_with_pid(int socket, void *bytes, size_t count, int timeout_ms, pid_t *pid) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t deadline_ms = now.tv_sec * 1000LL + now.tv_nsec / 1000000 + timeout_ms;
    size_t received = 0;
    while (received < count) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t left_ms = deadline_ms - (now.tv_sec * 1000LL + now.tv_nsec / 1000000);
        struct pollfd wait = {.fd = socket, .events = POLLIN};
        int ready = poll(&wait, 1, left_ms > 0 ? (int)left_ms : 0);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0) {
            if (ready == 0)
                errno = ETIMEDOUT;
            return -1;
        }
        union {
            char bytes[CMSG_SPACE(sizeof(struct ucred))];
            struct cmsghdr align;
        } control;
        struct iovec piece = {.iov_base = (char *)bytes + received, .iov_len = count - received};
        struct msghdr message = {
            .msg_iov = &piece,
            .msg_iovlen = 1,
            .msg_control = control.bytes,
            .msg_controllen = sizeof control.bytes,
        };
        ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got;
        for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
             header = CMSG_NXTHDR(&message, header))
            if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_CREDENTIALS) {
                struct ucred sender;
                memcpy(&sender, CMSG_DATA(header), sizeof sender);
                *pid = sender.pid;
            }
        received += (size_t)got;
    }
    return (ssize_t)received;
}

void linux_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

int linux_bounded_file(const char *name, size_t bytes) {
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0)
        return -1;
    if (ftruncate(file, (off_t)bytes) < 0 ||
        fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0) {
        int error = errno;
        close(file);
        errno = error;
        return -1;
    }
    return file;
}

int linux_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int linux_pidfd_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

/// An address as `inet_diag` has it: IPv4 inside IPv6 counts as IPv4.
static int diag_address(const struct sockaddr *address, __be32 words[4], __be16 *port) {
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        words[0] = v4->sin_addr.s_addr;
        *port = v4->sin_port;
        return AF_INET;
    }
    if (address->sa_family != AF_INET6)
        return -1;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    *port = v6->sin6_port;
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        memcpy(words, &v6->sin6_addr.s6_addr[12], 4);
        return AF_INET;
    }
    memcpy(words, &v6->sin6_addr, 16);
    return AF_INET6;
}

int linux_tcp_peer_user(const struct sockaddr *own, const struct sockaddr *peer, uid_t *user) {
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
    } question = {
        .header = {
            .nlmsg_len = sizeof question,
            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
            .nlmsg_flags = NLM_F_REQUEST,
        },
        .request = {.sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0u},
    };
    struct inet_diag_sockid *id = &question.request.id;
    id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    // The peer's own end has the addresses the other way round.
    int family = diag_address(peer, id->idiag_src, &id->idiag_sport);
    if (family < 0 || diag_address(own, id->idiag_dst, &id->idiag_dport) != family) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    question.request.sdiag_family = (__u8)family;
    union {
        struct nlmsghdr header;
        char bytes[4096];
    } answer;
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (netlink < 0)
        return -1;
    ssize_t got = send(netlink, &question, sizeof question, 0);
    if (got >= 0)
        got = recv(netlink, &answer, sizeof answer, 0);
    int error = errno;
    close(netlink);
    errno = error;
    if (got < 0)
        return -1;
    struct inet_diag_msg *found = NLMSG_DATA(&answer.header);
    if ((size_t)got < NLMSG_LENGTH(sizeof *found) ||
        answer.header.nlmsg_type != SOCK_DIAG_BY_FAMILY || found->idiag_inode == 0)
        return 0;
    *user = found->idiag_uid;
    return 1;
}

int linux_is_own_address(const struct sockaddr *address) {
    struct sockaddr_in6 any = {0};
    socklen_t length = address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof any;
    memcpy(&any, address, length);
    any.sin6_port = 0;  // At the same place in both kinds.
    int probe = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return 0;
    int own = bind(probe, (struct sockaddr *)&any, length) == 0;
    close(probe);
    return own;
}

int linux_spawn(
    pid_t *pid, const char *path, char *const argv[], char *const envp[],
    const int *descriptors, int count) {
    // Above all that are in use, so that no dup2 below overwrites one that is still to be copied.
    int copies[16];
    if (count > 16)
        return E2BIG;
    int error = 0;
    for (int i = 0; i < count; i++) {
        copies[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, 64);
        if (copies[i] < 0)
            error = errno;
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    for (int i = 0; i < count; i++)
        posix_spawn_file_actions_adddup2(&actions, copies[i], i);
    posix_spawn_file_actions_addclosefrom_np(&actions, count);
    // A group of its own: Ctrl-C at the terminal is the gateway's to handle.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    if (error == 0)
        error = posix_spawn(pid, path, &actions, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    for (int i = 0; i < count; i++)
        if (copies[i] >= 0)
            close(copies[i]);
    return error;
}
