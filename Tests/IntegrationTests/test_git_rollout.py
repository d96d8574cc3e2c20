"""What `git push` says of a revision that was taken off the traffic."""

import threading
from pathlib import Path

from gateways import Gateway
from git_repositories import answers, make_clone, named
from waiting import until

ROLLOUT = "rollout: { canary: 50%, every: 1s, maxErrorRate: 1% }\n"
WORSE = """
def predict(name: str) -> str:
    if name != "World":
        raise RuntimeError("the world only")
    return "new " + name
"""


def ask(gateway: Gateway, name: str, over: threading.Event) -> None:
    with gateway.connect() as connection:
        while not over.is_set():
            connection.request("POST", f"/function/{name}", '{"name": "Ada"}')


def test_the_next_push_says_why_a_revision_was_taken_off(gateway: Gateway, tmp_path: Path) -> None:
    clone = make_clone(gateway, tmp_path / "clone", "rolling")
    clone.write("first", named("git-rolled", answers("old "), ROLLOUT))
    clone.commit()
    clone.push().taken()
    worse = named("git-rolled", answers("new ") | {"handler.py": WORSE}, ROLLOUT)
    clone.write("first", worse)
    clone.commit()
    over = threading.Event()
    client = threading.Thread(target=ask, args=(gateway, "git-rolled", over))
    client.start()
    try:
        clone.push().taken().has("50%")
        until(
            lambda: "fallback" in gateway.get("/v1/functions/git-rolled/traffic")["traffic"],
            "it is taken off",
        )
    finally:
        over.set()
        client.join()

    clone.write("second", named("git-beside", answers("hi ")))
    clone.commit()
    push = clone.push().taken()

    push.has("git-rolled-2 was taken off the traffic", "failed", "over maxErrorRate 1%")
    push.has("not deployed again", "git-beside-1 serves at")
    assert gateway.invoke("git-rolled", {"name": "Ada"}).json() == "old Ada"
    assert gateway.get("/v1/functions/git-rolled")["revision"] == "git-rolled-1"
