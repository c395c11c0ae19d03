#!/usr/bin/env python3
"""`atvm-watcher start` with a service manager that is played: what it refuses and why, what it keeps
of an earlier run, and what it hands on. (A real one starts the watcher in test-systemd.)"""
import json
import os
import re
import stat
import subprocess
import sys

from harness import TOP, WATCHER, Answer, Tap, wait_for
from launch_stage import Stage, why_not

CANARY = "canary-secret"
RECORD = {
    "schema": "atvm.outbox/1",
    "sink": "stdout",
    "state": "pending",
    "sequence": 1,
    "created": 1,
    "attempt_count": 0,
    "maybe_posted": False,
    "message": {
        "kind": "report",
        "format": "text",
        "part": 1,
        "parts": 1,
        "key": "k",
        "title": "t",
        "body": "b",
    },
    "attempts": [],
}


class StartStage(Stage):
    def __init__(self, configuration=""):
        super().__init__(configuration, specs=[], pattern=[])
        self.unit = self.watcher_unit

    def argv(self, *words):
        return ["start" if word == "launch" else word for word in super().argv(*words)]

    def start(self, *words):
        return self.launch(*words)

    def kept(self, *names):
        return self.path("state", self.build, *names)

    def put(self, text, *names):
        os.makedirs(os.path.dirname(self.kept(*names)), exist_ok=True)
        with open(self.kept(*names), "w", encoding="utf-8") as file:
            file.write(text)

    def leave_a_post(self, **members):
        message = {**RECORD["message"], "build": self.build, "scope": self.build}
        record = {**RECORD, **members, "message": message}
        self.put(json.dumps(record), "outbox", "stdout", self.build + ".json")

    def leave_an_earlier_run(self):
        self.put("earlier", "evidence.jsonl")
        self.write(self.build + ".log", "earlier log")

    def is_untouched(self):
        return (
            self.read(self.kept("evidence.jsonl")) == "earlier"
            and self.read(self.build + ".log") == "earlier log"
            and not self.requests()
        )


def fresh(tap):
    with StartStage() as stage:
        answer = stage.start("--template", "cmc-e2e", "--hosts", "a,b", "--since", "12.5")
        tap.equal(answer.returncode, 0, "a run that is new is started", answer)
        tap.ok(stage.was_asked_to("start", stage.unit), "its unit is started", stage.requests())
        tap.ok(f"atvm-watcher status {stage.build}" in answer.stdout, "and it says where to look")
        text = stage.read(stage.kept("run.env"))
        for line in [
            'ATVM_WATCHER_TEMPLATE="cmc-e2e"',
            'ATVM_WATCHER_HOSTS="a,b"',
            'ATVM_WATCHER_SINCE="12.500000000"',
            f'ATVM_WATCHER_CONFIG="{stage.path("watcher.conf")}"',
        ]:
            tap.ok(line in text.splitlines(), f"run.env has {line.split('=')[0]}", text)
        tap.ok(CANARY not in text, "and not the secret that is in the environment", text)
        mode = stat.S_IMODE(os.stat(stage.kept("run.env")).st_mode)
        tap.equal(mode & 0o007, 0, "and is not for everybody")


def earlier_run(tap):
    with StartStage() as stage:
        stage.leave_an_earlier_run()
        answer = stage.start()
        tap.equal(answer.returncode, 0, "another run of the same name is started", answer)
        history = os.listdir(stage.kept("history"))
        tap.equal(len(history), 1, "the earlier one is in the history", history)
        kept = stage.kept("history", history[0], "evidence.jsonl")
        tap.equal(stage.read(kept), "earlier", "as it was")
        logs = [name for name in os.listdir(stage.folder) if name.startswith(stage.build + ".log")]
        tap.equal(len(logs), 1, "its log has another name", logs)
        tap.equal(stage.read(logs[0]), "earlier log", "and its content")
        for path in (stage.kept("history", history[0]), stage.path(logs[0])):
            tap.ok(f"moved aside to {path}" in answer.stderr, "where they are is said", answer)


def earlier_result(tap):
    """Nobody loses sight of a run because another one has its name now."""
    with StartStage() as stage:
        closed = {"schema": "atvm.state/1", "build": stage.build, "scope": stage.build, "mode": "single"}
        closed.update(state="FAILED", first_seen=1, closed=2)
        stage.put(json.dumps(closed), "state.json")
        stage.put("the whole report", "report.txt")
        answer = stage.start()
        said = r"an earlier run of this name, closed as FAILED, was moved aside to \S+; what came of it: (\S+)\n"
        found = re.search(said, answer.stderr)
        tap.ok(found, "a run that had ended: how, and where its report is", answer)
        tap.equal(found and stage.read(found[1]), "the whole report", "and there it is")
    with StartStage() as stage:
        stage.leave_an_earlier_run()
        stage.write("refuse-start", "")
        answer = stage.start()
        tap.ok("was moved aside" in answer.stderr, "also where the new one cannot be started", answer)


