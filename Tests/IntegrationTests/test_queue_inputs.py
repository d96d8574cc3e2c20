"""What queues refuse: each with a code and a reason, and without harm to others."""

import json

import pytest
from accounts import KEYS, WITH_KEYS
from gateways import Gateway
from queues import LINES, MESSAGES, Queue, died, ended, refused
from workers import worker

from conftest import MakeGateway

MESSAGE_BYTES_MAX = 6 << 20
REQUEST_BYTES_MAX = 16 << 20
BATCH_MESSAGES_MAX = 10_000
EVENTS = "application/cloudevents-batch+json"


@pytest.fixture(scope="module")
def picky(gateway: Gateway) -> str:
    trigger = "queue: { name: q-picky, attempts: 2, backoff: 10ms..20ms }"
    return gateway.deploy(worker("picky", trigger))


@pytest.fixture
def queue(gateway: Gateway, picky: str) -> Queue:
    return Queue(gateway, "q-picky")


def others_are_served(queue: Queue) -> None:
    ended(queue.gateway, queue.send({}))
    counts = queue.report()
    assert counts["depth"] == 0


# Names.


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("POST", "/messages", "{}"),
        ("GET", "", None),
        ("GET", "/dead", None),
        ("POST", "/redrive", None),
        ("POST", "/purge", None),
        ("POST", "/purge?dead=true", None),
        ("DELETE", "", None),
    ],
)
def test_a_queue_that_is_not_there_is_said_to_be_so(
    gateway: Gateway, queue: Queue, method: str, rest: str, body: str | None
) -> None:
    problem = refused(
        gateway.request(method, f"/v1/queues/q-nobodys{rest}", body), 404, "queueNotFound"
    )

    assert "q-nobodys" in problem["detail"]
    others_are_served(queue)


@pytest.mark.parametrize("name", ["No", "a%20b", "-a", "a-", ".a", "x" * 64, "%2e%2e", "a%2Fb"])
def test_a_name_that_no_queue_can_have_is_refused(gateway: Gateway, name: str) -> None:
    answer = gateway.request("POST", f"/v1/queues/{name}/messages", "{}")

    refused(answer, 400, "queueInvalid")


@pytest.mark.parametrize("name", ["No", "a b", "-a", "..", "x" * 64])
def test_a_manifest_with_such_a_name_is_refused(gateway: Gateway, name: str) -> None:
    deploy = gateway.put("misnamed", worker("misnamed", f"queue: {{ name: '{name}' }}"))

    assert (deploy.status, deploy.code) == (400, "manifestInvalid")


# Options.


@pytest.mark.parametrize(
    ("fields", "status", "code", "word"),
    [
        ({"X_Delay": "soon"}, 400, "queueInvalid", "soon"),
        ({"X_Delay": "10"}, 400, "queueInvalid", "10"),
        ({"X_Delay": "-1s"}, 400, "queueInvalid", "-1s"),
        ({"X_Delay": "1s 2s"}, 400, "queueInvalid", "1s 2s"),
        ({"X_Delay": "31d"}, 400, "queueInvalid", "delay"),
        ({"X_Delay": "99999999999999999999s"}, 400, "queueInvalid", "X-Delay"),
        ({"X_Delay": "1s", "X_Group": "a"}, 400, "queueInvalid", "group"),
        ({"X_Group": "g" * 257}, 400, "queueInvalid", "group"),
        ({"X_Deduplication_Id": "d" * 257}, 400, "queueInvalid", "id"),
        ({"X_Large": "x" * 20_000}, 431, "headersTooLarge", "16384"),
    ],
)
def test_an_option_that_cannot_be_is_refused(
    queue: Queue, fields: dict[str, str], status: int, code: str, word: str
) -> None:
    before = queue.report()["enqueued"]

    problem = refused(queue.post("{}", **fields), status, code)

    assert word in problem["detail"]
    assert queue.report()["enqueued"] == before
    others_are_served(queue)


