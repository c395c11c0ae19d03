"""A strict stand-in for Mattermost that counts what is posted."""
import http.server
import json
import re
import threading

from harness import DEADLINE

# How long an answer may be withheld.
PATIENCE = 4 * DEADLINE
REFUSED_FOR_NOW = json.dumps({"id": "api.some.app_error", "message": "", "status_code": 429})


class Mattermost:
    """Takes posts on loopback as the server does: what was read whole is posted, and only then
    answered. Keeps them by trial, which is the id of the webhook."""

    def __init__(self):
        self.lock = threading.Lock()
        self.texts = {}
        self.wrong = []  # requests that no Mattermost would take
        self.refuse = {}  # of a trial: how many requests more are answered with 429
        self.gates = {}  # of a trial: an event that is waited for before the answer

    def __enter__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.take(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def webhook(self, trial):
        return f"http://127.0.0.1:{self.server.server_port}/hooks/{trial}"

    def take(self, request):
        """A body that breaks off is none: the sender died before the server had a post."""
        trial = request.path.rpartition("/")[2]
        length = int(request.headers.get("Content-Length", -1))
        body = request.rfile.read(length) if length > 0 else b""
        if len(body) != length:
            return
        with self.lock:
            refused = self.refuse.get(trial, 0) > 0
            if refused:
                self.refuse[trial] -= 1
            else:
                self.note(trial, request, body)
        gate = self.gates.get(trial)
        if gate:
            gate.wait(PATIENCE)
        try:
            self.answer(request, *((429, REFUSED_FOR_NOW) if refused else (200, "ok")))
        except OSError:
            pass  # the sender was killed

    def note(self, trial, request, body):
        try:
            text = json.loads(body)["text"]
        except (ValueError, KeyError):
            text = None
        if not text or not re.fullmatch(r"/hooks/[a-z0-9]{26}", request.path):
            self.wrong.append((request.path, body[:200]))
        self.texts.setdefault(trial, []).append(text or "")

    @staticmethod
    def answer(request, status, text):
        request.send_response(status)
        request.send_header("Content-Type", "text/plain" if status == 200 else "application/json")
        request.send_header("Content-Length", str(len(text)))
        request.end_headers()
        request.wfile.write(text.encode())

    def posts(self, trial, scopes):
        """[(scope, part)] in the order of their arrival; "?" for a scope that is none of these, 0
        for a part that does not say which it is."""
        with self.lock:
            texts = list(self.texts.get(trial, []))
        return [(scope_of(text, scopes), part_of(text)) for text in texts]


def scope_of(text, scopes):
    title = text.split("\n")[0]
    named = [s for s in scopes if re.search(rf"(?<![\w.-]){re.escape(s)}(?![\w.-])", title)]
    return named[0] if named else "?"


def part_of(text):
    said = re.search(r"^Message [0-9a-f]+, part (\d+)/\d+$", text, re.MULTILINE)
    return int(said.group(1)) if said else 0
