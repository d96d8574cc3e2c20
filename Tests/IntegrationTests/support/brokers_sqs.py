"""SQS as moto's server speaks it, with Amazon's Python client, boto3."""

import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from brokers import CLIENT_SECONDS, BrokenError, Broker, Message
from brokers_gate import Gate

ACCOUNT = "123456789012"
REGION = "eu-north-1"
KEY = "any"
BATCH = 10
UNCHECKED = 1_000_000


class SQS(Broker):
    """It keeps everything in memory, so what fails is the way to it: the gateway goes by a gate."""

    name = "sqs"
    program = "moto_server"
    messages_max = 300

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.gate = Gate(self.port)

    @classmethod
    def path(cls) -> str | None:
        beside = Path(sys.executable).parent / cls.program
        return str(beside) if beside.exists() else super().path()

    def command(self) -> list[str]:
        return [str(self.path()), "-H", "127.0.0.1", "-p", str(self.port)]

    def environment(self) -> dict[str, str]:
        return {"INITIAL_NO_AUTH_ACTION_COUNT": str(UNCHECKED)}

    def is_ready(self) -> bool:
        try:
            self.client().list_queues()
        except (BotoCoreError, ClientError):
            return False
        return True

    def down(self) -> None:
        self.gate.close()

    def up(self) -> None:
        self.gate.open()

    def stop(self) -> None:
        self.gate.close()
        super().stop()

    def check_signatures(self, is_checked: bool) -> None:
        """From now on, keys must be those of a user; there is none."""
        count = 0 if is_checked else UNCHECKED
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/moto-api/reset-auth",
            data=str(count).encode(),
            headers={"Content-Type": "text/plain"},
        )
        with urllib.request.urlopen(request, timeout=CLIENT_SECONDS) as answer:
            assert answer.status == 200

    @property
    def keys(self) -> dict[str, str]:
        """The gateway's environment."""
        return {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": self.password}

    def client(self) -> Any:
        return boto3.client(
            "sqs",
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id=KEY,
            aws_secret_access_key=self.password,
            config=Config(read_timeout=CLIENT_SECONDS, retries={"total_max_attempts": 1}),
        )

    def queue(self, place: str) -> str:
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}/{place}"

    def make(self, place: str, lease_seconds: float | None = None) -> None:
        self.client().create_queue(QueueName=place)

    def url(self, place: str, password: str | None = None, port: int | None = None) -> str:
        return f"sqs+http://127.0.0.1:{port or self.gate.port}/{ACCOUNT}/{place}"

    def options(self, place: str) -> dict[str, str]:
        return {"region": REGION}

    def send(self, place: str, messages: Sequence[Message]) -> None:
        client = self.client()
        for start in range(0, len(messages), BATCH):
            entries = [self.entry(one) for one in messages[start : start + BATCH]]
            try:
                answer = client.send_message_batch(QueueUrl=self.queue(place), Entries=entries)
            except (BotoCoreError, ClientError) as cause:
                raise BrokenError(start, cause) from cause
            assert not answer.get("Failed"), answer

    @staticmethod
    def entry(message: Message) -> dict[str, Any]:
        return {
            "Id": message.key,
            "MessageBody": message.body,
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": text}
                for name, text in message.fields.items()
            },
        }

    def left(self, place: str) -> int:
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.client().get_queue_attributes(
            QueueUrl=self.queue(place), AttributeNames=counts
        )
        return sum(int(answer["Attributes"][name]) for name in counts)
