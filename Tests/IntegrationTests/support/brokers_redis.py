"""Redis Streams with the Python client, redis."""

from collections.abc import Sequence
from typing import Any

import redis
from brokers import CLIENT_SECONDS, BrokenError, Broker, Message

GROUP = "readers"
IS_THERE = "equal or smaller than the target stream top item"


class Redis(Broker):
    """Each write is on disk before it is answered."""

    name = "redis"
    program = "redis-server"

    def command(self) -> list[str]:
        listen = ["--bind", "127.0.0.1", "--port", str(self.port), "--requirepass", self.password]
        storage = ["--dir", str(self.folder), "--appendonly", "yes", "--appendfsync", "always"]
        return [str(self.path()), *listen, *storage, "--save", ""]

    def is_ready(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def client(self) -> Any:
        return redis.Redis(
            port=self.port,
            password=self.password,
            socket_timeout=CLIENT_SECONDS,
            retry=None,
            decode_responses=True,
        )

    def make(self, place: str, lease_seconds: float | None = None) -> None:
        """The gateway makes stream and group."""

    def url(self, place: str, password: str | None = None, port: int | None = None) -> str:
        return f"redis://:{password or self.password}@127.0.0.1:{port or self.port}/0"

    def options(self, place: str) -> dict[str, str]:
        return {"stream": place, "group": GROUP}

    def send(self, place: str, messages: Sequence[Message]) -> None:
        """A key that is a number names the entry; others are named by Redis."""
        taken = 0
        try:
            with self.client() as client:
                for one in messages:
                    identity = f"1700000000000-{int(one.key) + 1}" if one.key.isdigit() else "*"
                    try:
                        client.xadd(place, {"body": one.body} | one.fields, id=identity)
                    except redis.ResponseError as cause:
                        if IS_THERE not in str(cause):
                            raise
                    taken += 1
        except redis.RedisError as cause:
            raise BrokenError(taken, cause) from cause

    def left(self, place: str) -> int:
        with self.client() as client:
            (group,) = client.xinfo_groups(place)
            return int(group["pending"]) + int(group["lag"] or 0)
