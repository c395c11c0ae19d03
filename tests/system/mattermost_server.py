"""What plays the Mattermost server in the tests: a stand-in on loopback that answers as it is told,
one that is as strict as the real one, and certificates for either."""
import collections
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import threading

from harness import DEADLINE

# As long as an id of Mattermost's; whatever holds it has leaked the webhook.
CANARY = "c4n4ryc4n4ryc4n4ryc4n4ry26"
OK = (200, {"Content-Type": "text/plain"}, b"ok")

Request = collections.namedtuple("Request", "line headers body")


# -------------------------------------------------------------------- the stand-in


def error(status, error_id, message="Es ist ein Fehler aufgetreten.", **headers):
    """A refusal as Mattermost writes it, in the language of a server somewhere."""
    body = {"id": error_id, "message": message, "detailed_error": "", "status_code": status}
    body["request_id"] = "p3b7"
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/json", **headers}, json.dumps(body).encode()


def read_request(connection, whole=True):
    """The request; without `whole` only its head. None where the other side broke off."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in lines)}
    while whole and len(body) < int(headers["content-length"]):
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return Request(line, headers, body)


def reset(connection):
    """Closes with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def wait_for_the_end(connection):
    """Until the other side has given up."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass


class StandIn:
    """A server on loopback. `answer`: (status, headers, body), or a function that is given the
    stand-in and a connection. A context manager; notes each connection and request."""

    def __init__(self, answer, tls=None):
        self.answer, self.tls = answer, tls
        self.connections, self.requests, self.problems = 0, [], []
        self.worker = None  # set once it has started
        self.has_worker = threading.Event()

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self

    def __exit__(self, *_):
        # shutdown wakes the thread that waits in accept
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()

    @property
    def url(self):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/hooks/{CANARY}"

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(DEADLINE)
            try:
                with connection:
                    self.serve_connection(connection)
            except (OSError, ValueError) as problem:
                self.problems.append(problem)

    def serve_connection(self, connection):
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True)
        if callable(self.answer):
            self.answer(self, connection)
        else:
            self.read(connection)
            self.send(connection, *self.answer)

    def read(self, connection, whole=True):
        request = read_request(connection, whole)
        if request:
            self.requests.append(request)
        return request

    def send(self, connection, status, headers, body, length=None):
        lines = [f"HTTP/1.1 {status} -"] + [f"{name}: {headers[name]}" for name in headers]
        lines.append(f"Content-Length: {len(body) if length is None else length}")
        connection.sendall("\r\n".join(lines + ["", ""]).encode() + body)


# -------------------------------------------------------------------- a strict one

# server/public/model/config.go, post.go
PAYLOAD_MAX = 300000 + 512
POST_RUNES = 16383
# server/channels/app/webhook.go: <url|label> becomes [label](url), in code blocks too.
LINK_WITH_TEXT = re.compile(r"<([^\n<\|>]+)\|([^\|\n>]+)>")
# server/channels/app/slack.go; the words notify everybody unless they stand in code.
SLACK_WORD = re.compile(r"<!(channel|here|all|everyone)>|<@(U\w+)>")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
CALL = re.compile(r"(?<![\w@])@(?:channel|here|all|U\w+)\b", re.IGNORECASE)


class Mattermost:
    """Answers as the real server does (see the files named above). `posts`: what it would store,
    one entry a post; a text that is too long becomes several."""

    def __init__(self, channels=("town-square",)):
        self.channels, self.posts = channels, []

    def __call__(self, stand_in, connection):
        request = stand_in.read(connection)
        if request:
            stand_in.send(connection, *self.answer(request))

    def answer(self, request):
        method, path, _ = request.line.split(" ")
        if method != "POST" or not re.fullmatch(r"/hooks/[A-Za-z0-9]+", path):
            return error(404, "api.context.404.app_error")
        if path != f"/hooks/{CANARY}":
            return error(400, "web.incoming_webhook.invalid.app_error")
        if len(request.body) > PAYLOAD_MAX:
            return error(413, "api.context.request_body_too_large.app_error")
        try:
            hook = json.loads(request.body.decode())
        except ValueError:
            return error(400, "model.incoming_hook.parse_data.app_error")
        return self.post(hook)

    def post(self, hook):
        text = hook.get("text")
        if not isinstance(text, str) or not text:
            return error(400, "web.incoming_webhook.text.app_error")
        if "\0" in text:
            return error(500, "app.post.save.app_error")
        if "channel" in hook and hook["channel"] not in self.channels:
            return error(404, "web.incoming_webhook.channel.app_error")
        text = LINK_WITH_TEXT.sub(r"[\2](\1)", text)
        text = SLACK_WORD.sub(lambda found: "@" + (found[1] or found[2]), text)
        self.posts += [text[i : i + POST_RUNES] for i in range(0, len(text), POST_RUNES)]
        return OK

    def calls(self):
        """Whom the posts notify."""
        return [name for post in self.posts for name in CALL.findall(CODE.sub("", post))]


# -------------------------------------------------------------------- certificates


def certificate(place, name, subject, days=2):
    """A self-signed one (days < 0: it has expired); (its path, a context that serves it)."""
    paths = [os.path.join(place, name + ending) for ending in [".pem", ".key"]]
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    command = [*command.split(), "-subj", "/CN=test", "-addext", "subjectAltName=" + subject]
    command += ["-out", paths[0], "-keyout", paths[1]]
    subprocess.run(command, check=True, capture_output=True)
    if days < 0:
        command = ["openssl", "x509", "-in", paths[0], "-signkey", paths[1], "-days", str(days)]
        subprocess.run([*command, "-out", paths[0]], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*paths)
    return paths[0], context
