"""RabbitMQ with its Python client, pika, and a name server of Erlang's for it alone."""

import logging
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pika
from brokers import CLIENT_SECONDS, END_SECONDS_MAX, BrokenError, Broker, Message, free_port
from pika.exceptions import AMQPError

# The one on the PATH changes to a user of the system's.
PLAIN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
# It writes a page for every connection that is refused.
logging.getLogger("pika").setLevel(logging.CRITICAL)

SENT_AT = 1_700_000_000
PERSISTENT = 2


class RabbitMQ(Broker):
    """Durable queues; persistent messages, each confirmed."""

    name = "amqp"
    program = "rabbitmq-server"
    outage_seconds = 9.0
    knows_unsettled = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.names: subprocess.Popen[bytes] | None = None
        self.names_port = free_port()
        self.distribution_port = free_port()
        config = f"default_user = reader\ndefault_pass = {self.password}\n"
        (folder / "rabbitmq.conf").write_text(config)

    @classmethod
    def path(cls) -> str | None:
        return str(PLAIN) if PLAIN.exists() else super().path()

    def command(self) -> list[str]:
        return [str(self.path())]

    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self.names_port),
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
        }

    def launch(self) -> None:
        if self.names is None:
            program = shutil.which("epmd") or "epmd"
            command = [program, "-port", str(self.names_port), "-address", "127.0.0.1"]
            self.names = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        super().launch()

    def stop(self) -> None:
        super().stop()
        if self.names is not None:
            self.names.kill()
            self.names.wait(END_SECONDS_MAX)

    def is_ready(self) -> bool:
        try:
            with self.channel():
                return True
        except (AMQPError, OSError):
            return False

    @contextmanager
    def channel(self) -> Iterator[Any]:
        parameters = pika.URLParameters(self.url(""))
        parameters.socket_timeout = CLIENT_SECONDS
        parameters.blocked_connection_timeout = CLIENT_SECONDS
        connection = pika.BlockingConnection(parameters)
        try:
            yield connection.channel()
        finally:
            if connection.is_open:
                connection.close()

    def make(self, place: str, lease_seconds: float | None = None) -> None:
        with self.channel() as channel:
            channel.queue_declare(place, durable=True)

    def keep(self) -> None:
        """Messages are synchronised before they are confirmed, but the queue itself is not."""
        control = PLAIN.with_name("rabbitmqctl")
        program = str(control) if control.exists() else "rabbitmqctl"
        subprocess.run(
            [program, "eval", "mnesia:sync_log()."],
            env={**os.environ, **self.environment()},
            check=True,
            capture_output=True,
            timeout=END_SECONDS_MAX,
        )

    def url(self, place: str, password: str | None = None, port: int | None = None) -> str:
        return f"amqp://reader:{password or self.password}@127.0.0.1:{port or self.port}/%2F"

    def options(self, place: str) -> dict[str, str]:
        return {"queue": place}

    def send(self, place: str, messages: Sequence[Message]) -> None:
        taken = 0
        try:
            with self.channel() as channel:
                channel.confirm_delivery()
                for one in messages:
                    properties = self.properties(one)
                    channel.basic_publish("", place, one.body.encode(), properties, mandatory=True)
                    taken += 1
        except (AMQPError, OSError) as cause:
            raise BrokenError(taken, cause) from cause

    @staticmethod
    def properties(message: Message) -> Any:
        """The attributes of a CloudEvent go by their names in the AMQP binding."""
        fields = {
            name.replace("ce-", "cloudEvents:"): text for name, text in message.fields.items()
        }
        content_type = fields.pop("content-type", None)
        return pika.BasicProperties(
            message_id=message.key,
            timestamp=SENT_AT,
            content_type=content_type,
            headers=fields,
            delivery_mode=PERSISTENT,
        )

    def left(self, place: str) -> int:
        """Those that are ready; what a reader did not settle is, once it is gone."""
        return int(self.declared(place).message_count)

    def has_readers(self, place: str) -> bool:
        return int(self.declared(place).consumer_count) > 0

    def declared(self, place: str) -> Any:
        with self.channel() as channel:
            return channel.queue_declare(place, passive=True).method
