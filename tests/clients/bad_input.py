#!/usr/bin/env python3
"""Sends what no client should send, to every operation that the server describes in /api/schema/.

    bad_input.py --url URL --token STAFF_TOKEN --stranger-token TOKEN [--pid PID] [--body-mb 100] [--only REGEX]

Rules that hold for every answer: below 500; within the time limit; JSON wherever there is an error body; a 400 about a field names the
field; nothing is written by a refused request (every list is counted before and after); the server is alive at the end and, where
its process id is known, hasn't kept the large bodies in memory. The stranger is a user without any role: every write of theirs on
somebody else's thing must be refused, whatever the body.

Requests go over plain sockets: a proper HTTP library refuses to send most of this. Nothing here deletes or changes a thing on
purpose: real ids are only used by staff where the body can't be right, and by the stranger, who may not do anything.
"""

import argparse
import json
import re
import select
import socket
import sys
import time
import urllib.parse
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field

WRITES = ("post", "put", "patch", "delete")
NOBODY = "0" * 31 + "7"  # an id of nothing

# Operations left out, and why.
EXCLUDED = {
    ("post", "/api-auth/logout/"): "ends the session that the rest needs",
}
# What a stranger may write, because it is their own or nobody's, or because whoever has the link may: a public invitation is answered,
# and a page shows a part of the address for which an invitation is.
OPEN_TO_ALL = re.compile(r"^/api/user-invitations/\{uuid\}/check/$|^/api/user-group-invitations/\{uuid\}/submit_request/$|^/api-auth/|^/api/(keys|users/confirm_email|hooks-email|hooks-web|personal-access-tokens|event-subscriptions|second-factors/totp|sessions/end_others|user-actions/bulk_silence)/$|^/api/users/me/")
# Lists that grow by being asked, or by refusals, which are on record.
MOVING = re.compile(r"^/api/(events|events-stats|auth-tokens|data-access-logs)/")


@dataclass
class Answer:
    status: int  # 0: the connection was closed without an answer
    headers: dict[str, str]
    body: bytes
    seconds: float

    def json(self):
        return json.loads(self.body)


class Wire:
    """One kept connection to the server, reopened when it closes."""

    def __init__(self, url: str, limit: float) -> None:
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.limit = parts.hostname, parts.port or 80, limit
        self.socket: socket.socket | None = None

    def connect(self) -> socket.socket:
        if self.socket is None:
            self.socket = socket.create_connection((self.host, self.port), timeout=self.limit)
        return self.socket

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def send(self, method: str, target: str | bytes, token: str | None, body: bytes | None = None, headers=(), stream=None) -> Answer:
        """`stream` gives chunks of a body that is sent in pieces while listening for an early answer."""
        for attempt in (1, 2):  # the kept connection may have been closed by the server meanwhile
            fresh = self.socket is None
            started = time.monotonic()
            try:
                answer = self.once(method, target, token, body, headers, stream() if stream else None)
            except TimeoutError:
                self.close()
                return Answer(-1, {}, b"", time.monotonic() - started)
            except (ConnectionError, BrokenPipeError, OSError):
                self.close()
                if fresh or attempt == 2 or stream:
                    return Answer(0, {}, b"", time.monotonic() - started)
                continue
            answer.seconds = time.monotonic() - started
            return answer
        raise AssertionError

    def once(self, method, target, token, body, headers, stream) -> Answer:
        target = target if isinstance(target, bytes) else target.encode("latin-1", "replace")
        lines = [method.encode() + b" " + target + b" HTTP/1.1", f"Host: {self.host}:{self.port}".encode()]
        if token:
            lines.append(b"Authorization: Token " + token.encode())
        names = set()
        for name, value in headers:
            names.add(name.lower() if isinstance(name, str) else name)
            lines.append((name.encode() if isinstance(name, str) else name) + b": " + (value.encode() if isinstance(value, str) else value))
        if "accept" not in names:
            lines.append(b"Accept: application/json")
        if body is not None and "content-length" not in names:
            lines.append(f"Content-Length: {len(body)}".encode())
        if body is None and stream is None and method in ("POST", "PUT", "PATCH"):
            lines.append(b"Content-Length: 0")
        connection = self.connect()
        data = b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")
        deadline = time.monotonic() + self.limit
        early = False
        try:
            connection.sendall(data)
            for piece in stream or ():
                if select.select([connection], [], [], 0)[0]:
                    early = True  # the server has already answered; it need not read the rest
                    break
                connection.sendall(piece)
                if time.monotonic() > deadline:
                    raise TimeoutError
        except (ConnectionError, BrokenPipeError):
            early = True  # closed while we were sending: the answer may still be there to read
        answer = self.read(connection, method, deadline)
        if early or answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def read(self, connection, method: str, deadline: float) -> Answer:
        data = b""

        def more() -> bytes:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionError("closed")
            return piece

        while b"\r\n\r\n" not in data:
            data += more()
        head, data = data.split(b"\r\n\r\n", 1)
        first, *rest = head.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1])
        headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in rest if ":" in line}
        if method == "HEAD" or status in (204, 304) or 100 <= status < 200:
            return Answer(status, headers, b"", 0)
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while True:
                while b"\r\n" not in data:
                    data += more()
                size, data = data.split(b"\r\n", 1)
                size = int(size.split(b";")[0], 16)
                while len(data) < size + 2:
                    data += more()
                body, data = body + data[:size], data[size + 2 :]
                if size == 0:
                    return Answer(status, headers, body, 0)
        size = headers.get("content-length")
        if size is None:
            try:
                while True:
                    data += more()
            except ConnectionError:
                self.close()
        else:
            while len(data) < int(size):
                data += more()
        return Answer(status, headers, data, 0)