# Bodies.


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["{}", "{}", '{"a": 1', "{}"], 3),
        (["", "{}", "", "nothing"], 4),
        (["{} {}"], 1),
        (["{}", "[1,]"], 2),
        (["{}", '"\x01"'], 2),
        (["[" * 200 + "]" * 200], 1),
        (["{}", "\xff"], 2),
        (["", "  "], 1),
    ],
)
def test_a_line_that_is_not_json_is_named_and_nothing_is_taken(
    queue: Queue, lines: list[str], line: int
) -> None:
    before = queue.report()["enqueued"]

    answer = queue.post("\n".join(lines).encode("latin-1"), LINES)

    problem = refused(answer, 400, "messageInvalid")
    assert [fault["line"] for fault in problem["errors"]] == [line]
    assert queue.report()["enqueued"] == before
    others_are_served(queue)


@pytest.mark.parametrize(
    ("kind", "body", "word"),
    [
        (MESSAGES, "{}", "array"),
        (MESSAGES, "[1]", "object"),
        (MESSAGES, "[{}]", "body"),
        (MESSAGES, '[{"body": 1, "grup": "a"}]', "grup"),
        (MESSAGES, '[{"body": 1, "delayMillis": -1}]', "delayMillis"),
        (MESSAGES, '[{"body": 1, "delayMillis": 1.5}]', "delayMillis"),
        (MESSAGES, '[{"body": 1, "delayMillis": 10, "group": "a"}]', "group"),
        (MESSAGES, '[{"body": 1}', "comma"),
        (MESSAGES, "[]", "no message"),
        (MESSAGES, "", "array"),
        (EVENTS, "{}", "array"),
        (EVENTS, "[1]", "object"),
    ],
)
def test_a_batch_that_is_none_is_refused_with_the_reason(
    queue: Queue, kind: str, body: str, word: str
) -> None:
    problem = refused(queue.post(body, kind), 400, "messageInvalid")

    assert word in problem["detail"]
    others_are_served(queue)


@pytest.mark.parametrize("kind", [LINES, MESSAGES])
def test_a_batch_of_too_many_messages_is_refused_whole(queue: Queue, kind: str) -> None:
    count = BATCH_MESSAGES_MAX + 1
    body = "{}\n" * count if kind == LINES else json.dumps([{"body": {}}] * count)
    before = queue.report()["enqueued"]

    problem = refused(queue.post(body, kind), 400, "messageInvalid")

    assert f"{BATCH_MESSAGES_MAX}" in problem["detail"]
    assert queue.report()["enqueued"] == before


def test_a_batch_with_one_deduplication_id_for_all_is_refused(queue: Queue) -> None:
    answer = queue.post("{}\n{}\n", LINES, X_Deduplication_Id="one")

    problem = refused(answer, 400, "messageInvalid")
    assert "X-Deduplication-Id" in problem["detail"]


@pytest.mark.parametrize(
    ("kind", "size"),
    [("text/plain", MESSAGE_BYTES_MAX + 1), (LINES, REQUEST_BYTES_MAX + 1)],
)
def test_a_body_over_the_limit_is_refused(queue: Queue, kind: str, size: int) -> None:
    answer = queue.post(b'"' + b"x" * (size - 2) + b'"', kind)

    refused(answer, 413, "payloadTooLarge")
    others_are_served(queue)


def test_a_message_over_the_functions_own_limit_dies_with_that_reason(gateway: Gateway) -> None:
    limits = "limits: { memory: 64Mi, payload: 1Ki }\n"
    gateway.deploy(worker("small", "queue: { name: q-small }", more=limits))
    small = Queue(gateway, "q-small")

    found = died(gateway, small.send({"text": "x" * 2000}))

    (letter,) = small.dead()
    assert letter["reason"]["code"] == "payloadTooLarge"
    assert found["message"]
    others_are_served(small)


