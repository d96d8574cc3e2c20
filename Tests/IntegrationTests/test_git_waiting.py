"""A push that waits for a function which somebody else deploys."""

import os
import random
import threading
from pathlib import Path

from counting_proxy import CountingProxy
from folders import function
from gateways import Gateway
from git_repositories import Clone, answers, named
from pushes import open_push, order
from waiting import until

# Longer than a push is kept that nobody asks anything of: FAAS_TEST_HOLD_SECONDS=75.
HOLD_SECONDS = int(os.environ.get("FAAS_TEST_HOLD_SECONDS", "6"))
NOISE_BYTES = 4 << 20
HELD = f"""
import time
def load():
    time.sleep({HOLD_SECONDS})
def predict(model) -> str:
    return "held"
"""


def test_a_push_waits_for_a_busy_function_and_does_not_send_it_again_and_again(
    gateway: Gateway, tmp_path: Path
) -> None:
    bare = str(tmp_path / "team.git")
    clone = Clone(tmp_path / "clone", gateway, bare)
    clone.run("init", "--quiet", "--bare", bare)
    noise = random.Random(11).randbytes(NOISE_BYTES)
    clone.write("first", named("git-first-ready", answers("first ")))
    clone.write("held", named("git-held", answers("pushed ")) | {"noise.bin": noise})
    clone.commit()
    holding = threading.Thread(target=gateway.deploy, args=(function("git-held", HELD),))
    holding.start()
    until(lambda: list((gateway.data / "sandboxes").glob("git-held-1*/pid")), "it is held")

    with CountingProxy(gateway.host, gateway.port) as proxy:
        gateway.cli("git", "hook", "install", bare, "--url", proxy.url)
        push = clone.push().taken()
    holding.join()

    push.has("git-held: waiting:", "git-held-2 serves at", "git-first-ready-1 serves at")
    assert gateway.invoke("git-held", {"name": "x"}).json() == "pushed x"
    assert NOISE_BYTES < proxy.sent < 2.5 * NOISE_BYTES


def test_a_bundle_is_not_taken_in_for_a_push_that_is_gone(gateway: Gateway) -> None:
    push = open_push(gateway, "gone-before-sending")
    assert order(gateway, "DELETE", f"/v1/pushes/{push}").status == 204

    head = f"PUT /v1/functions/git-gone?push={push} HTTP/1.1\r\nHost: x\r\n"
    with gateway.raw(20) as connection:
        # What is told of is never sent.
        connection.socket.sendall(f"{head}Content-Length: {NOISE_BYTES}\r\n\r\n".encode())
        status = connection.file.readline()

    assert status.startswith(b"HTTP/1.1 404")