@dataclass
class Operation:
    method: str
    path: str
    spec: dict
    schema: dict = field(default_factory=dict)  # of the JSON body

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"


class Run:
    def __init__(self, args) -> None:
        self.args = args
        self.wire = Wire(args.url, args.limit)
        self.failures: dict[str, list[str]] = defaultdict(list)
        self.statuses: dict[str, Counter] = defaultdict(Counter)
        self.slowest = (0.0, "")
        self.sent = self.closed = self.named = self.unnamed = 0
        self.accepted: list[str] = []  # writes that the server took
        schema = self.wire.send("GET", "/api/schema/", args.token)
        if schema.status != 200:
            sys.exit(f"bad_input: /api/schema/ answers {schema.status}")
        try:
            self.description = schema.json()
        except ValueError:
            import yaml

            self.description = yaml.safe_load(schema.body)
        self.operations = [
            Operation(method, path, spec, self.body_schema(spec))
            for path, methods in sorted(self.description["paths"].items())
            for method, spec in methods.items()
            if method in ("get", "head", *WRITES) and (method, path) not in EXCLUDED and re.search(args.only, path)
        ]
        self.ids = self.real_ids()

    # --- the description ---

    def resolve(self, schema: dict) -> dict:
        for _ in range(8):
            if "$ref" in schema:
                at = self.description
                for part in schema["$ref"].lstrip("#/").split("/"):
                    at = at.get(part, {})
                schema = at
            elif len(schema.get("allOf", [])) == 1:
                schema = {**self.resolve(schema["allOf"][0]), **{k: v for k, v in schema.items() if k != "allOf"}}
            else:
                break
        return schema

    def body_schema(self, spec: dict) -> dict:
        content = self.resolve(spec.get("requestBody") or {}).get("content", {})
        return self.resolve((content.get("application/json") or {}).get("schema") or {})

    def parameters(self, operation: Operation, where: str) -> list[dict]:
        both = self.description["paths"][operation.path].get("parameters", []) + operation.spec.get("parameters", [])
        return [p for p in map(self.resolve, both) if p.get("in") == where]

    def real_ids(self) -> dict[str, list[str]]:
        """A few ids of every list that staff sees; the last path segment of `url`, else `uuid`."""
        found = {}
        for operation in self.operations:
            if operation.method != "get" or "{" in operation.path:
                continue
            answer = self.send("GET", operation.path, what="reading ids", good=True)
            if answer.status != 200:
                continue
            try:
                items = answer.json()
            except ValueError:
                continue
            ids = []
            for item in items if isinstance(items, list) else []:
                if not isinstance(item, dict):
                    continue
                if isinstance(item.get("uuid"), str):
                    ids.append(item["uuid"])
                elif isinstance(item.get("url"), str):
                    ids.append(item["url"].rstrip("/").rsplit("/", 1)[-1])
            if ids:
                found[operation.path] = ids
        return found

    def fill(self, path: str, real: bool, value: str = NOBODY) -> str | None:
        """The path with ids in it: real ones (none if there are none), or `value` everywhere."""
        while (match := re.search(r"\{[^}]+\}", path)) is not None:
            chosen = value
            if real:
                known = self.ids.get(path[: match.start()])
                if not known:
                    return None
                chosen = known[-1]
            path = path[: match.start()] + chosen + path[match.end() :]
        return path

    # --- one request ---

    def fail(self, where: str, what: str) -> None:
        if len(self.failures[where]) < 5:
            print(f"FAIL {where}: {what}", flush=True)
        self.failures[where].append(what)

    def send(self, method: str, target, *, what: str, where: str = "", token="staff", good=False, expect=None, **more) -> Answer:
        token = {"staff": self.args.token, "stranger": self.args.stranger_token, None: None}.get(token, token)
        answer = self.wire.send(method.upper(), target, token, **more)
        self.sent += 1
        shown = target if isinstance(target, str) else repr(target)
        where = where or f"{method.upper()} {shown.split('?')[0][:90]}"
        group = what.split(":")[0]
        self.statuses[group][answer.status] += 1
        if answer.seconds > self.slowest[0]:
            self.slowest = (answer.seconds, f"{where}, {what}")
        if answer.status == -1:
            self.fail(where, f"{what}: no answer within {self.args.limit:.0f} s")
        elif answer.status == 0:
            self.closed += 1
        elif answer.status >= 500:
            self.fail(where, f"{what}: {answer.status} {answer.body[:200]!r}")
        elif answer.status >= 400:
            if answer.body:
                try:
                    answer.json()
                except ValueError:
                    self.fail(where, f"{what}: {answer.status} with a body that is no JSON: {answer.body[:120]!r}")
            elif method.upper() != "HEAD" and answer.status not in (400, 408, 413, 414, 431):
                # below HTTP (a broken request line or header) the server may close with a bare status
                self.fail(where, f"{what}: {answer.status} without a body")
        if method.upper() in ("POST", "PUT", "PATCH", "DELETE") and 200 <= answer.status < 300:
            self.accepted.append(f"{where}, {what}")
        if expect and 0 < answer.status < 500 and not expect(answer.status):
            self.fail(where, f"{what}: answered {answer.status} {answer.body[:160]!r}")
        return answer

    # --- what is sent ---

    def wrong_bodies(self) -> list[tuple[str, bytes, list]]:
        as_json = [("Content-Type", "application/json")]
        deep = self.args.depth
        return [
            ("body: not JSON", b"{", as_json),
            ("body: not JSON", b'{"name": "x",}', as_json),
            ("body: not JSON", b"name=x", as_json),
            ("body: not JSON", b'{"name": NaN, "amount": Infinity}', as_json),
            ("body: two values", b'{"name": "x"} {"name": "y"}', as_json),
            ("body: not an object", b"null", as_json),
            ("body: not an object", b"[]", as_json),
            ("body: not an object", b"[1, [2], {}]", as_json),
            ("body: not an object", b'"text"', as_json),
            ("body: not an object", b"12", as_json),
            ("body: not an object", b"true", as_json),
            ("body: invalid UTF-8", b'{"name": "\xff\xfe\xfd"}', as_json),
            ("body: invalid UTF-8", b'{"\xc3\x28": "x"}', as_json),
            ("body: overlong UTF-8", b'{"name": "\xc0\xaf\xe0\x80\xaf"}', as_json),
            ("body: lone surrogate", b'{"name": "\\ud800"}', as_json),
            ("body: NUL bytes", b"\x00" * 40, as_json),
            ("body: NUL in text", b'{"name": "a\\u0000b", "username": "a\\u0000b", "title": "a\\u0000b"}', as_json),
            ("body: UTF-16", '{"name": "x"}'.encode("utf-16"), as_json),
            ("body: byte order mark", b'\xef\xbb\xbf{"name": 1}', as_json),
            ("body: deep arrays", b"[" * deep + b"]" * deep, as_json),
            ("body: deep arrays, open", b"[" * deep, as_json),
            ("body: deep objects", b'{"a":' * deep + b"1" + b"}" * deep, as_json),
            ("body: deep in a field", b'{"attributes": ' + b'{"a":' * deep + b"1" + b"}" * deep + b"}", as_json),
            ("body: huge integer", b'{"name": ' + b"9" * 5000 + b', "limit": -' + b"9" * 400 + b"}", as_json),
            ("body: huge float", b'{"name": 1e999999, "latitude": -1e400}', as_json),
            ("body: thousand fields", json.dumps({f"field_{i}": i for i in range(1000)}).encode(), as_json),
            ("type: none", b'{"name": 1}', []),
            ("type: text", b'{"name": 1}', [("Content-Type", "text/plain")]),
            ("type: XML", b"<name>x</name>", [("Content-Type", "application/xml")]),
            ("type: odd", b'{"name": [1]}', [("Content-Type", "application/json; charset")]),
            ("type: odd charset", b'{"name": 1}', [("Content-Type", "application/json; charset=klingon")]),
            ("type: odd", b'{"name": [1]}', [("Content-Type", "\xff/;;=")]),
            ("type: multipart without boundary", b"--x\r\n\r\n", [("Content-Type", "multipart/form-data")]),
            ("type: multipart cut off", b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nx', [("Content-Type", "multipart/form-data; boundary=b")]),
            ("type: form, broken escapes", b"name=%zz%&%ff=%00&=&&a", [("Content-Type", "application/x-www-form-urlencoded")]),
            ("type: gzip that isn't", b"\x1f\x8b\x08\x00nonsense", [*as_json, ("Content-Encoding", "gzip")]),
        ]

    def wrong_values(self, schema: dict) -> list[tuple[str, object]]:
        """Values of a wrong type or out of all bounds for a field of this schema."""
        schema = self.resolve(schema)
        kind = schema.get("type")
        values: list[tuple[str, object]] = []
        if kind in ("string", None):
            values += [("an object for text", {"a": 1}), ("a list for text", [1])]
        if kind == "string":
            form = schema.get("format")
            if form in ("date", "date-time"):
                values += [(f"no {form}", v) for v in ("yesterday", "9999-99-99", "0000-00-00T00:00:00Z", "+275760-09-13", "2026-02-30", "", "1e9")]
            elif form == "uuid":
                values += [("no uuid", "x"), ("no uuid", "0" * 33)]
            elif form == "uri":
                values += [("no link", "not a link"), ("a foreign link", "http://elsewhere.example/api/users/1/"), ("a link to nothing", f"{self.args.url}/api/users/{NOBODY}/")]
            elif form == "email":
                values += [("no address", "x"), ("an over-long address", "x" * 5000 + "@example.org")]
            if schema.get("enum") or any("enum" in self.resolve(o) for o in schema.get("oneOf", [])):
                values += [("no choice", "no such choice")]
            if schema.get("maxLength"):
                values += [("over-long text", "x" * (schema["maxLength"] + 1)), ("over-long text", "\U0001f600" * (schema["maxLength"] + 1))]
        elif kind == "integer":
            values += [("no number", "x"), ("no number", {}), ("too large", 10**40), ("too large", 2**63), ("a fraction", 1.5)]
        elif kind == "number":
            values += [("no number", "x"), ("no number", [])]
        elif kind == "boolean":
            values += [("no boolean", "perhaps"), ("no boolean", {}), ("no boolean", 7)]
        elif kind == "array":
            values += [("no list", "x"), ("no list", {"a": 1}), ("a list of wrong things", [None, {}, [[]]])]
        elif kind == "object":
            values += [("no object", "x"), ("no object", [1])]
        return values

    # --- the suites ---

    def bodies(self) -> None:
        for operation in self.operations:
            if operation.method not in WRITES or operation.method == "delete":
                continue
            # A real id only where nothing can be accepted; an action that needs no body would just do what it does.
            safe = operation.method == "patch" or bool(self.required(operation))
            target = self.fill(operation.path, safe) or self.fill(operation.path, False)
            for what, body, headers in self.wrong_bodies():
                refused = not what.startswith(("body: thousand", "type: none", "type: odd")) and bool(operation.schema)
                if operation.method == "patch" or not self.required(operation):
                    refused = refused and what.split(":")[1].strip() in ("not JSON", "two values", "invalid UTF-8", "NUL bytes", "XML", "UTF-16")
                expect = (lambda status: 400 <= status < 500) if refused else None
                self.send(operation.method, target, what=what, where=operation.name, body=body, headers=headers, expect=expect)

    def required(self, operation: Operation) -> list[str]:
        properties = operation.schema.get("properties", {})
        return [name for name in operation.schema.get("required", []) if not self.resolve(properties.get(name, {})).get("readOnly")]

    def fields(self) -> None:
        """One field wrong at a time. A 400 must name it, or another field of the body, or the whole (`non_field_errors`, `detail`)."""
        for operation in self.operations:
            properties = operation.schema.get("properties") or {}
            if operation.method not in ("post", "put", "patch") or not properties:
                continue
            target = self.fill(operation.path, True) or self.fill(operation.path, False)
            if self.required(operation) and operation.method != "patch":
                answer = self.send(operation.method, target, what="field: all missing", where=operation.name, body=b"{}", headers=JSON, expect=lambda s: 400 <= s < 500)
                self.names(operation, answer, self.required(operation), "all missing")
            unknown = {"no_such_field": 1, "__proto__": {"a": 1}, "constructor": "x", "": 1, "$where": "1", "a.b[c]": 2}
            if self.required(operation):
                self.send(operation.method, self.fill(operation.path, False), what="field: unknown ones only", where=operation.name, body=json.dumps(unknown).encode(), headers=JSON)
            for name, schema in properties.items():
                if self.resolve(schema).get("readOnly"):
                    continue
                for what, value in self.wrong_values(schema):
                    body = json.dumps({name: value}).encode()
                    answer = self.send(operation.method, target, what=f"field: {what}", where=operation.name, body=body, headers=JSON)
                    self.names(operation, answer, [name], f"{name}: {what}")
                key = json.dumps(name).encode()
                twice = b"{" + key + b': [], ' + key + b': {"a": []}}'
                self.send(operation.method, target, what="field: the same key twice", where=operation.name, body=twice, headers=JSON)

    def names(self, operation: Operation, answer: Answer, wanted: list[str], what: str) -> None:
        if answer.status != 400:
            return
        try:
            body = answer.json()
        except ValueError:
            return  # already a failure
        if isinstance(body, dict) and set(wanted) & set(body):
            self.named += 1
        elif isinstance(body, dict) and set(body) & {*operation.schema["properties"], "non_field_errors", "detail"} or isinstance(body, list) and body:
            self.unnamed += 1
        else:
            self.fail(operation.name, f"{what}: a 400 that names nothing: {answer.body[:160]!r}")

    def read_only(self) -> None:
        """Fields that the server alone sets: ignored or refused, never taken."""
        gets = {o.path for o in self.operations if o.method == "get"}
        planted = {"uuid": uuid.uuid4().hex, "url": "http://elsewhere.example/", "created": "2001-01-01T00:00:00Z"}
        for operation in self.operations:
            if operation.method != "patch" or operation.path not in gets or operation.path.count("{") != 1:
                continue
            target = self.fill(operation.path, True)
            if target is None:
                continue
            before = self.send("GET", target, what="read-only: reading", where=operation.name, good=True)
            self.send("PATCH", target, what="read-only: planted", where=operation.name, body=json.dumps(planted).encode(), headers=JSON)
            after = self.send("GET", target, what="read-only: reading", where=operation.name, good=True)
            if before.status == after.status == 200:
                old, new = before.json(), after.json()
                taken = [k for k in planted if k in old and old[k] != new.get(k)]
                if taken:
                    self.fail(operation.name, f"took read-only fields from the body: {taken}")
            elif before.status == 200:
                self.fail(operation.name, f"after planting read-only fields the thing answers {after.status}")

    def ids_in_paths(self) -> None:
        wrong = [NOBODY, "x", "%00", "%ff%fe", "..%2f..%2fetc%2fpasswd", "%2e%2e", "a" * 3000, "-1", "9" * 40, "null", "%F0%9F%98%80", "' OR 1=1 --".replace(" ", "%20")]
        for operation in self.operations:
            if "{" not in operation.path:
                continue
            # Browsers come back there from a provider: they are led to a page that says what went wrong.
            allowed = (301, 302, 308) if operation.path.startswith("/api-auth/") else (301, 308)
            for value in wrong:
                target = self.fill(operation.path, False, value)
                if "{id}" in operation.path or "{user_id}" in operation.path:
                    continue  # numbered things: fill() takes one that is there
                self.send(
                    operation.method, target, what="path: a wrong id", where=operation.name,
                    body=b"{}" if operation.method in ("post", "put", "patch") else None, headers=JSON,
                    expect=lambda status: 400 <= status < 500 or status in allowed,
                )  # fmt: skip

    def queries(self) -> None:
        absurd = ["", "-1", "0", "abc", "9" * 40, "1e9", "NaN", "%00", "%ff%fe", "a%00b", "%c0%af", "[]", "{}", "%F0%9F%98%80", "x" * 4000]
        pages = ["page=0", "page=-1", "page=abc", "page=" + "9" * 30, "page=1000000000", "page=1.5", "page=", "page=%00", "page_size=0", "page_size=-1",
                 "page_size=" + "9" * 30, "page_size=abc", "page_size=5000", "page=9223372036854775807&page_size=300", "page=1&page=2&page=x"]  # fmt: skip
        dates = ["9999-99-99", "0000-00-00T00:00:00Z", "+275760-09-13T00:00:00Z", "-271821-04-20", "2026-02-30", "99999999999999", "2026-01-01T25:61:61Z", "yesterday", "2026-01-01T00:00:00+99:99"]
        for operation in self.operations:
            if operation.method not in ("get", "head"):
                continue
            target = self.fill(operation.path, True) or self.fill(operation.path, False)
            for query in pages if any(p["name"] == "page" for p in self.parameters(operation, "query")) else pages[:3]:
                self.send(operation.method, f"{target}?{query}", what="query: absurd pages", where=operation.name)
            for parameter in self.parameters(operation, "query"):
                schema = self.resolve(parameter.get("schema") or {})
                values = dates + ["%00", "%ff"] if schema.get("format") in ("date", "date-time") else absurd
                for value in values:
                    self.send(operation.method, f"{target}?{parameter['name']}={value}", what="query: absurd values", where=operation.name)
            for what, query in (
                ("query: thousand filters", "&".join(f"name={i}" for i in range(1000))),
                ("query: thousand unknown", "&".join(f"f{i}={i}" for i in range(1000))),
                ("query: thousand fields", "&".join(f"field=f{i}" for i in range(1000))),
                ("query: thousand states", "&".join(f"state=OK{i}" for i in range(1000))),
                ("query: broken escapes", "a=%&b=%z&%=1&=&&;"),
                ("query: invalid UTF-8 in a name", "%ff=%fe&%00=%00"),
                ("query: orders", "o=no_such&o=-&o=--name&o=,,,&o=name;drop"),
                ("query: field of nothing", "field=&field=%00&field[]=x"),
            ):
                self.send(operation.method, f"{target}?{query}", what=what, where=operation.name)

    def transport(self) -> None:
        """Below the API: request lines, headers, methods, lengths."""
        paths = sorted({o.path for o in self.operations})
        for path in paths:
            offered = {o.method for o in self.operations if o.path == path}
            target = self.fill(path, False)
            for method in ("get", "head", *WRITES, "options", "trace", "FROBNICATE"):
                if method in offered or (method == "head" and "get" in offered) or (method, path) in EXCLUDED:
                    continue
                self.send(method, target, what="method: not offered", where=f"{method.upper()} {path}", expect=lambda s: s < 500)
        path = next((p for p in paths if "{" not in p), "/api/users/")
        bad_headers = [
            ("header: invalid UTF-8", [("X-Odd", b"\xff\xfe\xfd")]),
            ("header: NUL", [("X-Odd", b"a\x00b")]),
            ("header: 100 KB", [("X-Odd", b"x" * 100_000)]),
            ("header: two thousand", [(f"X-{i}", "y") for i in range(2000)]),
            ("header: odd Accept", [("Accept", "image/png;q=zz, */nothing")]),
            ("header: odd language", [("Accept-Language", b"\xff, ,;;q=9")]),
            ("header: odd ranges", [("Range", "bytes=-9999999999999999999"), ("If-Modified-Since", "never"), ("If-None-Match", '"')]),
            ("header: impersonation", [("X-Impersonated-User-Uuid", b"\xff\xfe")]),
            ("header: impersonation", [("X-Impersonated-User-Uuid", NOBODY)]),
            ("header: forwarded", [("X-Forwarded-For", "x, 999.999.999.999, ::::"), ("Forwarded", "for=\x01")]),
            ("header: host", [("Host", "a b")]),
            ("header: odd cookie", [("Cookie", b"sessionid=\xff; =; ;;")]),
        ]
        for what, headers in bad_headers:
            self.send("GET", path, what=what, headers=headers)
        for token in (b"\xff\xfe", b"", b"a b c", b"x" * 50_000, b"0" * 40, b"\x00"):
            for scheme in (b"Token ", b"Bearer ", b"Basic ", b"token", b""):
                self.send("GET", path, what="header: odd credentials", token=None, headers=[("Authorization", scheme + token)], expect=lambda s: s < 500)
        for target in (b"/api/\xff\xfe/", b"/api/users/?name=\xff\xfe", b"/%", b"/api/%zz/", b"//api//users//", b"/api/users/../../etc/passwd", b"/" + b"a" * 60_000, b"*", b"http://elsewhere.example/api/users/", b"/api/users/ x"):
            self.send("GET", target, what="target: odd")
            self.wire.close()
        for length in (b"-1", b"abc", b"99999999999999999999999", b"1, 2"):
            self.send("POST", path, what="length: odd", body=b"{}", headers=[("Content-Type", "application/json"), ("Content-Length", length)])
            self.wire.close()

    def large_bodies(self) -> None:
        """A body of 100 MB, announced and unannounced. Refused with 4xx, or the connection is closed; never read into memory."""
        size = self.args.body_mb * 1024 * 1024
        piece = b"x" * 65536

        def announced():
            yield b'{"name": "'
            for _ in range(size // len(piece)):
                yield piece

        def chunked():
            for _ in range(size // len(piece)):
                yield b"10000\r\n" + piece + b"\r\n"
            yield b"0\r\n\r\n"

        for operation in self.operations:
            if operation.method not in WRITES:
                continue
            target = self.fill(operation.path, False)
            for what, stream, header in (("large: announced", announced, ("Content-Length", str(size + 10))), ("large: chunked", chunked, ("Transfer-Encoding", "chunked"))):
                self.send(
                    operation.method, target, what=what, where=operation.name, headers=[*JSON, header], stream=stream,
                    expect=lambda status: 400 <= status < 500,
                )  # fmt: skip
                self.wire.close()

    def foreign(self) -> None:
        """A user without roles writes to everybody's things: refused, with a body or without, every time."""
        if not self.args.stranger_token:
            return
        me = self.send("GET", "/api/users/me/", token="stranger", what="foreign: who am I", good=True)
        mine = me.json().get("uuid", "") if me.status == 200 else ""
        for operation in self.operations:
            if operation.method not in WRITES or OPEN_TO_ALL.search(operation.path):
                continue
            target = self.fill(operation.path, True)
            if target is None or mine and mine in target:
                continue
            for body in (b"{}", json.dumps({n: None for n in operation.schema.get("properties", {})}).encode(), self.plausible(operation)):
                self.send(
                    operation.method, target, token="stranger", what="foreign: by a stranger", where=operation.name,
                    body=None if operation.method == "delete" else body, headers=JSON, expect=lambda status: 400 <= status < 500,
                )  # fmt: skip
                self.send(
                    operation.method, target, token=None, what="foreign: by nobody", where=operation.name,
                    body=None if operation.method == "delete" else body, headers=JSON, expect=lambda status: 400 <= status < 500,
                )  # fmt: skip

    def plausible(self, operation: Operation) -> bytes:
        """A body with real links and ids of others in it, so that the refusal isn't due to a missing field."""
        body = {}
        for name, schema in operation.schema.get("properties", {}).items():
            schema = self.resolve(schema)
            if schema.get("readOnly"):
                continue
            base = next((p for p in self.ids if p.rstrip("/").rsplit("/", 1)[-1].rstrip("s").replace("-", "_").endswith(name.replace("_uuid", ""))), None)
            kind, form = schema.get("type"), schema.get("format")
            if form == "uri" and base:
                body[name] = f"{self.args.url}{base}{self.ids[base][0]}/"
            elif (form == "uuid" or name in ("user", "role")) and base:
                body[name] = self.ids[base][0]
            elif form == "date-time":
                body[name] = "2030-01-01T00:00:00Z"
            elif form == "date":
                body[name] = "2030-01-01"
            elif schema.get("enum"):
                body[name] = schema["enum"][0]
            elif kind == "string":
                body[name] = "planted"
            elif kind in ("integer", "number"):
                body[name] = 1
            elif kind == "boolean":
                body[name] = True
            elif kind == "object":
                body[name] = {}
            elif kind == "array":
                body[name] = []
        return json.dumps(body).encode()

    # --- around them ---

    def counts(self) -> dict[str, int]:
        """How many things every list holds, for staff."""
        counted = {}
        for operation in self.operations:
            if operation.method == "get" and "{" not in operation.path and any(p["name"] == "page" for p in self.parameters(operation, "query")):
                answer = self.send("HEAD", operation.path, what="count: HEAD", where=operation.name, good=True)
                if answer.status == 200 and answer.headers.get("x-result-count", "").isdigit() and not MOVING.search(operation.path):
                    counted[operation.path] = int(answer.headers["x-result-count"])
        return counted

    def memory(self) -> float:
        if not self.args.pid:
            return 0
        with open(f"/proc/{self.args.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024

    def suite(self, name: str, suite) -> None:
        started, sent, accepted, counted = time.monotonic(), self.sent, len(self.accepted), self.counts()
        suite()
        taken, after = self.accepted[accepted:], self.counts()
        changed = {path: f"{n} → {after.get(path)}" for path, n in counted.items() if after.get(path) != n}
        if changed and not taken:
            self.fail(name, f"refused requests changed how many things there are: {changed}")
        elif changed:
            print(f"note {name}: {changed}, after {len(taken)} writes that were accepted", flush=True)
        for one, times in Counter(taken).most_common(15):
            print(f"  accepted: {one} ({times})")
        print(f"{name}: {self.sent - sent} requests, {len(taken)} writes accepted, {time.monotonic() - started:.1f} s", flush=True)

    def main(self) -> int:
        print(f"bad input: {len(self.operations)} operations, {len(self.ids)} lists with real ids", flush=True)
        for (method, path), reason in EXCLUDED.items():
            print(f"left out {method.upper()} {path}: {reason}")
        before = self.memory()
        for name in ("ids_in_paths", "bodies", "fields", "read_only", "queries", "foreign", "transport", "large_bodies"):
            if not self.args.suite or name in self.args.suite:
                self.suite(name, getattr(self, name))
        grown = self.memory() - before
        alive = self.send("GET", "/readyz", token=None, what="alive", good=True)
        if alive.status != 200:
            self.fail("/readyz", f"after all this the server answers {alive.status}")
        me = self.send("GET", "/api/users/me/", what="alive", good=True)
        if me.status != 200:
            self.fail("/api/users/me/", f"after all this staff's token answers {me.status}")
        if self.args.pid and grown > self.args.memory_mb:
            self.fail("memory", f"the server holds {grown:.0f} MB more than before")
        for group, statuses in sorted(self.statuses.items()):
            print(f"  {group:12} " + "  ".join(f"{'closed' if s == 0 else 'silent' if s == -1 else s}: {n}" for s, n in sorted(statuses.items())))
        print(f"  field errors that name the field: {self.named}, that say it another way: {self.unnamed}")
        print(f"  closed without an answer: {self.closed}; slowest answer {self.slowest[0]:.2f} s ({self.slowest[1]}); memory {grown:+.0f} MB")
        wrong = sum(map(len, self.failures.values()))
        print(f"bad input: {self.sent} requests, {wrong} failures in {len(self.failures)} places")
        return 1 if wrong else 0


JSON = [("Content-Type", "application/json")]

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--token", required=True, help="a staff user's token")
    parser.add_argument("--stranger-token", help="the token of a user without any role")
    parser.add_argument("--pid", type=int, help="the server's process, to watch its memory")
    parser.add_argument("--body-mb", type=int, default=100)
    parser.add_argument("--memory-mb", type=int, default=300, help="how much the server may grow")
    parser.add_argument("--depth", type=int, default=100_000, help="how deep nested bodies are")
    parser.add_argument("--limit", type=float, default=20, help="seconds until an answer counts as missing")
    parser.add_argument("--only", default="", help="only paths that match this expression")
    parser.add_argument("--suite", action="append", help="only this part; may be repeated")
    arguments = parser.parse_args()
    arguments.url = arguments.url.rstrip("/")
    sys.exit(Run(arguments).main())
