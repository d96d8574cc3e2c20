"""A small HTTP server with canned answers, to try the client and the commands against.

Prints its port and ends when its standard input does. What is tested is what stands on the other
side: how answers are read, streamed, printed and turned into exit statuses.
"""

import http.server
import io
import json
import sys
import tarfile
import threading

from canned_answers import (
    BROKER,
    DEAD,
    DESCRIPTION,
    ID,
    LETTER,
    NODE,
    QUEUE,
    REPORTS,
    RETRYING,
    REVISIONS,
    ROLLED,
    ROLLING,
    ROW,
    SCHEDULE,
    STATEMENT,
    STEERED,
    STEERING,
    SUMMARY,
)


def log(text, level="stdout"):
    return {"atMicros": 1769860800000000, "level": level, "text": text, "invocation": ID}


def step(name, millis, **more):
    return {"step": name, "message": f"{name} it", "elapsedMillis": millis} | more


def problem(status, code, detail, **more):
    return {
        "type": f"urn:faas:problem:{code}",
        "title": code,
        "status": status,
        "code": code,
        "detail": detail,
    } | more


def bundle(files):
    """A tar archive as a function folder packs."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, text in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return data.getvalue()


FILES = {"function.yaml": "name: hello\n", "handler.py": "one\n", "old.txt": "gone\n"}
BUNDLES = {
    "7": bundle(FILES),
    "8": bundle({"function.yaml": "name: hello\n", "handler.py": "two\n", "new.txt": "here\n"}),
    "9": bundle(FILES),
}


class Gateway(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A head and its body are written apart, and the second is not to wait for the first's receipt.
    disable_nagle_algorithm = True

    def parse_request(self):
        """Below /site this is a web server like any other."""
        is_good = super().parse_request()
        if is_good and self.path.startswith("/site/"):
            self.command = "PAGE"
        return is_good

    def do_PAGE(self):
        self.body()
        self.answer(200, b"<h1>Welcome</h1>", "text/html")

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, content_type="application/json", headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, *arguments, **more):
        value = problem(*arguments, **more)
        headers = [("X-Invocation-Id", ID)] if "/function/" in self.path else []
        self.answer(value["status"], value, "application/problem+json", headers)

    def stream(self, pieces, content_type="application/x-ndjson", headers=(), complete=True):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if complete:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def lines(self, values, **more):
        # Cut anywhere, so that lines arrive in pieces.
        data = b"".join(json.dumps(value).encode() + b"\n" for value in values)
        self.stream([data[at : at + 50] for at in range(0, len(data), 50)], **more)

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/v1/functions/hello/logs":
            if "follow=true" in query:
                return self.lines([log(f"line {n}") for n in range(3)])
            return self.lines([log(query or "no query"), log("\x1b[31mred", "stderr")])
        if path == "/v1/usage" and "from=" in query:
            return self.answer(200, STATEMENT | {"rows": [ROW, ROW | {"key": query}]})
        if path.startswith("/v1/functions/hello/revisions/"):
            data = BUNDLES.get(path.split("/")[5])
            if data:
                return self.answer(200, data, "application/x-tar")
            return self.refuse(404, "revisionNotFound", "There is no revision 5 of hello.")
        answers = {
            "/v1/functions": {"functions": [SUMMARY]},
            "/v1/functions/hello": DESCRIPTION,
            "/v1/functions/rolled": ROLLED,
            "/v1/functions/steers": STEERED,
            "/v1/functions/hello/revisions": {"revisions": REVISIONS},
            "/v1/functions/hello/traffic": {"name": "hello", "traffic": ROLLING},
            "/v1/usage": STATEMENT,
            "/v1/queues": {"queues": [BROKER, QUEUE]},
            "/v1/queues/patients": QUEUE,
            "/v1/queues/patients/dead": {"letters": [LETTER], "more": "limit=1" in query},
            "/v1/queues/empty/dead": {"letters": [], "more": False},
            "/v1/schedules": {"schedules": [SCHEDULE]},
            "/v1/node": NODE,
            "/v1/pools": {"pools": []},
            "/healthz": {"state": "ok", "version": self.headers.get("Authorization", "none")},
        }
        if path in answers:
            return self.answer(200, answers[path])
        if path.startswith("/v1/invocations/"):
            return self.invocation(path.split("/")[3], path.endswith("/result"), query)
        if path.startswith("/v1/queues/"):
            return self.refuse(404, "queueNotFound", "There is no queue `nobody`.")
        if path == "/v1/functions/plain":
            return self.answer(404, b"<h1>no</h1>", "text/html")
        if path == "/v1/functions/strange":
            return self.answer(200, {"hello": "world"})
        self.refuse(404, "functionNotFound", "There is no function `nobody`.")

    def invocation(self, identity, is_result, query):
        report = REPORTS.get(identity)
        if is_result and report is DEAD:
            return self.refuse(500, "handlerRaised", "ValueError: no")
        if is_result and report is RETRYING:
            return self.answer(202, report, headers=[("X-Call-Id", identity)])
        if is_result and report:
            headers = [("X-Invocation-Id", identity), ("X-Start-Kind", "fork")]
            return self.answer(202, {"query": query}, headers=headers)
        if report:
            return self.answer(200, report)
        code = "resultNotFound" if is_result else "invocationNotFound"
        self.refuse(404, code, "There is none.")

    def do_DELETE(self):
        if self.path in ("/v1/functions/hello", "/v1/queues/old"):
            self.send_response(204)
            return self.end_headers()
        if self.path == "/v1/queues/patients":
            return self.refuse(409, "queueInUse", "1,234 messages wait in it.")
        self.refuse(404, "functionNotFound", "There is no function `nobody`.")

    def do_PUT(self):
        data = self.body()
        path, _, query = self.path.partition("?")
        if path.endswith("/traffic"):
            traffic = json.loads(data)
            traffic["parts"].sort(key=lambda part: -part["number"])
            if any(part["number"] == 5 for part in traffic["parts"]):
                return self.refuse(404, "revisionNotFound", "There is no revision 5 of hello.")
            return self.answer(200, {"name": "hello", "traffic": traffic})
        name = path.rsplit("/", 1)[1]
        steps = [step("received", 1), step("load", 40, detail=f"{len(data)} bytes")]
        done = step("done", 1200, function=DESCRIPTION | {"name": name})
        if name == "busy":
            return self.refuse(409, "deployInProgress", "Another deploy is under way.")
        if name == "faulty":
            fault = {"message": "unknown key", "file": "function.yaml", "line": 3}
            return self.refuse(400, "manifestInvalid", "1 fault", errors=[fault])
        if name == "broken":
            failure = problem(422, "moduleNotFound", "No module named 'numpy'")
            return self.lines([*steps, step("failed", 60, problem=failure)])
        if name == "lost":
            return self.lines(steps)
        if name == "tried":
            detail = "input: {}\nanswer: {}"
            return self.lines([*steps, step("sample", 50, detail=detail), done])
        if name == "origin":
            return self.lines([done | {"message": query, "function": None}])
        if name == "canary":
            return self.lines([*steps, done | {"function": ROLLED | {"name": name}}])
        if name == "bad":
            return self.lines([done | {"unchanged": True, "function": ROLLED | {"name": name}}])
        if name == "steers":
            return self.lines([done | {"function": STEERED}])
        if name == "same":
            return self.lines([done | {"unchanged": True}])
        self.lines([*steps, done])

    def do_POST(self):
        data = self.body()
        headers = [
            ("X-Invocation-Id", ID),
            ("X-Start-Kind", "warm"),
            ("Server-Timing", "queue;dur=0.012, start;dur=0, run;dur=3.4"),
        ]
        name = self.path.rsplit("/", 1)[1]
        kind = self.headers["Content-Type"]
        if name in ("rollback", "promote"):
            number = json.loads(data).get("number") or {"rollback": 7, "promote": 8}[name]
            traffic = {"parts": [{"number": number, "share": 10000}]}
            return self.answer(200, {"name": "hello", "traffic": traffic})
        if self.path.startswith("/v1/queues/"):
            return self.queue(self.path.split("/")[3], name, data, kind)
        if self.path.startswith("/async-function/"):
            identity = {"slow": RETRYING["id"], "raises": DEAD["id"]}.get(name, ID)
            if name == "nobody":
                return self.refuse(404, "functionNotFound", "There is no function `nobody`.")
            if self.headers.get("X-Callback-Url") == "http://169.254.169.254/":
                return self.refuse(400, "callbackInvalid", "169.254.169.254 is link-local.")
            return self.answer(202, {"id": identity}, headers=[("X-Call-Id", identity)])
        if name == "echo":
            return self.answer(200, data, kind, headers)
        if name == "size":
            return self.answer(200, [len(data), kind], headers=headers)
        if name == "image":
            return self.stream([b"\x89PNG\r\n", b"\0\0", b"end"], "image/png", headers)
        if name == "stream":
            return self.stream([b"one\n", b"two\n"], "text/plain", headers)
        if name == "torn":
            return self.stream([b"one\n"], "text/plain", headers, complete=False)
        if name == "early":
            timing = ("Server-Timing", "queue;dur=0.012, start;dur=0, run;dur=0")
            return self.stream([b"one\n"], "text/plain", [*headers[:2], timing])
        if name == "fields":
            names = ("X-Revision", "X-Sticky-Key", "X-Tag")
            return self.answer(200, [self.headers.get(each) for each in names], headers=headers)
        if name == "teapot":
            return self.answer(418, b"I am a teapot", "text/plain", headers)
        if name == "raises":
            return self.refuse(500, "handlerRaised", "ValueError: no")
        if name == "steers":
            fault = {"message": f"fault {STEERING}"}
            detail = f"ValueError: {STEERING}\nline 2"
            return self.refuse(500, "handlerRaised", detail, errors=[fault])
        if name == "full":
            return self.refuse(429, "queueFull", "256 are waiting.", retryAfterSeconds=2)
        self.refuse(404, "functionNotFound", f"There is no function `{name}`.")

    def queue(self, queue, verb, data, kind):
        """Answers with ids that tell what arrived, or as the queue's name says."""
        if verb == "redrive":
            return self.answer(200, {"moved": 3, "removed": 0})
        if verb.startswith("purge"):
            return self.answer(200, {"moved": 0, "removed": 1 if "dead=true" in verb else 1234})
        if queue == "nobody":
            return self.refuse(404, "queueNotFound", "There is no queue `nobody`.")
        if kind == "application/x-ndjson":
            bodies = data.decode().splitlines()
        elif kind == "application/vnd.faas.messages+json":
            bodies = [json.dumps(each, sort_keys=True) for each in json.loads(data)]
        else:
            marks = [self.headers.get(f"X-{mark}") for mark in ("Group", "Delay")]
            bodies = [f"{kind} {len(data)} {' '.join(filter(None, marks))}".strip()]
        for number, body in enumerate(bodies, start=1):
            if "bad" in body:
                fault = {"message": "not JSON", "line": number}
                return self.refuse(400, "messageInvalid", "A line is wrong.", errors=[fault])
            if "full" in body:
                return self.refuse(507, "storageFull", "1 MiB is free.")
            if "later" in body:
                return self.refuse(429, "queueFull", "It is full.", retryAfterSeconds=601)
            if "torn" in body:
                self.close_connection = True
                return None
        seen = 1 if self.headers.get("X-Deduplication-Id") == "seen" else 0
        if queue == "echo":
            return self.answer(202, {"ids": bodies, "duplicates": seen})
        self.answer(202, {"ids": [ID] * len(bodies), "duplicates": seen})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
