#!/usr/bin/env python3
"""Posted once, or known not to be: whatever Mattermost, or an nginx or HAProxy before it, does with
a post, what the outbox says of it afterwards, and what the next start of the watcher does about it.

Every case is a real `atvm-watcher run` with a state folder of its own, twice: the run was watched
to its end by then, and its message waits in the outbox. At the second start the server is well."""
import contextlib
import functools
import json
import socket
import tempfile
import time

from fronts import ADDRESS, Haproxy, Nginx, certificates, make_folder, program
from harness import Tap, files_below, read
from mattermost_server import (
    CANARY,
    OK,
    Mattermost,
    StandIn,
    error,
    read_request,
    reset,
    wait_for_the_end,
)
from waiting_message import Copy, Start, Waiting

HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json"}

# What becomes of a message in the end: the record's state after the first start; exit status of
# either start (None: it goes on trying, and is told to end); the record's state after the second;
# how many requests a healthy server has seen by then.
DELIVERED = ("delivered", 0, 0, "delivered", 0)
HELD = ("uncertain", 5, 5, "uncertain", 0)
QUARANTINED = ("quarantined", 5, 5, "quarantined", 0)
SENT_AGAIN = ("pending", None, 0, "delivered", 1)
WAITS = ("pending", None, None, "pending", 0)


# -------------------------------------------------------------------- one case


def words_missing(words, text):
    return [word for word in words if word not in text]


def first_start(tap, waiting, run, webhook, name, ending, reason, remedy):
    state, status, *_ = ending
    start = Start(run, webhook)
    known = waiting.attempts

    def was_tried():
        record = start.record()
        return record and record["state"] == "pending" and record["attempt_count"] > known

    if status is None:
        start.wait_until(was_tried)
        status = start.end()
    else:
        status = start.finish()
    record = start.record()
    last = record["attempts"][-1]
    said = [last.get("reason") or "", last.get("remedy") or ""]
    missing = words_missing(reason, said[0]) + words_missing(remedy, said[1])
    tap.equal((record["state"], status), (state, ending[1]), f"{name}: {state}", start.said)
    tap.ok(not missing, f"{name}: the record says why, and what to do", f"no {missing} in {said}")
    tap.equal(start.is_posted(), state == "delivered", f"{name}: a marker only where delivered")
    if state == "quarantined":
        beside = json.dumps(start.reason_file(), ensure_ascii=False)
        missing = words_missing([*reason, *remedy], beside)
        tap.ok(not missing, f"{name}: so does the file beside the payload", f"{missing} {beside}")
    return start


def second_start(tap, run, name, ending, before):
    _, _, status, state, requests = ending
    with StandIn(Mattermost()) as healthy:
        start = Start(run, healthy.url)
        if status is None:
            start.wait_ready()
            got = start.end()
        else:
            got = start.finish()
    record = start.record()
    tap.equal(
        (record["state"], got, len(healthy.requests)),
        (state, status, requests),
        f"{name}: the next start leaves it {state}, with {requests} request(s)",
        start.said,
    )
    if requests:
        tap.ok(start.is_posted(), f"{name}: then it is marked as posted")
    else:
        tap.equal(record["attempt_count"], before, f"{name}: without another attempt")
    return start


def case(waiting, name, front, ending, reason=(), remedy=(), options="", arrived=None):
    """front: a context manager that yields (webhook, stand-in or None). arrived: how many requests
    the server behind it gets at the first start; None: any number."""

    def run(tap):
        with tempfile.TemporaryDirectory(prefix="atvm-front.") as place, contextlib.ExitStack(
            
        ) as stack:
            webhook, stand_in = stack.enter_context(front())
            copy = Copy(waiting, place, options)
            first = first_start(tap, waiting, copy, webhook, name, ending, reason, remedy)
            before = first.record()["attempt_count"]
            if arrived is not None:
                tap.equal(len(stand_in.requests), arrived, f"{name}: the server got {arrived}")
            second = second_start(tap, copy, name, ending, before)
            secrets = [file for file in files_below(copy.state_root) if CANARY in read(file)]
            secrets += [start.said for start in [first, second] if CANARY in start.said]
            tap.equal(secrets, [], f"{name}: the webhook is in nothing it wrote")

    run.__name__ = name
    return run


