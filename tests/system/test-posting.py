#!/usr/bin/env python3
"""What a real watcher posts, through real deliver workers, to a server that keeps count: once each,
in order, whatever happens to the watcher in between."""
import http.server
import json
import os
import signal
import subprocess
import tempfile
import threading

from harness import DEADLINE, FIXTURES, WATCHER, Tap, command_line, wait_for
from timelapse import TimeLapse

# As Mattermost refuses what it certainly did not post.
BUSY = (500, b'{"id":"api.post.create_webhook_post.creating.app_error","status_code":500}')
OK = (200, b"ok")


class Chat:
    """A stand-in for Mattermost: `answer(number)` gives status and body for the number-th post (from
    1), after it has arrived; it may wait."""

    def __init__(self, answer=lambda number: OK):
        self.answer, self.posts = answer, []
        chat = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                chat.posts.append(json.loads(body)["text"])
                status, body = chat.answer(len(chat.posts))
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/abc"
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Ended:
    """A recorded run that has ended just now, for as many watchers as the test starts. A context
    manager that ends what is left of them."""

    def __init__(self, scenario, chat, sinks, options=""):
        self.scenario, self.chat, self.sinks, self.options = scenario, chat, sinks, options
        self.watchers = []

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-posting.")
        self.place = os.path.join(self.folder.name, "run")
        os.mkdir(self.place)
        self.lapse = TimeLapse(
            os.path.join(FIXTURES, self.scenario),
            self.place,
            seconds=1,
            build=f"posting.{os.getpid()}.{self.scenario[:2]}",
        )
        self.lapse.prepare(self.options)
        with open(self.lapse.config, encoding="utf-8") as file:
            text = file.read()
        with open(self.lapse.config, "w", encoding="utf-8") as file:
            sinks = self.sinks.replace("PLACE", self.place)
            file.write(text.replace('{ module = "stdout"; }', sinks))
        self.lapse.play()
        return self

    def __exit__(self, *_):
        for watcher in self.watchers:
            if watcher.poll() is None:
                watcher.kill()
            watcher.wait()
        self.lapse.close()
        self.folder.cleanup()

    def start(self):
        environment = {**self.lapse.environment(), "MATTERMOST_ATVM_WEBHOOK": self.chat.url}
        with open(self.log(len(self.watchers)), "wb") as log:
            watcher = subprocess.Popen(
                self.lapse.command(WATCHER),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.watchers.append(watcher)
        return watcher

    def finish(self):
        """Starts a watcher and returns its exit status."""
        return self.start().wait(timeout=DEADLINE)

    def log(self, number):
        return os.path.join(self.folder.name, f"log{number}")

    def said(self, number=-1):
        number = number % len(self.watchers)
        with open(self.log(number), encoding="utf-8", errors="replace") as file:
            return file.read()

    def kept(self, *names):
        return os.path.join(self.lapse.state_root, self.lapse.build, *names)

    def is_closed(self):
        with open(self.kept("state.json"), encoding="utf-8") as file:
            return "closed" in json.load(file)

    def record(self, sink, name):
        with open(self.kept("outbox", sink, name + ".json"), encoding="utf-8") as file:
            return json.load(file)


def deliver_workers():
    """Processes that deliver: (pid, parent)."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if command_line(pid)[-2:] == ["worker", "deliver"]:
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                    found.append((int(pid), int(file.read().rsplit(")", 1)[1].split()[1])))
            except (FileNotFoundError, ProcessLookupError):
                pass
    return found


def worker_outlives_its_watcher(tap):
    arrived, answered = threading.Event(), threading.Event()

    def wait_to_answer(_):
        arrived.set()
        answered.wait(DEADLINE)
        return OK

    with Chat(wait_to_answer) as chat:
        with Ended("01-pass-all-sources-agree", chat, '{ module = "mattermost"; }') as run:
            first = run.start()
            tap.ok(arrived.wait(DEADLINE), "the post has arrived", run.said())
            workers = [pid for pid, parent in deliver_workers() if parent == first.pid]
            first.kill()
            first.wait()
            tap.ok(
                len(workers) == 1 and command_line(workers[0]), "its worker outlives the watcher"
            )
            second = run.start()
            wait_for(lambda: "taken up where it was left: sending" in run.said(), "a second watcher")
            tap.equal(len(chat.posts), 1, "a second watcher sends nothing while that worker lives")
            wait_for(run.is_closed, "the run is closed")
            second.terminate()
            tap.equal(second.wait(timeout=DEADLINE), 6, "it can be stopped", run.said())
            tap.ok(
                "after the run was closed as COMPLETED, before its post was delivered" in run.said(),
                "and says that only the delivery is open",
                run.said(),
            )
            third = run.start()
            wait_for(lambda: "taken up where it was left: sending" in run.said(), "a third watcher")
            answered.set()
            tap.equal(third.wait(timeout=DEADLINE), 0, "it uses that worker's receipt", run.said())
            tap.equal(run.finish(), 0, "a fourth has nothing to do", run.said())
            record = run.record("mattermost", run.lapse.build)
            tap.equal((record["state"], record["attempt_count"]), ("delivered", 1), "one attempt")
        tap.equal(len(chat.posts), 1, "exactly one post")


def two_watchers_at_once(tap):
    with Chat() as chat:
        with Ended("01-pass-all-sources-agree", chat, '{ module = "mattermost"; }') as run:
            both = [run.start(), run.start()]
            statuses = sorted(watcher.wait(timeout=DEADLINE) for watcher in both)
            tap.equal(statuses, [0, 3], "of two watchers one watches", run.said(0) + run.said(1))
        tap.equal(len(chat.posts), 1, "exactly one post")


def sub_runs_keep_their_order(tap):
    """The chat is busy until the file sink has the messages of all sub-runs."""
    all_written = threading.Event()
    with Chat(lambda number: OK if all_written.is_set() else BUSY) as chat:
        sinks = '{ module = "mattermost"; }, { module = "file"; path = "PLACE/posts/%s.md"; }'
        retry = 'retry = { first = "50ms"; max = "100ms"; give_up = "1h"; };\n'
        with Ended("16-categorized-no-fresh-specpattern", chat, sinks, retry) as run:
            with open(os.path.join(FIXTURES, run.scenario, "expected.json"), encoding="utf-8") as f:
                count = len(json.load(f)["subruns"])
            posts = os.path.join(run.place, "posts")
            watcher = run.start()
            wait_for(
                lambda: os.path.isdir(posts) and len(os.listdir(posts)) == count,
                "a file for each sub-run",
            )
            wait_for(lambda: len(chat.posts) >= 2, "a second attempt at the first sub-run")
            titles = {post.splitlines()[0] for post in chat.posts}
            tap.ok(
                count > 1 and len(titles) == 1,
                "a busy sink delays no other, and its first message its later ones",
                titles,
            )
            all_written.set()
            tap.equal(watcher.wait(timeout=DEADLINE), 0, "all are delivered in the end", run.said())
            with open(run.kept("report.json"), encoding="utf-8") as file:
                scopes = [scope["name"] for scope in json.load(file)["scopes"]]
        names = [post.splitlines()[0].removeprefix("#### ").rsplit(" - ", 1)[0] for post in chat.posts]
        tap.equal(names[-count:], scopes, "each sub-run is delivered, in the order of their ends")
        tap.equal(set(names[:-count]), {scopes[0]}, "what was refused before is the first one")


def killed_between_parts(tap):
    """The watcher dies when a part has arrived and is not answered yet, each time anew."""
    run = None

    def kill_then_answer(_):
        run.watchers[-1].kill()
        return OK

    sinks = '{ module = "mattermost"; max_characters = 1500; }'
    with Chat(kill_then_answer) as chat:
        with Ended("35-forty-hosts", chat, sinks) as run:
            status = -signal.SIGKILL
            while status == -signal.SIGKILL:
                status = run.finish()
            tap.equal(status, 0, "in the end a watcher lives", run.said())
            name = run.lapse.build
            parts = run.record("mattermost", name)["message"]["parts"]
            records = [run.record("mattermost", name)]
            records += [run.record("mattermost", f"{name}+{i}") for i in range(2, parts + 1)]
            counts = [(record["state"], record["attempt_count"]) for record in records]
            tap.equal(counts, [("delivered", 1)] * parts, "one attempt each")
        ends = [post.splitlines()[-1].split(", ")[1] for post in chat.posts]
        tap.equal(ends, [f"part {i}/{parts}" for i in range(1, parts + 1)], "each part once, in order")
        tap.equal(len(run.watchers), parts + 1, "a watcher died at each part")


def main():
    with Tap() as tap:
        for part in [
            worker_outlives_its_watcher,
            two_watchers_at_once,
            sub_runs_keep_their_order,
            killed_between_parts,
        ]:
            tap.part(part)


if __name__ == "__main__":
    main()
