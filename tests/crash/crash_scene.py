"""What the crash tests share: a run that has ended, laid out once; trials, each with a state folder
of its own, in which a watcher is to post it; and a strict stand-in for Mattermost that counts."""
import concurrent.futures
import glob
import http.server
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "system")]
from harness import BUILD, DEADLINE, FIXTURES, WATCHER  # noqa: E402
from timelapse import TimeLapse  # noqa: E402

KILLER = os.path.join(BUILD, "tests", "crash", "kill-at-syscall")
PLAIN, CATEGORIZED = "02-fail-all-sources-agree", "16-categorized-no-fresh-specpattern"
CLOSED, HELD, BUSY, STATE = 0, 5, 3, 4  # exit statuses of `run`
KILLED = 137

# A crashed machine, a busy one and a slow one look alike: how long a trial may take.
PATIENCE = 4 * DEADLINE

REFUSED_FOR_NOW = json.dumps({"id": "api.some.app_error", "message": "", "status_code": 429})


class Mattermost:
    """Takes posts on loopback as the server does: what was read whole is posted, and only then
    answered. Counts them by trial, which is the id of the webhook, and by scope."""

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
        """{scope: how often it was posted}; also "?" where a post names none of them."""
        counts = dict.fromkeys(scopes, 0)
        with self.lock:
            texts = list(self.texts.get(trial, []))
        for text in texts:
            title = text.split("\n")[0]
            scope = next((s for s in scopes if re.search(rf"(?<![\w.-]){re.escape(s)}(?![\w.-])", title)), "?")
            counts[scope] = counts.get(scope, 0) + 1
        return counts


class Run:
    """A recorded run whose end was just now; only read by the watchers of all trials."""

    def __init__(self, scenario, place):
        self.place = os.path.join(place, scenario[:2])
        os.mkdir(self.place)
        name = "crash-" + scenario.partition("-")[2][:5]
        self.lapse = TimeLapse(os.path.join(FIXTURES, scenario), self.place, 0, build=name)
        self.lapse.prepare()
        self.lapse.play()
        self.build = name
        with open(os.path.join(FIXTURES, scenario, "expected.json"), encoding="utf-8") as file:
            truth = json.load(file)
        subruns = [s["name"] for s in truth.get("subruns") or []]
        self.scopes = [s.replace(self.lapse.recorded_build, name) for s in subruns] or [name]
        self.configure()

    def configure(self, **more):
        """As quick as can be: nothing to settle, retried at once; no live processes are looked at."""
        nobody = os.path.join(self.place, "no-processes")
        os.makedirs(nobody, exist_ok=True)
        settings = {
            "automation_root": self.lapse.root,
            "run_log": f"{self.place}/%b.log",
            "launch_log": f"{self.place}/%b.launch.log",
            "cypress_config": self.lapse.given["config"],
            "poll_interval": "50ms",
            "settle": "0s",
            **more,
        }
        lines = [f'{name} = "{value}";' for name, value in settings.items()]
        lines += ['retry = { first = "10ms"; max = "20ms"; give_up = "1h"; };']
        lines += [f'collectors = ( {{ module = "proc"; root = "{nobody}"; }},']
        lines += ['  { module = "runlog"; }, { module = "junit"; } );']
        lines += ['sinks = ( { module = "mattermost"; } );', ""]
        with open(self.lapse.config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))

    def command(self):
        return self.lapse.command(WATCHER)


