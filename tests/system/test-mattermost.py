#!/usr/bin/env python3
"""The sink mattermost, in a real deliver worker, against a strict stand-in for the server on
loopback: what each answer, and each way of breaking off, leads to; and that the secret address is
never seen."""
import email.utils
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from harness import BUILD, DEADLINE, FIXTURES, WATCHER, Answer, Tap
from mattermost_server import CANARY, OK, StandIn, certificate, error, reset, wait_for_the_end
from timelapse import TimeLapse

MODULE = os.path.join(BUILD, "sinks", ".libs", "mattermost.so")
SECOND = 1000**3
INSIDE = "--within-namespaces"

# -------------------------------------------------------------------- the deliver worker


class Delivery:
    """One attempt by a deliver worker; `lines`: the receipt file."""

    def __init__(self, webhook, options=None, body="one\ntwo", stand_in=None, environment=None):
        with tempfile.TemporaryDirectory(prefix="atvm-mattermost.") as place:
            self.path = os.path.join(place, "receipt")
            receipt = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            secrets = os.memfd_create("secrets", 0)
            if webhook is not None:
                os.write(secrets, f"MATTERMOST_ATVM_WEBHOOK={webhook}\n".encode())
            if stand_in:
                stand_in.receipt = self.path
            try:
                self.deliver(self.job(options or {}, body, receipt, secrets), stand_in, environment)
            finally:
                os.close(receipt)
                os.close(secrets)

    @staticmethod
    def job(options, body, receipt, secrets):
        message = {"kind": "report", "format": "markdown", "part": 1, "parts": 1, "key": "b/s"}
        message.update(build="b", scope="s", title="t", body=body)
        options = {"max_characters": 16383, "timeout": 20 * SECOND, **options}
        sink = {"name": "chat", "module": MODULE, "options": options}
        return {
            "t": "job",
            "sink": sink,
            "message": message,
            "attempt": 1,
            "timeout": 25 * SECOND,
            "grace": 5 * SECOND,
            "receipt": receipt,
            "terminal": -1,
            "secrets": secrets,
        }

    def deliver(self, job, stand_in, environment):
        kept = {n: v for n, v in os.environ.items() if n.endswith("_OPTIONS")}
        worker = subprocess.Popen(
            [WATCHER, "worker", "deliver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[job["receipt"], job["secrets"]],
            env={**kept, **(environment or {})},
        )
        if stand_in:
            stand_in.worker = worker.pid
            stand_in.has_worker.set()
        try:
            output, errors = worker.communicate(json.dumps(job).encode(), timeout=DEADLINE)
        finally:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
        self.status = worker.returncode
        with open(self.path, "rb") as file:
            text = file.read()
        self.written = text + output + errors
        self.lines = [json.loads(line) for line in text.splitlines()]

    @property
    def committed(self):
        return {"t": "committing"} in self.lines

    @property
    def receipt(self):
        return next((line for line in self.lines[::-1] if line["t"] == "receipt"), {})

    @property
    def outcome(self):
        return self.receipt.get("outcome")

    def __str__(self):
        return f"status {self.status}\n{self.written.decode(errors='replace')}"


def check(tap, delivery, outcome, name, reason=(), remedy=()):
    """Outcome, the words that reason and remedy must have, and that nothing shows the secret."""
    said = {key: delivery.receipt.get(key) or "" for key in ["reason", "remedy"]}
    missing = [word for word in reason if word not in said["reason"]]
    missing += [word for word in remedy if word not in said["remedy"]]
    if outcome != "delivered" and not (said["reason"] and said["remedy"]):
        missing.append("a reason and a remedy")
    tap.ok(
        delivery.outcome == outcome and not missing and delivery.status == 0,
        f"{name}: {outcome}",
        f"missing {missing}\n{delivery}",
    )
    tap.ok(
        CANARY.encode() not in delivery.written, f"{name}: the secret is in nothing it wrote", delivery
    )


def attempt(tap, name, answer, outcome, reason=(), remedy=(), requests=1, tls=None, **how):
    """Delivers to a stand-in and checks; returns (delivery, stand-in)."""
    with StandIn(answer, tls) as stand_in:
        delivery = Delivery(stand_in.url, stand_in=stand_in, **how)
    check(tap, delivery, outcome, name, reason, remedy)
    tap.equal(
        (stand_in.connections, len(stand_in.requests)),
        (1, requests),
        f"{name}: one connection, {requests} request(s)",
        stand_in.problems,
    )
    return delivery, stand_in


# -------------------------------------------------------------------- what is sent


def request_is_exact(tap):
    text = 'a <a|b> @here `x` "q" \\ \u2039 \U0001f600\tend\n```\n@all <!channel>\n```\n'
    delivery, stand_in = attempt(tap, "200 ok", OK, "delivered", body=text)
    line, headers, body = stand_in.requests[0]
    tap.equal(line, f"POST /hooks/{CANARY} HTTP/1.1", "one POST to the webhook")
    tap.equal(json.loads(body), {"text": text}, "the text arrives as it was rendered, nothing else")
    tap.equal(headers["content-type"], "application/json", "it is announced as JSON")
    tap.ok("expect" not in headers, "it does not wait for 100 Continue", headers)
    tap.equal([one["t"] for one in delivery.lines], ["committing", "receipt"], "committed, then told")

    _, stand_in = attempt(
        tap, "with a channel", OK, "delivered", options={"channel": "town-square"}
    )
    sent = json.loads(stand_in.requests[0].body)
    tap.equal(sent, {"text": "one\ntwo", "channel": "town-square"}, "the channel is sent")

    long_text = "ü" * 16383
    _, stand_in = attempt(tap, "a long message", OK, "delivered", body=long_text)
    tap.equal(json.loads(stand_in.requests[0].body)["text"], long_text, "it arrives whole")

    answer = (200, {"X-Request-Id": "abc123"}, b"ok")
    delivery, _ = attempt(tap, "with a request id", answer, "delivered")
    tap.equal(delivery.receipt.get("remote_id"), "abc123", "the request's id is kept")


def secret_is_nowhere(tap):
    seen = {}

    def look(stand_in, connection):
        stand_in.read(connection)
        stand_in.has_worker.wait(DEADLINE)
        for name in ["cmdline", "environ"]:
            with open(f"/proc/{stand_in.worker}/{name}", "rb") as file:
                seen[name] = file.read()
        with open(stand_in.receipt, encoding="utf-8") as file:
            seen["receipt"] = file.read()
        stand_in.send(connection, *OK)

    attempt(tap, "while it sends", look, "delivered")
    tap.ok(b"worker" in seen["cmdline"], "its command line could be read", seen)
    for name in ["cmdline", "environ"]:
        tap.ok(CANARY.encode() not in seen[name], f"the secret is not in its {name}", seen)
    tap.equal(seen["receipt"], '{"t":"committing"}\n', "it was committed before it sent", seen)

    echo = {"Content-Type": f"text/{CANARY}", "X-Request-Id": CANARY}
    body = f"POST /hooks/{CANARY} is not allowed".encode()
    for status, outcome in [(200, "uncertain"), (403, "rejected"), (502, "uncertain")]:
        attempt(tap, f"{status} that repeats the address", (status, echo, body), outcome)
    answer = error(400, f"a.{CANARY}")
    attempt(tap, "an error id that repeats the address", answer, "rejected", ["HTTP 400"])


# -------------------------------------------------------------------- answers

CHANNEL = "web.incoming_webhook.channel"
REFUSALS = [
    # status, id, words of reason and remedy (contracts of the server, see mattermost-answer.c)
    (400, "web.incoming_webhook.invalid.app_error", "does not exist", "MATTERMOST_ATVM_WEBHOOK"),
    (400, "web.incoming_webhook.text.app_error", "empty", "bug"),
    (400, "model.incoming_hook.parse_data.app_error", "too long", "MaximumPayloadSizeBytes"),
    (400, "web.incoming_webhook.split_props_length.app_error", "properties", "bug"),
    (400, "web.incoming_webhook.user.app_error", "user named", "channel"),
    (400, "api.context.invalid_param.app_error", "field", "bug"),
    (400, "something.new.app_error", "something.new.app_error", "MATTERMOST_ATVM_WEBHOOK"),
    (403, CHANNEL + "_locked.app_error", "locked", "unlock"),
    (403, "web.incoming_webhook.permissions.app_error", "may not post", "owner"),
    (403, "web.incoming_webhook.user.app_error", "owner is gone", "anew"),
    (404, CHANNEL + ".app_error", "channel does not exist", "option channel"),
    (404, "app.channel.get.existing.app_error", "channel does not exist", "option channel"),
    (413, "api.context.request_body_too_large.app_error", "larger", "MaximumPayloadSizeBytes"),
    (414, "basic_security_check.url.too_long_error", "longer", "MATTERMOST_ATVM_WEBHOOK"),
    (501, "web.incoming_webhook.disabled.app_error", "switched off", "Enable Incoming Webhooks"),
]


def refusals(tap):
    for status, error_id, reason, remedy in REFUSALS:
        delivery, _ = attempt(
            tap,
            f"{status} {error_id}",
            error(status, error_id),
            "rejected",
            [f"HTTP {status} {error_id}", reason],
            [remedy],
        )
        tap.equal(delivery.receipt.get("code"), status, f"{status} {error_id}: its code is kept")
    for status in [401, 403, 404, 405, 410, 413]:
        answer = (status, {"Content-Type": "text/html"}, b"<html>no</html>")
        attempt(tap, f"{status} of a proxy", answer, "rejected", [f"HTTP {status}"])
    answer = (408, {}, b"")
    attempt(tap, "408 of a proxy", answer, "uncertain", ["HTTP 408"], ["look in the channel"])


def ok_in_other_clothes(tap):
    """An answer that a proxy passed on: chunks, trailers, an informational answer before it."""

    def chunked(stand_in, connection):
        stand_in.read(connection)
        connection.sendall(
            b"HTTP/1.1 103 Early Hints\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n"
            b"1\r\no\r\n1\r\nk\r\n0\r\nX-A: b\r\n\r\n"
        )

    attempt(tap, "200 ok in chunks", chunked, "delivered")


def what_is_not_ok(tap):
    html = b"<html><body>Please log in</body></html>"
    cases = [
        ("200 ok with a newline", (200, {"Content-Type": "text/plain"}, b"ok\n"), "3 bytes"),
        ("200 without a body", (200, {}, b""), "0 bytes"),
        ("200 HTML", (200, {"Content-Type": "text/html; charset=utf-8"}, html), "text/html"),
        ("200 JSON", (200, {"Content-Type": "application/json"}, b'{"ok":true}'), "application/json"),
        ("200 with an error object", (200, *error(400, "a.b")[1:]), "application/json"),
        ("201 ok", (201, {}, b"ok"), "HTTP 201"),
        ("204", (204, {}, b""), "HTTP 204"),
    ]
    for name, answer, reason in cases:
        attempt(tap, name, answer, "uncertain", [reason, '"ok"'], ["proxy", "look in the channel"])


def try_later(tap):
    date = email.utils.formatdate(time.time() + 3000, usegmt=True)
    cases = [
        ("0", lambda ns: ns == 0),
        ("1", lambda ns: ns == SECOND),
        (None, lambda ns: ns in (None, -1)),
        ("9" * 30, lambda ns: ns > 10**9 * SECOND),
        (date, lambda ns: 2900 * SECOND < ns <= 3000 * SECOND),
        ("Thu, 01 Jan 1998 00:00:00 GMT", lambda ns: ns == 0),
        ("soon", lambda ns: ns in (None, -1)),
        ("-5", lambda ns: ns in (None, -1, 0)),
    ]
    for value, is_right in cases:
        headers = {"Retry-After": value} if value is not None else {}
        answer = (429, {"Content-Type": "text/plain", **headers}, b"limit exceeded")
        name = f"429 with Retry-After {value}"
        delivery, _ = attempt(tap, name, answer, "retry", ["HTTP 429"])
        wish = delivery.receipt.get("retry_after")
        tap.ok(is_right(wish), f"{name}: the wish is understood", f"{wish}")


def server_errors(tap):
    creating = "api.post.create_webhook_post.creating.app_error"
    for error_id in ["app.post.save.app_error", creating]:
        attempt(tap, f"500 {error_id}", error(500, error_id), "retry", ["HTTP 500 " + error_id])
    attempt(
        tap,
        "500 for a text that the server splits",
        error(500, creating),
        "uncertain",
        ["split"],
        ["max_characters"],
        body="ü" * 1001,
        options={"max_characters": 1000},
    )
    attempt(
        tap,
        "500 for the longest text that is not split",
        error(500, creating),
        "retry",
        body="\U0001f600" * 1000,
        options={"max_characters": 1000},
    )
    answer = error(503, "a.b.app_error", Retry_After="7")
    delivery, _ = attempt(tap, "503 of Mattermost", answer, "retry")
    tap.equal(delivery.receipt.get("retry_after"), 7 * SECOND, "its Retry-After is kept")

    html = {"Content-Type": "text/html"}
    foreign = [
        ("500 without an error object", (500, html, b"<html>oops</html>")),
        ("500 in hardened mode", error(500, "", "Internal Server Error")),
        ("500 with an object of another program", (500, {}, b'{"id":"x.y","message":"?"}')),
        ("500 with another status in its object", (500, *error(400, "x.y")[1:])),
        ("500 with an id of blanks", error(500, "in valid. id")),
        ("500 with half an object", (500, {}, error(500, "x.y")[2][:-5])),
        ("501 of a proxy", (501, html, b"")),
        ("502 of a proxy", (502, html, b"<html>Bad Gateway</html>")),
        ("504 of a proxy", (504, html, b"<html>Gateway Timeout</html>")),
    ]
    for name, answer in foreign:
        attempt(tap, name, answer, "uncertain", ["HTTP 50"], ["look in the channel"])


def redirects(tap):
    away = {"Location": f"https://other.example/hooks/{CANARY}"}
    for status in [301, 302, 307, 308]:
        attempt(
            tap,
            f"{status} to another host",
            (status, away, b""),
            "rejected",
            [f"HTTP {status}", "https://other.example"],
            ["MATTERMOST_ATVM_WEBHOOK"],
        )
    answer = (302, {"Location": "/login"}, b"")
    attempt(tap, "302 to a path", answer, "rejected", ["another path"])


# -------------------------------------------------------------------- breaking off


def cut_at_once(_, connection):
    connection.shutdown(socket.SHUT_RDWR)


def cut_in_the_request(stand_in, connection):
    stand_in.read(connection, whole=False)
    reset(connection)


def cut_after_the_request(stand_in, connection):
    stand_in.read(connection)


def reset_after_the_request(stand_in, connection):
    stand_in.read(connection)
    reset(connection)


def cut_in_the_head(stand_in, connection):
    stand_in.read(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Ty")


def cut_in_the_answer(stand_in, connection):
    stand_in.read(connection)
    stand_in.send(connection, 200, {}, b"ok", length=20)


def answer_too_late(stand_in, connection):
    stand_in.read(connection)
    wait_for_the_end(connection)


def answer_without_end(stand_in, connection):
    stand_in.read(connection)
    stand_in.send(connection, 502, {}, b"", length=10**12)
    try:
        while True:
            connection.sendall(b"x" * 65536)
    except ConnectionError:
        pass


def something_else(stand_in, connection):
    stand_in.read(connection)
    connection.sendall(b"220 mail.example ESMTP\r\n")


def ask_to_end(stand_in, connection):
    stand_in.read(connection)
    stand_in.has_worker.wait(DEADLINE)
    os.kill(stand_in.worker, signal.SIGTERM)
    wait_for_the_end(connection)


def breaks(tap):
    big = "x" * 100000
    cases = [
        ("cut as soon as connected", cut_at_once, {"requests": 0}),
        ("reset within the request", cut_in_the_request, {"body": big}),
        ("cut after the request", cut_after_the_request, {}),
        ("reset after the request", reset_after_the_request, {}),
        ("cut within the head of the answer", cut_in_the_head, {}),
        ("cut within the answer", cut_in_the_answer, {}),
        ("no answer in time", answer_too_late, {"options": {"timeout": SECOND // 2}}),
        ("an answer without an end", answer_without_end, {}),
        ("an answer that is no HTTP", something_else, {}),
        ("asked to end while it waits", ask_to_end, {}),
    ]
    for name, answer, how in cases:
        delivery, _ = attempt(
            tap, name, answer, "uncertain", ["after the message began"], ["look in the channel"], **how
        )
        tap.ok(delivery.committed, f"{name}: it was committed", delivery)

    def kill(stand_in, connection):
        stand_in.read(connection)
        stand_in.has_worker.wait(DEADLINE)
        os.kill(stand_in.worker, signal.SIGKILL)

    with StandIn(kill) as stand_in:
        delivery = Delivery(stand_in.url, stand_in=stand_in)
    tap.equal(delivery.lines, [{"t": "committing"}], "killed: it had said that it commits", delivery)


# -------------------------------------------------------------------- nothing was sent


def unsent(tap, name, delivery, reason=(), remedy=()):
    check(tap, delivery, "retry", name, reason, remedy)
    tap.ok(not delivery.committed, f"{name}: nothing was committed", delivery)


def nothing_sent(tap):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        delivery = Delivery(f"http://127.0.0.1:{port}/hooks/{CANARY}")
        unsent(tap, "refused", delivery, ["no connection", f"127.0.0.1:{port}"], ["firewall"])
        with StandIn(OK) as stand_in:
            delivery = Delivery(stand_in.url, {"proxy": f"http://127.0.0.1:{port}"})
        unsent(tap, "a proxy that refuses", delivery, ["no connection"])
        tap.equal(stand_in.connections, 0, "the server was not asked without the proxy")
    # A label may have 63 bytes (RFC 1035): the resolver knows without asking anybody.
    nowhere = f"http://{'a' * 64}.invalid/hooks/{CANARY}"
    unsent(tap, "no such name", Delivery(nowhere), ["cannot be resolved"], ["DNS"])

    for name, webhook in [
        ("no webhook", None),
        ("an empty webhook", ""),
        ("a webhook of another kind", f"ftp://127.0.0.1/hooks/{CANARY}"),
        ("a webhook that is no address", f"hooks {CANARY}"),
        ("a webhook without a path", f"https://{CANARY}"),
    ]:
        unsent(tap, name, Delivery(webhook), ["webhook", "MATTERMOST_ATVM_WEBHOOK"])
    for name, options, words in [
        ("ca_file that is relative", {"ca_file": "ca.pem"}, "absolute path"),
        ("proxy with a password", {"proxy": "http://u:p@127.0.0.1:1"}, "without a password"),
    ]:
        delivery = Delivery(f"http://127.0.0.1:1/hooks/{CANARY}", options)
        unsent(tap, name, delivery, [words])

    for body in ['"' * 150000, "x" * 300001]:
        name = f"{len(body)} characters, longer than a server takes"
        with StandIn(OK) as stand_in:
            delivery = Delivery(stand_in.url, body=body)
        check(tap, delivery, "rejected", name, ["300000 bytes"])
        tap.equal(stand_in.connections, 0, f"{name}: nothing is sent")


def proxies(tap):
    with StandIn(OK) as stand_in, StandIn(OK) as proxy:
        nobody = {"http_proxy": f"http://127.0.0.1:{proxy.port}", "ALL_PROXY": "http://127.0.0.1:1"}
        delivery = Delivery(stand_in.url, environment=nobody)
        check(tap, delivery, "delivered", "a proxy in the environment")
        tap.equal((stand_in.connections, proxy.connections), (1, 0), "it is passed over")
        delivery = Delivery(stand_in.url, {"proxy": f"http://127.0.0.1:{proxy.port}"})
        check(tap, delivery, "delivered", "the option proxy")
        tap.equal((stand_in.connections, len(proxy.requests)), (1, 1), "it is used")

    def refuse_tunnel(stand_in, connection):
        stand_in.read(connection, whole=False)
        stand_in.send(connection, 502, {}, b"")

    with StandIn(refuse_tunnel) as proxy:
        webhook = f"https://127.0.0.1:1/hooks/{CANARY}"
        delivery = Delivery(webhook, {"proxy": f"http://127.0.0.1:{proxy.port}"})
    unsent(tap, "a proxy that makes no tunnel", delivery, ["502"])
    tap.ok(CANARY not in str(proxy.requests), "the proxy did not see the secret", proxy.requests)


# -------------------------------------------------------------------- names


# How a name server fails to find gone.example and so on: RCODE (RFC 1035, 4.1.1); None: it is silent.
NO_ADDRESS = {"gone": 3, "broken": 2, "silent": None}


class NameServer:
    """Answers a question for an address (RFC 1035) with 127.0.0.1, or as NO_ADDRESS says, and any
    other with nothing."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.asked = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            question, sender = self.socket.recvfrom(512)
            end = question.index(b"\0", 12) + 5
            self.asked.append(question[12 : end - 4])
            code = NO_ADDRESS.get(question[13 : 13 + question[12]].decode("ascii").lower(), 0)
            if code is None:
                continue
            is_address = question[end - 4 : end] == b"\0\1\0\1" and code == 0
            head = question[:2] + bytes([0x81, 0x80 | code, 0, 1, 0, is_address]) + b"\0\0\0\0"
            record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1" if is_address else b""
            self.socket.sendto(head + question[12:end] + record, sender)


def set_loopback_up():
    """ifreq of netdevice(7): the name, then the flags IFF_UP and IFF_RUNNING."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 0x41))


def within_namespaces(place):
    """Looks names up by way of a real name server, in a network and mount namespace of its own;
    prints what came of it, by the first part of the name."""
    set_loopback_up()
    for name, text in [
        ("resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n"),
        ("nsswitch.conf", "hosts: files resolve dns\n"),
    ]:
        with open(os.path.join(place, name), "w", encoding="utf-8") as file:
            file.write(text)
        subprocess.run(["mount", "--bind", file.name, "/etc/" + name], check=True)
    server = NameServer()
    told = {}
    for name in ["chat", *NO_ADDRESS]:
        server.asked.clear()
        with StandIn(OK) as stand_in:
            delivery = Delivery(stand_in.url.replace("127.0.0.1", name + ".example"))
        told[name] = {
            "outcome": delivery.outcome,
            "committed": delivery.committed,
            "reason": delivery.receipt.get("reason", ""),
            "remedy": delivery.receipt.get("remedy", ""),
            "hosts": [request.headers["host"] for request in stand_in.requests],
            "asked": any(name.encode() in question for question in server.asked),
            "said": str(delivery),
        }
    print(json.dumps(told))


def names(tap):
    """The C library looks up names in many ways, none of which the confinement may break."""
    with tempfile.TemporaryDirectory(prefix="atvm-mattermost.") as place:
        command = ["unshare", "--net", "--mount", "python3", os.path.abspath(__file__), INSIDE, place]
        try:
            answer = Answer(command, environment=dict(os.environ))
        except FileNotFoundError:
            tap.skip("names", "unshare is not installed")
            return
    if "unshare failed" in answer.errors:
        tap.skip("names", "no namespaces without privileges")
        return
    told = answer.report() or {}
    tap.equal(sorted(told), sorted(["chat", *NO_ADDRESS]), "names: all were looked up", answer)
    for name, found in told.items():
        tap.ok(found["asked"], f"{name}.example: the name server was asked", found)
    known = told.pop("chat")
    tap.equal(known["outcome"], "delivered", "a name that a name server knows: delivered", known)
    tap.ok(known["hosts"][0].startswith("chat.example:"), "it is asked for under its name", known)
    for name, found in told.items():
        got = (found["outcome"], found["committed"], found["hosts"])
        tap.equal(got, ("retry", False, []), f"{name}.example: certainly not sent, to be tried again", found)
        words = "cannot be resolved" in found["reason"] and "DNS" in found["remedy"]
        tap.ok(words, f"{name}.example: it says why, and what to do", found)


# -------------------------------------------------------------------- TLS


def certificates(tap):
    if not shutil.which("openssl"):
        tap.skip("certificates", "openssl is not installed")
        return
    with tempfile.TemporaryDirectory(prefix="atvm-mattermost.") as place:
        ours, context = certificate(place, "ours", "IP:127.0.0.1")
        others, others_context = certificate(place, "others", "DNS:other.example")
        trust = {"options": {"ca_file": ours}}
        _, stand_in = attempt(tap, "a trusted certificate", OK, "delivered", tls=context, **trust)
        tap.equal(json.loads(stand_in.requests[0].body), {"text": "one\ntwo"}, "it arrives by TLS")

        for name, tls, options, words in [
            ("a self-signed certificate", context, {}, "not trusted"),
            ("another authority's", context, {"ca_file": others}, "not trusted"),
            ("a certificate for another name", others_context, {"ca_file": others}, "not trusted"),
            ("ca_file that is not there", context, {"ca_file": place + "/no"}, "cannot be read"),
        ]:
            with StandIn(OK, tls) as stand_in:
                delivery = Delivery(stand_in.url, options)
            unsent(tap, name, delivery, [words, "https://127.0.0.1:"], ["ca_file"])
            tap.equal(stand_in.requests, [], f"{name}: the server got no request")

        def cut_in_tls(stand_in, connection):
            stand_in.read(connection)
            reset(connection)

        attempt(tap, "reset within TLS", cut_in_tls, "uncertain", tls=context, **trust)

    def no_tls(_, connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    def silent(_, connection):
        wait_for_the_end(connection)

    for name, answer, words in [
        ("a server without TLS", no_tls, "no TLS connection"),
        ("a server that says nothing to TLS", silent, "in time"),
    ]:
        with StandIn(answer) as stand_in:
            webhook = stand_in.url.replace("http:", "https:")
            delivery = Delivery(webhook, {"timeout": SECOND})
        unsent(tap, name, delivery, [words])


# -------------------------------------------------------------------- a whole watcher


class Watched:
    """A time-lapse of a recorded run, watched to its end with the sink mattermost."""

    def __init__(self, scenario, stand_in, options=""):
        with tempfile.TemporaryDirectory(prefix="atvm-mattermost.") as place:
            build = f"chat.{os.getpid()}.{scenario[:2]}"
            lapse = TimeLapse(os.path.join(FIXTURES, scenario), place, seconds=2, build=build)
            lapse.prepare()
            self.use_mattermost(lapse.config, options)
            lapse.start_runner()
            environment = {**lapse.environment(), "MATTERMOST_ATVM_WEBHOOK": stand_in.url}
            environment["MATTERMOST_ATVM_CHANNEL"] = "qa-runs"
            try:
                self.watch(lapse, environment, stand_in)
            finally:
                lapse.close()
            self.kept = self.read_all(lapse.state_root)

    @staticmethod
    def use_mattermost(config, options):
        with open(config, encoding="utf-8") as file:
            text = file.read()
        text = text.replace('{ module = "stdout"; }', f'{{ module = "mattermost"; {options} }}')
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)

    def watch(self, lapse, environment, stand_in):
        with tempfile.TemporaryFile() as errors:
            watcher = subprocess.Popen(
                lapse.command(WATCHER),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
            )
            try:
                lapse.play()
                lapse.end_runner()
                stand_in.worker = watcher.pid
                stand_in.has_worker.set()
                self.status = watcher.wait(timeout=DEADLINE)
                # Started again, it has nothing to do.
                command = lapse.command(WATCHER)
                self.again = subprocess.run(
                    command, env=environment, capture_output=True, timeout=DEADLINE, check=False
                )
            finally:
                if watcher.poll() is None:
                    watcher.kill()
                    watcher.wait()
            errors.seek(0)
            self.said = errors.read().decode(errors="replace")

    @staticmethod
    def read_all(folder):
        texts = {}
        for path, _, names in os.walk(folder):
            for name in names:
                with open(os.path.join(path, name), "rb") as file:
                    texts[name] = file.read()
        return texts


def whole_watcher(tap):
    maps = []

    def look_at_the_watcher(stand_in, connection):
        stand_in.read(connection)
        stand_in.has_worker.wait(DEADLINE)
        with open(f"/proc/{stand_in.worker}/maps", encoding="utf-8") as file:
            maps.append(file.read())
        stand_in.send(connection, *OK)

    with StandIn(look_at_the_watcher) as stand_in:
        watched = Watched("01-pass-all-sources-agree", stand_in)
    tap.ok("atvm-watcher" in maps[0], "while it posts, the watcher's memory map can be read", maps)
    for name in ["libcurl", "mattermost.so"]:
        tap.ok(name not in maps[0], f"the watcher has not loaded {name}", maps)
    tap.equal((watched.status, watched.again.returncode), (0, 0), "the watcher ends well", watched.said)
    tap.equal(len(stand_in.requests), 1, "exactly one post has arrived", watched.said)
    sent = json.loads(stand_in.requests[0].body)
    tap.equal(sent["channel"], "qa-runs", "in the channel that the environment names")
    tap.equal(sent["text"].encode(), watched.kept["report.md"], "it is the report, in Markdown")
    leaks = [name for name, text in watched.kept.items() if CANARY.encode() in text]
    tap.equal(leaks, [], "nothing in the state folder has the secret")
    tap.ok(CANARY not in watched.said, "the log does not have the secret", watched.said)


def long_report(tap):
    with StandIn(OK) as stand_in:
        watched = Watched("35-forty-hosts", stand_in, "max_characters = 1500;")
    texts = [json.loads(request.body)["text"] for request in stand_in.requests]
    ends = [text.splitlines()[-1].split(", ", 1)[1] for text in texts]
    wanted = [f"part {i + 1}/{len(texts)}" for i in range(len(texts))]
    tap.ok(len(texts) > 1 and ends == wanted, "a long report: parts, in order", watched.said)
    tap.ok(all(len(text) <= 1500 for text in texts), "each is as long as the sink takes", texts)
    hosts = json.loads(watched.kept["report.json"])["scopes"][0]["hosts"]
    missing = [host["name"] for host in hosts if host["name"] not in "".join(texts)]
    tap.equal(missing, [], "every host is named")


def main():
    with Tap() as tap:
        for part in [
            request_is_exact,
            secret_is_nowhere,
            refusals,
            ok_in_other_clothes,
            what_is_not_ok,
            try_later,
            server_errors,
            redirects,
            breaks,
            nothing_sent,
            proxies,
            names,
            certificates,
            whole_watcher,
            long_report,
        ]:
            tap.part(part)


if __name__ == "__main__":
    if sys.argv[1:2] == [INSIDE]:
        within_namespaces(sys.argv[2])
    else:
        main()
