#!/usr/bin/env python3
"""on_stuck_runner = "terminate", with real processes: once the verdict is on disk the runner that
stayed is ended, it and nobody else; and nothing is ended where the run is not over."""
import json
import os
import signal
import subprocess
import sys
import tempfile

from harness import DEADLINE, FIXTURES, WATCHER, Tap, is_sanitized, wait_for
from timelapse import TimeLapse

SECONDS = 4 if is_sanitized() else 2
TERMINATE = 'on_stuck_runner = "terminate";\nstuck_grace = "20s";\nstuck_after = "1s";\n'
SCRIPT = "run-sorry-cypress.py"

# Stand-ins for the runner. Each says when it stands as it should, and lives until its standard
# input ends: it never outlives the test.
COMMON = """
import os, signal, subprocess, sys
def wait():
    print("ready", flush=True)
    while True:
        try:
            if not sys.stdin.buffer.read(4096):
                return
        except InterruptedError:
            pass
"""
RUNNERS = {
    "ordinary": "wait()",
    "deaf": "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwait()",
    "parent": """
child = subprocess.Popen(["sleep", "300"])
if os.fork() == 0:
    os._exit(0)
print(child.pid, flush=True)
wait()
""",
}


class Process:
    """A stand-in for a runner of `build`; `kind`: one of RUNNERS."""

    def __init__(self, place, kind, build):
        folder = os.path.join(place, f"{kind}.{build}")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, SCRIPT), "w", encoding="utf-8") as file:
            file.write(COMMON + RUNNERS[kind])
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(folder, SCRIPT), "--build_name", build],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.said = []
        while "ready" not in self.said:
            self.said.append(self.process.stdout.readline().decode().strip())

    @property
    def pid(self):
        return self.process.pid

    def is_alive(self):
        return self.process.poll() is None

    def ended_by(self):
        """The signal that ended it; None where it lives."""
        return -self.process.wait(timeout=DEADLINE)

    def close(self):
        self.process.stdin.close()
        if self.is_alive():
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def process_is_alive(pid):
    """A defunct one is not: its parent may be a process 1 that waits for nobody."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Stuck:
    """A recorded run that has ended while its runner stays, watched to its end. A context
    manager."""

    def __init__(self, kind="ordinary", options=TERMINATE, scenario="26-hang-after-upload", **how):
        self.kind, self.options, self.scenario = kind, options, scenario
        self.neighbours, self.ending = how.get("neighbours", ()), how.get("ending", "")

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-stuck.")
        place = os.path.join(self.folder.name, "run")
        os.mkdir(place)
        self.build = f"stuck.{os.getpid()}.{self.kind}{self.ending}"
        # They have to be older than the last sign of the run, which comes SECONDS from here.
        self.runner = Process(self.folder.name, self.kind, self.build)
        self.others = [Process(self.folder.name, "ordinary", name) for name in self.names()]
        self.lapse = TimeLapse(os.path.join(FIXTURES, self.scenario), place, SECONDS, self.build)
        self.lapse.prepare(self.options)
        if "stuck_after" in self.options:
            self.without_second_value()
        self.errors = os.path.join(self.folder.name, "errors")
        self.output = os.path.join(self.folder.name, "output")
        return self

    def names(self):
        return [self.build + ending for ending in self.neighbours]

    def without_second_value(self):
        """The time-lapse has a stuck_after of its own."""
        with open(self.lapse.config, encoding="utf-8") as file:
            text = file.read()
        with open(self.lapse.config, "w", encoding="utf-8") as file:
            file.write(text.replace('stuck_after = "2s";\n', "", 1))

    def watch(self, meanwhile=None):
        """Watches to the end; its exit status. meanwhile(watcher) is called when all was played."""
        with open(self.output, "wb") as output, open(self.errors, "wb") as errors:
            watcher = subprocess.Popen(
                self.lapse.command(WATCHER),
                env=self.lapse.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )
        try:
            wait_for(self.has_begun, "the first look")
            self.lapse.play(go_on=lambda: watcher.poll() is None)
            if meanwhile:
                meanwhile(watcher)
            return watcher.wait(timeout=DEADLINE)
        finally:
            if watcher.poll() is None:
                watcher.kill()
                watcher.wait()

    def kept(self, name):
        with open(os.path.join(self.lapse.state_root, self.build, name), encoding="utf-8") as file:
            return file.read()

    def has_begun(self):
        """Before the first batch it has seen which hosts there are to be, and the runner."""
        path = os.path.join(self.lapse.state_root, self.build, "state.json")
        if not os.path.exists(path):
            return False
        state = json.loads(self.kept("state.json"))
        return state.get("runner_seen") and bool(
            state.get("expected_hosts") or not self.lapse.given["categorized"]
        )

    def sub_runs(self):
        """Names of the closed ones."""
        folder = os.path.join(self.lapse.state_root, self.build, "subruns")
        return [
            n for n in os.listdir(folder) if "closed.json" in os.listdir(os.path.join(folder, n))
        ]

    def said(self):
        texts = []
        for path in [self.errors, self.output]:
            with open(path, encoding="utf-8", errors="replace") as file:
                texts.append(file.read())
        return "\n".join(texts)

    def note(self):
        """What the report on disk says of it, in every form."""
        notes = json.loads(self.kept("report.json"))["scopes"][-1]["notes"]
        found = [note for note in notes if "on_stuck_runner" in note]
        return found[0] if len(found) == 1 else f"{len(found)} notes: {notes}"

    def __exit__(self, *_):
        for process in [self.runner, *self.others]:
            process.close()
        self.lapse.close()
        self.folder.cleanup()


def check_note(tap, stuck, name, words):
    note = stuck.note()
    tap.ok(all(word in note for word in words), f"{name}: the report says what was done", note)
    for ending in ["txt", "md"]:
        plain = stuck.kept("report." + ending).replace("\\", "").replace("\n    ", " ")
        tap.ok(words[-1] in plain, f"{name}: report.{ending} too", plain[-900:])
    tap.ok(note in stuck.said(), f"{name}: so does the log", stuck.said())


def ordinary_runner(tap):
    """It is ended by SIGTERM; a run whose name begins with this one's, or this one with its, is
    another run."""
    with Stuck(neighbours=["2", "-redhat", "x"]) as stuck:
        seen = {}

        def look(_):
            wait_for(lambda: not stuck.runner.is_alive(), "the runner's end")
            seen["closed"] = json.loads(stuck.kept("state.json")).get("closed")

        tap.equal(stuck.watch(look), 0, "ordinary: the watcher ends well", stuck.said())
        tap.equal(stuck.runner.ended_by(), signal.SIGTERM, "ordinary: the runner got SIGTERM")
        tap.ok(seen["closed"], "ordinary: by then the run was closed on disk", seen)
        alive = [other.is_alive() for other in stuck.others]
        tap.equal(alive, [True] * 3, "ordinary: runs with a like name were left alone")
        tap.equal(stuck.said().count("SUMMARY:"), 1, "ordinary: one post", stuck.said())
        tap.ok("is to be ended" in stuck.said(), "ordinary: the post says what is intended")
        check_note(tap, stuck, "ordinary", [f"process {stuck.runner.pid} ended by SIGTERM"])


def deaf_runner(tap):
    with Stuck("deaf", TERMINATE.replace("20s", "500ms")) as stuck:
        tap.equal(stuck.watch(), 0, "deaf: the watcher ends well", stuck.said())
        tap.equal(stuck.runner.ended_by(), signal.SIGKILL, "deaf: the runner got SIGKILL")
        words = f"process {stuck.runner.pid} ended by SIGKILL, 0.5 s after SIGTERM"
        check_note(tap, stuck, "deaf", [words])


def runner_with_children(tap):
    """What it started is ended with it; the defunct child is its own business."""
    with Stuck("parent") as stuck:
        child = int(stuck.runner.said[0])
        try:
            tap.ok(process_is_alive(child), "parent: its child lives")
            tap.equal(stuck.watch(), 0, "parent: the watcher ends well", stuck.said())
            tap.equal(stuck.runner.ended_by(), signal.SIGTERM, "parent: the runner got SIGTERM")
            wait_for(lambda: not process_is_alive(child), "the child's end")
            tap.ok(True, "parent: its child has ended too")
            note = stuck.note()
            tap.ok(
                "defunct child" in stuck.kept("report.txt").replace("\n    ", " "),
                "parent: the defunct child is noted",
            )
            tap.ok(
                f"processes {stuck.runner.pid}, {child} ended by SIGTERM" in note,
                "parent: both are named",
                note,
            )
        finally:
            if process_is_alive(child):
                os.kill(child, signal.SIGKILL)


def by_default_it_is_left_alone(tap):
    with Stuck(options='stuck_after = "1s";\n', ending=".note") as stuck:
        tap.equal(stuck.watch(), 0, "note: the watcher ends well", stuck.said())
        tap.ok(stuck.runner.is_alive(), "note: the runner was left alone")
        tap.ok("did not exit" in stuck.kept("report.txt"), "note: it is mentioned")
        tap.equal(stuck.note()[:8], "0 notes:", "note: nothing is said of ending it")


def cancelled_run(tap):
    """The operator cancelled it: the runner is the operator's business."""
    with Stuck(options=TERMINATE.replace('"1s"', '"1h"'), ending=".cancelled") as stuck:

        def cancel(_):
            marker = os.path.join(stuck.lapse.state_root, stuck.build, "cancelled")
            wait_for(lambda: os.path.exists(os.path.dirname(marker)), "the state folder")
            with open(marker, "w", encoding="utf-8") as file:
                file.write('{"by": "test", "time": 1}\n')

        tap.equal(stuck.watch(cancel), 0, "cancelled: the watcher ends well", stuck.said())
        state = json.loads(stuck.kept("state.json"))["state"]
        tap.equal(state, "CANCELLED", "cancelled: it is closed as that", stuck.said())
        tap.ok(stuck.runner.is_alive(), "cancelled: the runner was left alone")