def test_a_poison_message_does_not_hold_up_the_others(gateway: Gateway, queue: Queue) -> None:
    poison = queue.send_all([{"fails": 9, "how": "dies"}] * 3)
    ids = queue.send_all([{}] * 20)

    for identity in ids:
        assert ended(gateway, identity)["attempts"] == 1
    for identity in poison:
        assert died(gateway, identity)["attempts"] == 2
    assert {letter["reason"]["code"] for letter in queue.dead()} == {"instanceDied"}
    assert queue.purge("?dead=true") == 3


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=10001", "lmit=1"])
def test_a_query_that_cannot_be_is_refused(gateway: Gateway, queue: Queue, query: str) -> None:
    refused(gateway.request("GET", f"{queue.path}/dead?{query}"), 400, "queryInvalid")


# Queues and functions.


def test_a_queue_feeds_one_function(gateway: Gateway, queue: Queue) -> None:
    deploy = gateway.put("greedy", worker("greedy", "queue: { name: q-picky }"))

    assert deploy.code == "queueInUse"
    assert deploy.problem is not None
    assert "q-picky" in deploy.problem["detail"]
    assert "picky" in deploy.problem["detail"]
    assert gateway.request("GET", "/v1/functions/greedy").status == 404
    others_are_served(queue)


def test_a_queue_in_use_is_not_removed(gateway: Gateway, queue: Queue) -> None:
    problem = refused(gateway.request("DELETE", queue.path), 409, "queueInUse")

    assert "picky" in problem["detail"]


def test_a_queue_outlives_its_function_with_its_messages(gateway: Gateway) -> None:
    gateway.deploy(worker("brief", "queue: { name: q-brief }"))
    brief = Queue(gateway, "q-brief")
    waiting = brief.send({}, X_Delay="1h")

    gateway.remove("brief")

    refused(gateway.request("DELETE", brief.path), 409, "queueInUse")
    later = brief.send({})
    counts = brief.report()
    assert (counts["depth"], counts.get("function")) == (2, None)
    gateway.deploy(worker("heir", "queue: { name: q-brief }"))
    ended(gateway, later)
    assert gateway.row(later)["function"] == "heir"
    gateway.remove("heir")
    assert brief.purge() == 1
    assert gateway.request("GET", f"/v1/invocations/{waiting}").status == 404
    assert gateway.request("DELETE", brief.path).status == 204
    refused(gateway.request("GET", brief.path), 404, "queueNotFound")


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        ("{ broker: 'nats://127.0.0.1:1', stream: S, subject: s }", ["127.0.0.1:1"]),
        ("{ broker: 'redis://:hidden@127.0.0.1:1/0', stream: s }", ["127.0.0.1:1"]),
        ("{ broker: 'amqp://u:hidden@127.0.0.1:1/', queue: q }", ["127.0.0.1:1"]),
        ("{ broker: 'sqs+http://127.0.0.1:1/000000000000/q', region: eu-north-1 }", ["sqs"]),
    ],
)
def test_a_broker_that_cannot_be_reached_is_told_at_the_deploy(
    gateway: Gateway, queue: Queue, trigger: str, words: list[str]
) -> None:
    deploy = gateway.put("broken", worker("broken", f"queue: {trigger}"))

    assert deploy.code == "triggerFailed"
    text = json.dumps(deploy.problem)
    for word in words:
        assert word in text
    assert "hidden" not in text
    assert gateway.request("GET", "/v1/functions/broken").status == 404
    others_are_served(queue)


@pytest.mark.parametrize(
    ("trigger", "word"),
    [
        ("queue: { name: q-a, batch: 2 }", "concurrency"),
        ("queue: { name: q-a, dead: q-a }", "dead"),
        ("queue: { name: q-a, attempts: 0 }", "attempts"),
        ("queue: { name: q-a, backoff: 5m..1s }", "backoff"),
        ("queue: { name: q-a, backof: 1s..2s }", "backof"),
        ("queue: { }", "name"),
        ("queue: { name: q-a, broker: 'nats://127.0.0.1' }", "broker"),
        ("queue: { broker: 'kafka://127.0.0.1' }", "kafka"),
        ("queue: { broker: 'redis://127.0.0.1' }", "stream"),
        ("queu: { name: q-a }", "queue"),
    ],
)
def test_a_trigger_that_cannot_be_is_refused_with_the_reason(
    gateway: Gateway, trigger: str, word: str
) -> None:
    deploy = gateway.put("wrong", worker("wrong", trigger))

    assert (deploy.status, deploy.code) == (400, "manifestInvalid")
    assert word in json.dumps(deploy.problem)


