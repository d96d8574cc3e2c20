"""NATS JetStream with its Python client, nats-py."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import nats
from brokers import CLIENT_SECONDS, BrokenError, Broker, Message
from nats.js.api import AckPolicy, ConsumerConfig, StorageType, StreamConfig

CHUNK = 50


class Nats(Broker):
    """File storage, one user."""

    name = "nats"
    program = "nats-server"

    def command(self) -> list[str]:
        listen = ["-a", "127.0.0.1", "-p", str(self.port)]
        storage = ["-js", "-sd", str(self.folder / "storage")]
        return [str(self.path()), *listen, *storage, "--user", "reader", "--pass", self.password]

    def is_ready(self) -> bool:
        try:
            self.ask(lambda stream: stream.account_info())
        except Exception:
            return False
        return True

    def make(self, place: str, lease_seconds: float | None = None) -> None:
        async def add(stream: Any) -> None:
            config = StreamConfig(name=place, subjects=[f"{place}.>"], storage=StorageType.FILE)
            await stream.add_stream(config)
            if lease_seconds is not None:
                reader = ConsumerConfig(
                    durable_name="reader",
                    ack_policy=AckPolicy.EXPLICIT,
                    ack_wait=lease_seconds,
                    max_ack_pending=20_000,
                )
                await stream.add_consumer(place, reader)

        self.ask(add)

    def url(self, place: str, password: str | None = None, port: int | None = None) -> str:
        return f"nats://reader:{password or self.password}@127.0.0.1:{port or self.port}"

    def options(self, place: str) -> dict[str, str]:
        return {"stream": place, "durable": "reader"}

    def send(self, place: str, messages: Sequence[Message]) -> None:
        taken = 0

        async def publish(stream: Any) -> None:
            nonlocal taken
            for start in range(0, len(messages), CHUNK):
                chunk = messages[start : start + CHUNK]
                await asyncio.gather(*(self.publish(stream, place, one) for one in chunk))
                taken += len(chunk)

        try:
            self.ask(publish)
        except Exception as cause:
            raise BrokenError(taken, cause) from cause

    @staticmethod
    async def publish(stream: Any, place: str, message: Message) -> None:
        fields = {"Nats-Msg-Id": message.key} | message.fields
        await stream.publish(
            f"{place}.one", message.body.encode(), timeout=CLIENT_SECONDS, headers=fields
        )

    def left(self, place: str) -> int:
        found = self.ask(lambda stream: stream.consumer_info(place, "reader"))
        return int(found.num_pending + found.num_ack_pending)

    def ask(self, what: Callable[[Any], Awaitable[Any]]) -> Any:
        """Does something over a connection of its own."""

        async def ignore(_: Exception) -> None:
            return

        async def run() -> Any:
            client = await nats.connect(
                self.url(""),
                allow_reconnect=False,
                connect_timeout=CLIENT_SECONDS,
                max_reconnect_attempts=0,
                error_cb=ignore,
            )
            try:
                return await what(client.jetstream(timeout=CLIENT_SECONDS))
            finally:
                await client.close()

        return asyncio.run(run())