# -------------------------------------------------------------------- without a front


@contextlib.contextmanager
def direct(answer):
    with StandIn(answer) as stand_in:
        yield stand_in.url, stand_in


@contextlib.contextmanager
def nowhere(webhook):
    yield webhook, None


@contextlib.contextmanager
def refused():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{nobody.getsockname()[1]}/hooks/{CANARY}", None


def late(stand_in, connection):
    """The server posts, but says so only when nobody listens any more."""
    stand_in.read(connection)
    wait_for_the_end(connection)
    with contextlib.suppress(OSError):
        stand_in.send(connection, *OK)


def slowly(stand_in, connection):
    """A byte at a time, the body too."""
    stand_in.read(connection)
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok":
        connection.sendall(bytes([byte]))
        time.sleep(0.002)


def cut(after=b"", by=None):
    def answer(stand_in, connection):
        stand_in.read(connection)
        connection.sendall(after)
        if by:
            by(connection)

    return answer


def cut_at_the_head(_, connection):
    read_request(connection, whole=False)
    reset(connection)


def tarpit(_, connection):
    wait_for_the_end(connection)


def limited(**headers):
    return 429, {"Content-Type": "text/plain", **headers}, b"limit exceeded"


REFUSED = [
    # status, id, words of the reason, words of the remedy
    (400, "web.incoming_webhook.invalid.app_error", "does not exist", "MATTERMOST_ATVM_WEBHOOK"),
    (400, "web.incoming_webhook.text.app_error", "empty", "bug"),
    (400, "model.incoming_hook.parse_data.app_error", "too long", "MaximumPayloadSizeBytes"),
    (400, "web.incoming_webhook.split_props_length.app_error", "properties", "bug"),
    (400, "web.incoming_webhook.user.app_error", "user named", "channel"),
    (400, "api.context.invalid_param.app_error", "field", "bug"),
    (403, "web.incoming_webhook.channel_locked.app_error", "locked", "unlock"),
    (403, "web.incoming_webhook.permissions.app_error", "may not post", "owner"),
    (403, "web.incoming_webhook.user.app_error", "owner is gone", "anew"),
    (404, "web.incoming_webhook.channel.app_error", "does not exist", "option channel"),
    (404, "app.channel.get.existing.app_error", "does not exist", "option channel"),
    (413, "api.context.request_body_too_large.app_error", "larger", "MaximumPayloadSizeBytes"),
    (414, "basic_security_check.url.too_long_error", "longer", "MATTERMOST_ATVM_WEBHOOK"),
    (501, "web.incoming_webhook.disabled.app_error", "switched off", "Enable Incoming Webhooks"),
]
CREATING = "api.post.create_webhook_post.creating.app_error"
BROKEN = ["after the message began to leave"]
LOOK = ["look in the channel"]


