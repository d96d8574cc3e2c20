/// Calls of Linux that Swift cannot make by itself: ancillary data and raw system calls.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/// A connected pair of `SOCK_STREAM` sockets, both close-on-exec. 0, or -1 with errno.
int linux_socket_pair(int ends[2]);

/// Sends `bytes` with the descriptor `fd` riding along. Bytes sent, or -1 with errno.
ssize_t linux_send_with_descriptor(int socket, const void *bytes, size_t count, int fd);

/// Has the kernel say who sends on the other end, or stops it. 0, or -1 with errno.
int linux_pass_credentials(int socket, int on);

/// Receives exactly `count` bytes within `timeout_ms`, and the sender's pid as this process sees it.
/// Bytes received, 0 at the end of the stream, or -1 with errno.
ssize_t linux_receive_with_pid(int socket, void *bytes, size_t count, int timeout_ms, pid_t *pid);

/// A descriptor for the process, or -1 with errno.
int linux_pidfd_open(pid_t pid);

/// Signals the process that `pidfd` stands for. 0, or -1 with errno.
int linux_pidfd_signal(int pidfd, int signal);

/// Names the calling thread for the system's tools, which show 15 bytes of it.
void linux_name_thread(const char *name);

/// A file in memory of `bytes` zero bytes that cannot grow, close-on-exec; or -1 with errno.
int linux_bounded_file(const char *name, size_t bytes);

/// Who owns the other end of a TCP connection that this host has with itself, by the kernel's table
/// of sockets. 1 with the owner in `user`, 0 when no process holds such an end, or -1 with errno.
int linux_tcp_peer_user(const struct sockaddr *own, const struct sockaddr *peer, uid_t *user);

/// Whether an address is one of this host's.
int linux_is_own_address(const struct sockaddr *address);

/// Starts `path` with `descriptors[0...count-1]` as its descriptors 0 to count-1 and no others.
/// 0 and the pid in `pid`, or an errno.
int linux_spawn(
    pid_t *pid, const char *path, char *const argv[], char *const envp[],
    const int *descriptors, int count);