class Trial:
    """One state folder, and the watchers that work on it one after the other."""

    def __init__(self, run, mattermost, state_root):
        self.run, self.mattermost, self.state_root = run, mattermost, state_root
        letters = "abcdefghijklmnopqrstuvwxyz0123456789"
        self.id = "".join(random.SystemRandom().choices(letters, k=26))
        self.folder = os.path.join(state_root, run.build)
        self.said = ""
        self.restarts = 0
        os.makedirs(state_root, exist_ok=True)

    def environment(self):
        environment = self.run.lapse.environment()
        environment["ATVM_WATCHER_STATE_ROOT"] = self.state_root
        environment["MATTERMOST_ATVM_WEBHOOK"] = self.mattermost.webhook(self.id)
        # LeakSanitizer traces its own process, which a traced one cannot.
        options = environment.get("ASAN_OPTIONS", "")
        environment["ASAN_OPTIONS"] = f"{options}:detect_leaks=0"
        return environment

    def start(self, before=()):
        """Starts a watcher; its words go to `said` once it has ended."""
        log = tempfile.TemporaryFile()
        process = subprocess.Popen(
            [*before, *self.run.command()],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        process.log = log
        return process

    def finish(self, process):
        try:
            status = process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = "ended by the deadline"
        process.log.seek(0)
        self.said += process.log.read().decode(errors="replace") + f"[status {status}]\n"
        process.log.close()
        return status

    @staticmethod
    def says(process):
        """What a watcher has said up to now."""
        return os.pread(process.log.fileno(), 1 << 20, 0).decode(errors="replace")

    def watch(self, before=()):
        return self.finish(self.start(before))

    def status(self):
        """What `status` shows a person."""
        argv = [WATCHER, "status", self.run.build, "--config", self.run.lapse.config]
        answer = subprocess.run(
            argv, env=self.environment(), capture_output=True, text=True, timeout=PATIENCE
        )
        return answer.stdout + answer.stderr

    def records(self):
        """{scope: state} of the outbox."""
        states = {}
        for path in glob.glob(f"{self.folder}/outbox/*/*.json"):
            with open(path, encoding="utf-8") as file:
                record = json.load(file)
            states[record["message"]["scope"]] = record["state"]
        return states

    def is_closed(self, scope):
        sub = [] if scope == self.run.build else ["subruns", scope]
        for name in ["state.json", "closed.json"]:
            try:
                with open(os.path.join(self.folder, *sub, name), encoding="utf-8") as file:
                    closed = json.load(file).get("closed")
            except FileNotFoundError:
                closed = None
            if closed is None:
                return False
        return True

    def check(self, status):
        """What is wrong once a watcher has ended by itself; an empty list is as it must be. And
        the outcome in a word."""
        wrong = []
        posts, records = self.mattermost.posts(self.id, self.run.scopes), self.records()
        held = [s for s in self.run.scopes if records.get(s) == "uncertain"]
        for scope, count in posts.items():
            if count > 1 or scope == "?":
                wrong.append(f"DUPLICATE: {scope} was posted {count} times")
            if count == 0 and scope not in held:
                wrong.append(f"LOST: {scope} was not posted, and is {records.get(scope)}")
            if scope not in held and records.get(scope) != "delivered":
                wrong.append(f"the record of {scope} says {records.get(scope)}")
            if scope in self.run.scopes and not self.is_closed(scope):
                wrong.append(f"{scope} is not closed")
        if status != (HELD if held else CLOSED):
            wrong.append(f"the watcher ended with {status}, held: {held}")
        if held:
            shown = self.status()
            wrong += [f"status does not show {s}: {shown}" for s in held if not self.shows(s, shown)]
        return wrong, "held" if held else "posted"

    def shows(self, scope, shown):
        lines = [line for line in shown.splitlines() if "HELD, uncertain" in line]
        return any(scope in line for line in lines) or (lines and scope == self.run.build)


def evidence_of(trial):
    return os.path.join(trial.folder, "evidence.jsonl")


def in_parallel(work, items, seconds=None, least=0):
    """Yields work(item) as they come, from as many threads as there are processors; begins no more
    than `least` items after `seconds`."""
    end = time.monotonic() + seconds if seconds else None
    items = iter(items)
    begun = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        running = set()
        while True:
            while len(running) < 2 * (os.cpu_count() or 1):
                if end and begun >= least and time.monotonic() > end:
                    break
                try:
                    running.add(pool.submit(work, next(items)))
                    begun += 1
                except StopIteration:
                    break
            if not running:
                return
            done, running = concurrent.futures.wait(
                running, return_when=concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                yield future.result()