def without_a_front(waiting):
    cases = [
        ("200 ok", Mattermost(), DELIVERED),
        ("200 ok, slowly", slowly, DELIVERED),
        ("200 with HTML", (200, HTML, b"<html>Please log in</html>"), HELD, ["text/html"], LOOK),
        ("200 with ok: false", (200, JSON, b'{"ok":false}'), HELD, ["application/json"], LOOK),
        ("200 ok, too late", late, HELD, BROKEN, LOOK, 'timeout = "300ms";'),
        ("cut before an answer", cut(), HELD, BROKEN, LOOK),
        ("cut within the head", cut(b"HTTP/1.1 200 OK\r\nConte"), HELD, BROKEN, LOOK),
        (
            "cut within the body",
            cut(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"),
            HELD,
            BROKEN,
            LOOK,
        ),
        ("cut after the body", cut(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), DELIVERED),
        ("reset before the body was read", cut_at_the_head, HELD, BROKEN, LOOK),
        ("reset after it was read", cut(by=reset), HELD, BROKEN, LOOK),
        ("a tarpit", tarpit, HELD, BROKEN, LOOK, 'timeout = "300ms";'),
        ("429, at once", limited(**{"Retry-After": "0"}), SENT_AGAIN, ["HTTP 429"]),
        ("429, in a second", limited(**{"Retry-After": "1"}), SENT_AGAIN, ["HTTP 429"]),
        ("429 without a wish", limited(), SENT_AGAIN, ["HTTP 429"]),
        ("429, in an hour", limited(**{"Retry-After": "3600"}), WAITS, ["HTTP 429"]),
        ("429, in ages", limited(**{"Retry-After": "9" * 30}), WAITS, ["HTTP 429"]),
        ("500 of Mattermost", error(500, "app.post.save.app_error"), SENT_AGAIN, ["HTTP 500"]),
        ("500 for a whole text", error(500, CREATING), SENT_AGAIN, [CREATING]),
        (
            "500 for a part of it",
            error(500, CREATING),
            HELD,
            ["split"],
            ["max_characters"],
            "max_characters = 1000;",
        ),
        ("500 of somebody else", (500, HTML, b"<html>oops</html>"), HELD, ["HTTP 500"], LOOK),
    ]
    for status, error_id, reason, remedy in REFUSED:
        name = f"{status} {error_id}"
        cases.append((name, error(status, error_id), QUARANTINED, [name, reason], [remedy]))
    for name, answer, *rest in cases:
        yield case(waiting, name, functools.partial(direct, answer), *rest)
    yield case(waiting, "refused", refused, SENT_AGAIN, ["no connection"], ["firewall"])
    unknown = f"http://{'a' * 64}.invalid/hooks/{CANARY}"
    yield case(
        waiting,
        "no such name",
        functools.partial(nowhere, unknown),
        SENT_AGAIN,
        ["cannot be resolved"],
        ["DNS"],
    )


def what_the_server_stores(waiting):
    """The real one rewrites links and calls people, whoever wrote the text."""

    def run(tap):
        server = Mattermost()
        with tempfile.TemporaryDirectory(prefix="atvm-front.") as place, StandIn(
            server
        ) as stand_in:
            start = Start(Copy(waiting, place, 'channel = "town-square";'), stand_in.url)
            tap.equal(start.finish(), 0, "stored: delivered", start.said)
            body = start.record()["message"]["body"]
        tap.ok(
            "a.example" in body and "U024BE7LH" in body, "stored: the hostile text is in it", body
        )
        tap.equal(server.posts, [body], "stored: as one post, word for word")
        tap.equal(server.calls(), [], "stored: nobody is called", body)
        control = [c for c in body if ord(c) < 32 and c != "\n" or ord(c) == 127]
        tap.equal(control, [], "stored: without control characters")

    return run


# -------------------------------------------------------------------- behind real fronts

PASS = "location / {{ proxy_pass {upstream}; }}"


def nginx_cases():
    """name, body of its server block, what the server behind it does (None: nobody is there), and
    what case() is to expect."""
    login = "location / {{ return 302 https://login.example/; }}"
    maintenance = (
        "location / {{ proxy_pass {upstream}; error_page 502 =200 @soon; }} "
        'location @soon {{ return 200 "<html>Back soon</html>"; }}'
    )
    return [
        ("nginx: 200 ok", PASS, Mattermost(), DELIVERED, {"arrived": 1}),
        (
            "nginx: 200 HTML in place of a 502",
            maintenance,
            None,
            HELD,
            {"reason": ["text/html"], "remedy": LOOK},
        ),
        (
            "nginx: a body too large for it",
            "client_max_body_size 200; " + PASS,
            Mattermost(),
            QUARANTINED,
            {"reason": ["HTTP 413", "proxy"], "remedy": ["proxy"], "arrived": 0},
        ),
        ("nginx: nobody behind it", PASS, None, HELD, {"reason": ["HTTP 502"], "remedy": LOOK}),
        (
            "nginx: the server died meanwhile",
            PASS,
            cut(),
            HELD,
            {"reason": ["HTTP 502"], "remedy": LOOK, "arrived": 1},
        ),
        (
            "nginx: the server was reset",
            PASS,
            cut(by=reset),
            HELD,
            {"reason": ["HTTP 502"], "remedy": LOOK},
        ),
        (
            "nginx: the server was too slow",
            "proxy_read_timeout 200ms; " + PASS,
            late,
            HELD,
            {"reason": ["HTTP 504"], "remedy": LOOK, "arrived": 1},
        ),
        (
            "nginx: 500 with Mattermost's id",
            PASS,
            error(500, "app.post.save.app_error"),
            SENT_AGAIN,
            {"reason": ["HTTP 500 app.post"]},
        ),
        (
            "nginx: 400 with Mattermost's id",
            PASS,
            error(400, REFUSED[0][1]),
            QUARANTINED,
            {"reason": ["does not exist"], "remedy": ["ATVM_WEBHOOK"]},
        ),
        (
            "nginx: too many",
            'location / {{ add_header Retry-After 3600 always; return 429 "slow down"; }}',
            None,
            WAITS,
            {"reason": ["HTTP 429"]},
        ),
        (
            "nginx: forbidden",
            "location / {{ deny all; }}",
            None,
            QUARANTINED,
            {"reason": ["HTTP 403"], "remedy": ["let this machine post"]},
        ),
        (
            "nginx: nothing there",
            "location / {{ return 404; }}",
            None,
            QUARANTINED,
            {"reason": ["HTTP 404"], "remedy": ["ATVM_WEBHOOK"]},
        ),
        (
            "nginx: method not allowed",
            "location / {{ return 405; }}",
            None,
            QUARANTINED,
            {"reason": ["HTTP 405"], "remedy": ["ATVM_WEBHOOK"]},
        ),
        (
            "nginx: redirect to itself",
            "location / {{ return 301 https://{address}:{port}/elsewhere$request_uri; }}",
            None,
            QUARANTINED,
            {"reason": ["HTTP 301", ADDRESS], "remedy": ["ATVM_WEBHOOK"]},
        ),
        (
            "nginx: redirect to a login",
            login,
            None,
            QUARANTINED,
            {"reason": ["HTTP 302", "https://login.example"], "remedy": ["ATVM_WEBHOOK"]},
        ),
        (
            "nginx: closed without a word",
            "location / {{ return 444; }}",
            None,
            HELD,
            {"reason": BROKEN, "remedy": LOOK},
        ),
        (
            "nginx: unavailable",
            "location / {{ return 503; }}",
            None,
            HELD,
            {"reason": ["HTTP 503"], "remedy": LOOK},
        ),
    ]


def certificate_cases(nginx, waiting, made):
    for name, served, trusted in [
        ("self-signed and not trusted", "strangers", "ours"),
        ("expired", "old", "old"),
        ("of another name", "theirs", "theirs"),
    ]:
        webhook = nginx.add(PASS, served)
        yield case(
            waiting,
            f"a certificate {name}",
            functools.partial(nowhere, webhook),
            SENT_AGAIN,
            ["not trusted"],
            ["ca_file"],
            f'ca_file = "{made[trusted][0]}";',
        )


def haproxy_cases():
    """name, lines of its frontend and backend, the server behind it, and what to expect."""
    return [
        ("HAProxy: 200 ok", "", "", Mattermost(), DELIVERED, {"arrived": 1}),
        ("HAProxy: nobody behind it", "", "", None, HELD, {"reason": ["HTTP 503"], "remedy": LOOK}),
        (
            "HAProxy: the server died meanwhile",
            "",
            "",
            cut(),
            HELD,
            {"reason": ["HTTP 502"], "remedy": LOOK, "arrived": 1},
        ),
        (
            "HAProxy: the server was too slow",
            "",
            "timeout server 200ms",
            late,
            HELD,
            {"reason": ["HTTP 504"], "remedy": LOOK, "arrived": 1},
        ),
        (
            "HAProxy: no HTTP behind it",
            "",
            "",
            cut(b"220 mail.example ESMTP\r\n"),
            HELD,
            {"reason": ["HTTP 502"], "remedy": LOOK},
        ),
        (
            "HAProxy: tarpit",
            "http-request tarpit",
            "",
            None,
            HELD,
            {"reason": ["HTTP 500"], "remedy": LOOK},
        ),
        (
            "HAProxy: silence",
            "http-request silent-drop",
            "",
            None,
            HELD,
            {"reason": BROKEN, "remedy": LOOK, "options": 'timeout = "500ms";'},
        ),
        (
            "HAProxy: closed after the request",
            "http-request reject",
            "",
            None,
            HELD,
            {"reason": BROKEN, "remedy": LOOK},
        ),
        (
            "HAProxy: closed before TLS",
            "tcp-request connection reject",
            "",
            None,
            SENT_AGAIN,
            {"reason": ["connection"]},
        ),
        (
            "HAProxy: silence before TLS",
            "tcp-request connection silent-drop",
            "",
            None,
            SENT_AGAIN,
            {"reason": ["connection"], "options": 'timeout = "500ms";'},
        ),
        (
            "HAProxy: forbidden",
            "http-request deny",
            "",
            None,
            QUARANTINED,
            {"reason": ["HTTP 403"], "remedy": ["let this machine post"]},
        ),
        (
            "HAProxy: too many",
            "http-request return status 429 content-type text/plain string x hdr Retry-After 3600",
            "",
            None,
            WAITS,
            {"reason": ["HTTP 429"]},
        ),
        (
            "HAProxy: redirect",
            "http-request redirect prefix https://other.example",
            "",
            None,
            QUARANTINED,
            {"reason": ["https://other.example"], "remedy": ["ATVM_WEBHOOK"]},
        ),
    ]


@contextlib.contextmanager
def given(webhook, stand_in):
    yield webhook, stand_in


def behind(front, add, waiting, stack, rows, ca_file):
    """A case for each row; what stands behind the fronts lives as long as `stack`."""
    for name, *how, answer, ending, expected in rows:
        stand_in = stack.enter_context(StandIn(answer)) if answer else None
        webhook = add(front, how, stand_in)
        options = f'ca_file = "{ca_file}"; ' + expected.pop("options", "")
        yield case(
            waiting,
            name,
            functools.partial(given, webhook, stand_in),
            ending,
            options=options,
            **expected,
        )


def nginx_front(waiting, place, made, stack):
    nginx = Nginx(place, made)
    add = lambda front, how, stand_in: front.add(how[0], stand_in=stand_in)
    cases = list(behind(nginx, add, waiting, stack, nginx_cases(), made["ours"][0]))
    cases += certificate_cases(nginx, waiting, made)
    stack.enter_context(nginx.start())
    return cases


def haproxy_front(waiting, place, made, stack):
    haproxy = Haproxy(place, made)
    add = lambda front, how, stand_in: front.add(how[0], stand_in, how[1])
    cases = list(behind(haproxy, add, waiting, stack, haproxy_cases(), made["ours"][0]))
    stack.enter_context(haproxy.start())
    return cases


def all_cases(tap, place, stack):
    waiting = Waiting(make_folder(place, "run"))
    cases = [what_the_server_stores(waiting), *without_a_front(waiting)]
    made = certificates(make_folder(place, "certificates")) if program("openssl") else None
    for name, front in [("nginx", nginx_front), ("haproxy", haproxy_front)]:
        missing = [each for each in [name, "openssl"] if not program(each)]
        if missing:
            tap.skip(f"behind {name}", f"{missing[0]} is not installed")
        else:
            cases += front(waiting, make_folder(place, name), made, stack)
    return cases


def main():
    with Tap() as tap, tempfile.TemporaryDirectory(prefix="atvm-fronts.") as place:
        with contextlib.ExitStack() as stack:
            tap.parts(all_cases(tap, place, stack))


if __name__ == "__main__":
    main()
