"""A host that is not this one: a network namespace behind a cable, with a web server in it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from waiting import until

HOST = "198.51.100.1"
"""This host's end of the cable; the addresses are for documentation (RFC 5737)."""
ADDRESS = "198.51.100.2"
LINK_LOCAL = "169.254.77.77"
"""Another address of the outside, such as clouds have for credentials."""
PORT = 8099
ANSWER = "hello from outside"

SERVER = f"""
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{ANSWER}")

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("0.0.0.0", {PORT}), Handler).serve_forever()
"""


@contextmanager
def outside() -> Iterator[None]:
    """The outside is there, and this host reaches it."""
    name, cable = f"faas-outside-{os.getpid()}", f"faas{os.getpid()}"
    run("netns", "add", name)
    try:
        run("link", "add", cable, "type", "veth", "peer", "name", "cable", "netns", name)
        run("address", "add", HOST, "peer", ADDRESS, "dev", cable)
        run("link", "set", cable, "up")
        run("-n", name, "address", "add", ADDRESS, "peer", HOST, "dev", "cable")
        run("-n", name, "address", "add", LINK_LOCAL, "dev", "cable")
        run("-n", name, "link", "set", "cable", "up")
        run("route", "add", LINK_LOCAL, "dev", cable)
        command = ["ip", "netns", "exec", name, sys.executable, "-c", SERVER]
        with subprocess.Popen(command) as server:
            try:
                for address in (ADDRESS, LINK_LOCAL):
                    until(lambda at=address: answers(at), f"{address} answers this host")
                yield
            finally:
                server.kill()
    finally:
        run("netns", "delete", name)  # The cable goes with it.


def run(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, timeout=10)


def answers(address: str) -> bool:
    try:
        socket.create_connection((address, PORT), timeout=1).close()
    except OSError:
        return False
    return True
