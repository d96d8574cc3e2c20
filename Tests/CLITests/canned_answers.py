"""What the canned gateway knows: one function, its revisions, invocations, queues, the node."""

ID = "018f2c6e-4d3a-7abc-8def-0123456789ab"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ORIGIN = {
    "repository": "models",
    "branch": "main",
    "commit": COMMIT,
    "author": "Anna <anna@example.org>",
    "subject": "Greet in two languages",
    "deployedBy": "anna@box",
}
FALLBACK = {
    "from": 7,
    "to": 6,
    "digest": "cd" * 32,
    "reason": "21.3% of 94 answers failed (20 failed), over maxErrorRate 1%",
    "atMicros": 1769860800000000,
}
COUNTS = {"idle": 1, "busy": 0, "starting": 0, "parked": 0, "waiting": 0, "zygote": "ready"}
SUMMARY = {
    "name": "hello",
    "revision": "hello-7",
    "account": "local",
    "digest": "ab" * 32,
    "origin": {},
    "deployedAtMicros": 1769860800000000,
    "state": "warm",
    "pool": COUNTS,
    "url": "http://127.0.0.1:8080/function/hello",
}
DESCRIPTION = SUMMARY | {
    "revisionNumber": 7,
    "traffic": {"parts": [{"number": 7, "share": 10000}]},
    "image": "host",
    "limits": {
        "memoryMiB": 256,
        "cpuMillis": 500,
        "gpuMemoryMiB": 0,
        "processes": 64,
        "payloadBytes": 6291456,
    },
    "timeout": {"totalMillis": 30000, "firstByteMillis": 30000, "idleMillis": 10000},
    "scale": {"min": 0, "max": 8, "concurrency": 1, "keepAliveMillis": 60000, "queue": 256},
    "network": "none",
    "isolation": "zygote",
    "triggers": [],
    "runtime": {
        "handlerKind": "predict",
        "schema": {"input": {"type": "object"}},
        "streamsInput": False,
        "hasAttach": False,
        "threads": [],
        "forkable": True,
        "importMicros": 21000,
        "loadMicros": 1500,
        "zygoteMemoryBytes": 9000000,
    },
}
# What a function may make of its own words on a terminal: its title, and what stands there.
STEERING = "\x1b]0;owned\x07\x9b2J"
STEERED = DESCRIPTION | {
    "runtime": DESCRIPTION["runtime"]
    | {
        "threads": [f"thread {STEERING}"],
        "forkable": False,
        "forkableReason": f"reason {STEERING}",
        "schema": {"input": {"title": f"schema {STEERING}"}},
    }
}
ROLLING = {
    "parts": [{"number": 8, "share": 500}, {"number": 7, "share": 9500}],
    "rollout": {"candidate": 8, "baseline": 7, "step": 0, "beganAtMicros": 1769864380000000},
    "fallback": FALLBACK,
}
POLICY = {
    "canary": 500,
    "steps": [2500, 10000],
    "everyMillis": 120000,
    "maxErrorRate": 100,
    "maxLatencyFactor": 1.5,
}
# One that is being rolled out, from a commit, and whose probe fails.
ROLLED = DESCRIPTION | {
    "origin": ORIGIN,
    "traffic": ROLLING,
    "state": "failed",
    "failure": "The sample was answered 2, not 1.",
    "rollout": POLICY,
    "probe": {"everyMillis": 300000},
    "model": {"source": "s3://models/hello.bin", "sha256": "ef" * 32},
}
REVISIONS = [
    {
        "revision": f"hello-{number}",
        "number": number,
        "digest": f"{number}{number}" * 32,
        "origin": ORIGIN if number == 8 else {},
        "deployedAtMicros": 1769860800000000,
        "isKept": number > 6,
    }
    | ({"share": share} if share else {})
    for number, share in ((8, 500), (7, 9500), (6, None))
]
ROW = {
    "key": "hello",
    "invocations": 3,
    "attempts": 4,
    "failures": 1,
    "billedMillis": 1234,
    "memoryMiBMillis": 315904,
    "gpuMemoryMiBMillis": 0,
    "bytesIn": 60,
    "bytesOut": 2048,
    "costNanos": 42,
}
STATEMENT = {"grouping": "function", "rows": [ROW], "total": ROW | {"key": "total"}}
STATEMENT["currency"] = "EUR"
REPORT = {
    "id": ID,
    "function": "hello",
    "revision": "hello-7",
    "account": "local",
    "trigger": "http",
    "state": "ended",
    "outcome": "completed",
    "startKind": "fork",
    "status": 200,
    "acceptedAtMicros": 1769860800000000,
    "timings": {"queueMicros": 12, "startMicros": 1100, "runMicros": 3400},
    "billedMillis": 4,
    "costNanos": 42,
    "currency": "EUR",
    "attempts": 1,
    "explanation": ["It was forked from the zygote, because no instance was idle."],
    "attemptReports": [],
}
ATTEMPT = {
    "attempt": 1,
    "revision": "hello-6",
    "startKind": "cold",
    "outcome": "failed",
    "acceptedAtMicros": 1769860800000000,
    "timings": {"queueMicros": 12, "startMicros": 1100, "runMicros": 3400},
    "billedMillis": 4,
    "costNanos": 42,
    "message": "ValueError: no\nsecond line",
}
RETRYING = REPORT | {
    "id": ID.replace("018f", "0190"),
    "trigger": "queue:patients",
    "state": "retrying",
    "outcome": "failed",
    "message": "ValueError: no",
    "enqueuedAtMicros": 1769860790000000,
    "queue": "patients",
    "nextAttemptAtMicros": 1769864408000000,
    "attemptReports": [ATTEMPT],
}
DEAD = RETRYING | {
    "id": ID.replace("018f", "0191"),
    "state": "dead",
    "attempts": 2,
    "attemptReports": [ATTEMPT, ATTEMPT | {"attempt": 2, "startKind": "warm"}],
}
del DEAD["nextAttemptAtMicros"]
REPORTS = {report["id"]: report for report in (REPORT, RETRYING, DEAD)}
QUEUE = {
    "name": "patients",
    "function": "diabetes",
    "source": "embedded",
    "depth": 1236,
    "ready": 1234,
    "delayed": 0,
    "inFlight": 2,
    "dead": 3,
    "deadQueue": "patients-dead",
    "oldestAgeMillis": 61000,
    "enqueued": 2000,
    "completed": 761,
    "retried": 5,
    "deadLettered": 3,
    "perSecond": 12.5,
}
BROKER = QUEUE | {
    "name": "events",
    "source": "nats://127.0.0.1:4222",
    "lastError": "nats: connection refused",
    "perSecond": 0,
}
LETTER = {
    "id": ID,
    "queue": "patients",
    "function": "diabetes",
    "enqueuedAtMicros": 1769860800000000,
    "diedAtMicros": 1769864100000000,
    "attempts": 5,
    "reason": {"code": "handlerRaised", "detail": "ValueError: no\nsecond line"},
    "contentType": "application/json",
    "bytes": 2048,
    "preview": '{"text": "' + "long " * 20 + '"}',
}
SCHEDULE = {
    "name": "every-five",
    "function": "hello",
    "cron": "*/5 * * * *",
    "zone": "Europe/Stockholm",
    "missed": "once",
    "lastAtMicros": 1769864100000000,
    "next": [1769864700000000, 1769865000000000],
    "nextLocal": ["2026-01-31T14:05:00+01:00", "2026-01-31T14:10:00+01:00"],
}
NODE = {
    "version": "0.1.0",
    "cgroupLayout": "v2",
    "seccomp": True,
    "gpus": [],
    "dataFolder": "/var/lib/faas",
    "diskFreeBytes": 1 << 40,
    "uptimeSeconds": 65,
    "checks": [{"name": "ledger", "state": "ok", "message": "writes in 40 us"}],
}