def categorized_run_that_goes_on(tap):
    """One batch has ended, the next has begun and gone quiet: the run is not over."""
    options = TERMINATE + 'hang_after = "1500ms";\n'
    with Stuck("ordinary", options, "37-subrun-in-progress", ending=".on") as stuck:

        def stop(watcher):
            # It has looked and judged since stuck_after was over.
            wait_for(lambda: '"HUNG"' in stuck.kept("state.json"), "the run to be called HUNG")
            watcher.send_signal(signal.SIGTERM)

        tap.equal(stuck.watch(stop), 6, "goes on: the watcher is stopped", stuck.said())
        names = stuck.sub_runs()
        tap.equal(len(names), 1, "goes on: one sub-run is closed", names)
        tap.ok("closed" not in json.loads(stuck.kept("state.json")), "goes on: the run is not")
        tap.ok(stuck.runner.is_alive(), "goes on: the runner was left alone", stuck.said())


def categorized_run_that_is_over(tap):
    """Every host had its batch and every sub-run is closed: the runner is ended."""
    with Stuck("ordinary", scenario="17-grouped-batch-two-hosts", ending=".over") as stuck:
        tap.equal(stuck.watch(), 0, "over: the watcher ends well", stuck.said())
        tap.equal(stuck.runner.ended_by(), signal.SIGTERM, "over: the runner got SIGTERM")
        tap.equal(len(stuck.sub_runs()), 1, "over: its sub-run is closed")
        note = stuck.note()
        tap.ok(
            f"process {stuck.runner.pid} ended by SIGTERM" in note, "over: the report says so", note
        )


def main():
    with Tap() as tap:
        tap.parts(
            [
                ordinary_runner,
                deaf_runner,
                runner_with_children,
                by_default_it_is_left_alone,
                cancelled_run,
                categorized_run_that_goes_on,
                categorized_run_that_is_over,
            ]
        )


if __name__ == "__main__":
    main()
