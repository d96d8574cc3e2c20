#pragma once

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>

/// `amqp_login` takes variable arguments, which Swift cannot call.
static inline amqp_rpc_reply_t crabbitmq_login_plain(
    amqp_connection_state_t state, const char *vhost, int frame_bytes_max, int heartbeat_seconds,
    const char *user, const char *password) {
    return amqp_login(
        state, vhost, 1, frame_bytes_max, heartbeat_seconds, AMQP_SASL_METHOD_PLAIN, user,
        password);
}