def refused(tap, name, stage, status, *words):
    answer = stage.start()
    tap.equal(answer.returncode, status, f"{name}: refused", answer)
    for word in words:
        tap.ok(word in answer.stderr, f"{name}: it says {word}", answer.stderr)
    tap.ok(stage.is_untouched(), f"{name}: nothing is changed", os.listdir(stage.folder))


def obstacles(tap):
    with StartStage() as stage:
        stage.leave_an_earlier_run()
        stage.set_unit(stage.unit, "activating")
        words = (f"{stage.unit} is activating", "atvm-watcher cancel", "systemctl stop")
        refused(tap, "a watcher, also one between two restarts", stage, 3, *words)
    with StartStage() as stage:
        stage.leave_an_earlier_run()
        stage.put("{", "outbox", "stdout", stage.build + ".json")
        refused(tap, "a post of which nobody knows", stage, 3, f"resolve {stage.build} --posted")
    with StartStage() as stage:
        stage.leave_an_earlier_run()
        stage.leave_a_post()
        words = ("it is pending", f"queue drop {stage.build}", f"atvm-watcher run {stage.build} -c ")
        refused(tap, "a post on its way", stage, 3, *words)
    with StartStage() as stage:
        stage.leave_an_earlier_run()
        argv = [sys.executable, "run-sorry-cypress.py", "--build_name", stage.build]
        with subprocess.Popen(
            argv, cwd=os.path.join(TOP, "demo"), stdin=subprocess.PIPE
        ) as runner:
            wait_for(lambda: "run-sorry-cypress.py" in stage.read(f"/proc/{runner.pid}/cmdline"),
                     "the runner")
            refused(tap, "a runner", stage, 3, f"process {runner.pid}")
            runner.stdin.close()


def settled_posts(tap):
    """What was delivered, or given up by somebody, holds nobody up."""
    for state, dropped in [("delivered", False), ("quarantined", True), ("uncertain", True)]:
        with StartStage() as stage:
            stage.leave_a_post(state=state, settled=2, explanation="x", dropped=dropped)
            answer = stage.start()
            name = f"a post that is {'dropped' if dropped else state} ({state}) is no obstacle"
            tap.equal(answer.returncode, 0, name, answer)


def quarantined_posts(tap):
    """Nobody has decided about it, and it lies where start would clear away."""
    with StartStage() as stage:
        stage.leave_an_earlier_run()
        stage.leave_a_post(state="quarantined", settled=2, explanation="x")
        words = [
            stage.kept("quarantine", f"stdout-{stage.build}", "reason.json"),
            f"queue retry {stage.build} --sink stdout",
            f"queue drop {stage.build} --sink stdout --reason",
        ]
        refused(tap, "a quarantined post", stage, 3, *words)
        os.unlink(stage.kept("evidence.jsonl"))
        drop = ["queue", "drop", stage.build, "--reason", "the channel is gone"]
        given_up = Answer([WATCHER, *drop, "--config", stage.path("watcher.conf")])
        tap.equal(given_up.status, 0, "a quarantined post: is given up", given_up)
        answer = stage.start()
        tap.equal(answer.returncode, 0, "and then it is no obstacle", answer)


def failures(tap):
    with StartStage() as stage:
        stage.write("refuse-start", "")
        answer = stage.start()
        tap.equal(answer.returncode, 1, "a unit that does not start: said", answer)
        tap.ok(f"journalctl -u '{stage.unit}'" in answer.stderr, "and where its log is", answer)
    with StartStage("poll_interval = 5;\n") as stage:
        stage.leave_an_earlier_run()
        refused(tap, "a wrong configuration", stage, 2, "watcher.conf:", "poll_interval")
    with StartStage() as stage:
        stage.build = "no/name"
        answer = stage.start()
        tap.equal(answer.returncode, 2, "a name that is none: refused", answer)
        tap.ok("begins with a letter or digit" in answer.stderr, "with a clear word", answer)


def main():
    with Tap() as tap:
        reason = why_not()
        if reason:
            tap.skip("start", reason)
            return
        for part in (fresh, earlier_run, earlier_result, obstacles, settled_posts,
                     quarantined_posts, failures):
            tap.part(part)


main()