# Accounts.


@pytest.fixture
def adas(make_gateway: MakeGateway) -> Queue:
    """The queue of a function of Ada's, whose key is in use."""
    gateway = make_gateway(config=WITH_KEYS)
    gateway.start()
    gateway.token = KEYS["ada"]
    triggers = ("queue: { name: q-adas }", "schedule: { cron: '@daily' }")
    gateway.deploy(worker("adas", *triggers))
    return Queue(gateway, "q-adas")


def test_a_queue_is_its_accounts_own(adas: Queue) -> None:
    gateway = adas.gateway
    identity = adas.send({"fails": 1, "how": "refuses"})
    waiting = adas.send({}, X_Delay="1h")
    died(gateway, identity)
    called = gateway.request("POST", "/async-function/adas", "{}", {"Content-Type": "a/json"})
    assert called.status == 202
    ended(gateway, called.json()["id"])

    for token, statuses in ((KEYS["bob"], (403, 404)), (None, (401,))):
        gateway.token = token
        for method, path in (
            ("GET", adas.path),
            ("POST", f"{adas.path}/messages"),
            ("GET", f"{adas.path}/dead"),
            ("GET", f"{adas.path}-dead/dead"),
            ("POST", f"{adas.path}/redrive"),
            ("POST", f"{adas.path}/purge"),
            ("POST", f"{adas.path}/purge?dead=true"),
            ("POST", f"{adas.path}-dead/messages"),
            ("DELETE", f"{adas.path}-dead"),
            ("POST", "/async-function/adas"),
            ("GET", f"/v1/invocations/{identity}"),
            ("GET", f"/v1/invocations/{waiting}"),
            ("GET", f"/v1/invocations/{called.json()['id']}/result"),
        ):
            answer = gateway.request(method, path, "{}" if method == "POST" else None)
            assert answer.status in statuses, (method, path, answer)
            assert b"the number" not in answer.body
    gateway.token = KEYS["bob"]
    assert gateway.get("/v1/queues")["queues"] == []
    assert gateway.get("/v1/schedules")["schedules"] == []

    gateway.token = KEYS["ada"]
    counts = adas.report()
    assert (counts["delayed"], counts["dead"], counts["enqueued"]) == (1, 1, 2)
    assert [one["name"] for one in gateway.get("/v1/schedules")["schedules"]] == ["adas"]


@pytest.mark.parametrize(
    "queue",
    [
        "{ name: q-adas }",
        "{ name: q-bobs, dead: q-adas }",
        "{ name: q-adas-dead }",
        "{ name: q-bobs, dead: q-adas-dead }",
        "{ name: adas-dead }",
    ],
)
def test_no_account_gets_anothers_messages_by_naming_its_queue(adas: Queue, queue: str) -> None:
    gateway = adas.gateway
    died(gateway, adas.send({"fails": 1, "how": "refuses"}))
    headers = {"Content-Type": "application/json"}
    asked = '{"fails": 1, "how": "refuses"}'
    called = gateway.request("POST", "/async-function/adas", asked, headers)
    died(gateway, called.json()["id"])

    gateway.token = KEYS["bob"]
    deploy = gateway.put("bobs", worker("bobs", f"queue: {queue}"))

    assert deploy.code == "queueInUse"
    refused(gateway.request("GET", adas.path), 404, "queueNotFound")
    gateway.token = KEYS["ada"]
    assert len(adas.dead()) == 1


def test_what_a_removed_function_left_is_still_its_accounts(adas: Queue) -> None:
    gateway = adas.gateway
    adas.send({}, X_Delay="1h")
    gateway.remove("adas")

    gateway.token = KEYS["bob"]
    deploy = gateway.put("bobs", worker("bobs", "queue: { name: q-adas }"))

    assert deploy.code == "queueInUse"
    refused(gateway.request("GET", adas.path), 404, "queueNotFound")
    gateway.token = KEYS["ada"]
    assert adas.report()["depth"] == 1
