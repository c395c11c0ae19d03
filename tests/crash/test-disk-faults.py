#!/usr/bin/env python3
"""A disk that fails: at each call with which the watcher touches the state folder the kernel says
that it did not work, once or until further notice, or does half of it. What was acknowledged stays
valid, what is wrong is said with path, step and remedy, and when the fault is gone each status is
posted exactly once, by the same watcher or by the next one.

  test-disk-faults.py [--all]     all positions, instead of a sample of limited time
                      [--seed N]  of the sample
"""
import contextlib
import functools
import os
import random
import re
import shutil
import signal
import tempfile

from crash_scene import FAST_FOLDER, HELD, PATIENCE, PLAIN, Kill, Run, Trial, may_trace
from crash_sweep import KINDS, MISSED, SHARE, Place, Sweep, arguments, shuffled, sweep_all
from harness import Tap, wait_for
from strict_mattermost import Mattermost

# What the kernel may answer to each call, and the words for it.
REFUSALS = {
    "openat": ["EIO", "ENOSPC"],
    "mkdir": ["EIO", "ENOSPC"],
    "write": ["EIO", "ENOSPC"],
    "fsync": ["EIO", "ENOSPC"],
    "rename": ["EIO", "ENOSPC"],
    "unlink": ["EIO"],
    "fallocate": ["ENOSPC"],
}
WORDS = {"EIO": "Input/output error", "ENOSPC": "No space left on device"}
REMEDIES = {"EIO": "dmesg", "ENOSPC": "make room"}
# Of a status in two parts: while these are stored.
STORING = ["openat", "mkdir", "write", "fsync", "rename"]
SIGNALS = [signal.SIGKILL, signal.SIGTERM]
SECONDS = 3  # where a sample is enough


class Fault:
    """A watcher under strace, of which one call (or all from then on) is refused. paths: the files
    of which, relative to the state root (default: everything)."""

    def __init__(self, trial, call, error=None, at=0, lasts=False, paths=(), beside=False):
        """beside: strace is no parent of the watcher, which can then be sent signals."""
        self.trial, self.call, self.lasts = trial, call, lasts
        self.report = os.path.join(trial.state_root, "strace")
        self.argv = ["strace", "-qq", "-y", "-o", self.report, "-e", f"trace={call}"]
        # -I2: the fault can be ended
        self.argv += ["-D", "-I2"] if lasts or beside else []
        if error:
            when = f"{at}+" if lasts else at
            self.argv += ["-e", f"inject={call}:error={error}:when={when}"]
        for path in paths:
            self.argv += ["-P", os.path.join(trial.state_root, path)]

    def calls(self):
        try:
            with open(self.report, encoding="utf-8", errors="replace") as file:
                return [line for line in file if line.startswith(self.call)]
        except FileNotFoundError:
            return []

    def hits(self):
        """What was refused."""
        return [line for line in self.calls() if "(INJECTED)" in line]

    def watch(self):
        process = self.trial.start(self.argv)
        if self.lasts:
            self.mend_when_felt(process)
        return self.trial.finish(process)

    def mend_when_felt(self, process):
        """The fault is there until the watcher has met it three times, or has ended."""

        def is_felt():
            return process.poll() is not None or len(self.hits()) >= 3

        wait_for(is_felt, "the watcher to feel a lasting fault", PATIENCE)
        tracer = tracer_of(process.pid)
        if tracer:
            os.kill(tracer, signal.SIGTERM)


def tracer_of(pid):
    """0 where it has none, or has ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return int(re.search(r"^TracerPid:\s*(\d+)", file.read(), re.M).group(1))
    except FileNotFoundError:
        return 0


class Target:
    """What a call that strace shows is about: paths, below the state root."""

    def __init__(self, line, trial):
        self.paths = re.findall(re.escape(trial.state_root) + r'/([^">]*)', line)
        self.is_folder = any(os.path.isdir(f"{trial.state_root}/{path}") for path in self.paths)


def paths_of(targets):
    return sorted({path for target in targets for path in target.paths})


def in_outbox(targets):
    return [target for target in targets if any("/outbox/" in path for path in target.paths)]


class Tester:
    def __init__(self, mattermost, place, given):
        self.mattermost, self.place, self.given = mattermost, place, given
        self.random = random.Random(given.seed)
        self.plain = Run(PLAIN, place)
        self.in_parts = Run(PLAIN, place, build="crash-parts", parts=2)
        # For watchers that are ended before they try again what failed.
        self.in_parts.configure(retry_first="1h")

    @contextlib.contextmanager
    def trial(self, run):
        with tempfile.TemporaryDirectory(dir=self.place) as folder:
            yield Trial(run, self.mattermost, folder)

    @functools.lru_cache
    def targets(self, run, call):
        """What each such call about the state root is about where all goes well."""
        with self.trial(run) as trial:
            fault = Fault(trial, call)
            wrong, _ = trial.check(fault.watch())
            if wrong:
                raise AssertionError(f"{wrong}\n{trial.said}")
            return [each for each in (Target(line, trial) for line in fault.calls()) if each.paths]

    def must(self, targets, call):
        """Of a sample: at least one of them; of fsync both a folder and a file."""
        places = shuffled(enumerate(targets, 1), self.random)
        if call != "fsync":
            return {call: [at for at, _ in places]}
        return {
            "fsync of a folder": [at for at, target in places if target.is_folder],
            "fsync of a file": [at for at, target in places if not target.is_folder],
        }

    def sweep(self, name, work, call, targets):
        """work(at): the at-th call about one of the targets."""
        numbers = range(1, len(targets) + 1)
        if self.given.all:
            return Sweep(name, work, more=numbers, least=round(SHARE * len(targets)))
        return Sweep(name, work, self.must(targets, call), shuffled(numbers, self.random))

    def refuse(self, call, error, lasts):
        targets = self.targets(self.plain, call)
        def work(at):
            with self.trial(self.plain) as trial:
                fault = Fault(trial, call, error, at, lasts, paths_of(targets))
                status = fault.watch()
                hits = fault.hits()
                wrong = self.complaint(trial, error, status)
                word = "by the same watcher" if status == 0 else f"by the next one, after {status}"
                if status not in (0, HELD) or "its marker is missing" in trial.said:
                    status = trial.watch()
                more, outcome = trial.check(status)
                wrong = [f"{call} {error} at {at}: {hits[:1]}: {each}" for each in wrong + more]
                outcome = f"{outcome} {word}" if hits else MISSED
                return outcome, call, wrong + ([trial.said] if wrong else [])

        name = f"{call} says {error} {'until it is mended' if lasts else 'once'}"
        return self.sweep(name, work, call, targets)

    def refuse_and_end(self, call, number):
        """A call about the outbox fails, and before anything is tried again the watcher ends."""
        targets = in_outbox(self.targets(self.in_parts, call))

        def work(at):
            return self.refused_and_ended(call, targets, at, number)

        name = f"two parts, {call} says EIO, then {signal.Signals(number).name}"
        return self.sweep(name, work, call, targets)

    def refused_and_ended(self, call, targets, at, number):
        with self.trial(self.in_parts) as trial:
            fault = Fault(trial, call, "EIO", at, paths=paths_of(targets), beside=True)
            process = trial.start(fault.argv, patient=True)

            def is_over():
                return process.poll() is not None or WORDS["EIO"] in trial.says(process)

            wait_for(is_over, "a complaint, or the end", PATIENCE)
            process.send_signal(number)
            trial.finish(process)
            wrong = self.complaint(trial, "EIO", 1 if WORDS["EIO"] in trial.said else 0)
            hits = fault.hits()
            more, outcome = trial.check(trial.watch())
            wrong = [f"{call} EIO at {at}: {hits[:1]}: {each}" for each in wrong + more]
            return outcome if hits else MISSED, call, wrong + ([trial.said] if wrong else [])

    @staticmethod
    def complaint(trial, error, status):
        """Whoever gives up says why, and what to do."""
        lines = [each for each in trial.said.splitlines() if trial.folder in each]
        good = [each for each in lines if WORDS[error] in each and REMEDIES[error] in each]
        return ["it gave up without a clear message"] if status != 0 and not good else []

    def shorten(self, whose):
        """Half of what one write(2) was given is written."""
        since = "evidence.jsonl" if whose == "workers" else None

        def work(at):
            with self.trial(self.plain) as trial:
                place = Place("write", KINDS["write"], at)
                kill = Kill(trial, whose, "short", place, since)
                wrong, outcome = trial.check(kill.watch())
                wrong = [f"write {at} of the {whose}: {each}" for each in wrong]
                outcome = outcome if kill.fired else MISSED
                return outcome, "write", wrong + ([trial.said] if wrong else [])

        with self.trial(self.plain) as trial:
            kill = Kill(trial, whose, "short", since=since)
            kill.watch()
            numbers = shuffled(range(1, int(kill.detail) + 1), self.random)
        name = f"half of a write by the {whose}"
        if self.given.all:
            return Sweep(name, work, more=numbers, least=round(SHARE * len(numbers)))
        return Sweep(name, work, {"write": numbers}, numbers)


def first_part_not_synced(tap, tester):
    """The folder cannot be synced when the last part to be stored, the first one, has its name
    already; and the watcher ends before it tries again."""
    targets = in_outbox(tester.targets(tester.in_parts, "fsync"))
    folders = [at for at, target in enumerate(targets, 1) if target.is_folder]
    of_parts = [at for at in folders if targets[at - 1].paths[0].endswith("/mattermost")]
    if not tap.ok(len(of_parts) > 1, "the folder of the parts is synced after each", targets):
        return
    for number in SIGNALS:
        name = f"part 1 is there, its folder not synced, then {signal.Signals(number).name}"
        outcome, _, wrong = tester.refused_and_ended("fsync", targets, of_parts[1], number)
        tap.equal((outcome, wrong), ("posted", []), name, "\n".join(wrong))


def receipts_fail(tap, tester):
    """Of the worker that delivers: it cannot say that it begins to send, or what came of it."""
    cases = [
        ("write", "EIO", 1, "posted"),
        ("write", "ENOSPC", 1, "posted"),
        ("fsync", "EIO", 1, "posted"),
        ("write", "EIO", 2, "held"),
        ("write", "ENOSPC", 2, "held"),
        ("fsync", "EIO", 2, "held"),
    ]
    for call, error, at, expected in cases:
        name = f"{call} of receipt line {at} says {error}: {expected}"
        with tester.trial(tester.plain) as trial:
            receipt = f"{trial.run.build}/outbox/mattermost/{trial.run.build}.receipt-1"
            fault = Fault(trial, call, error, at, paths=[receipt])
            fault.argv[1:1] = ["-f"]
            status = fault.watch()
            with open(fault.report, encoding="utf-8", errors="replace") as file:
                fired = "(INJECTED)" in file.read()
            wrong, outcome = trial.check(status)
        tap.equal((fired, wrong, outcome), (True, [], expected), name, trial.said)


def sweeps(tester):
    for call, errors in REFUSALS.items():
        for error in errors:
            for lasts in [False, True]:
                yield tester.refuse(call, error, lasts)
    for number, call in enumerate(STORING):
        for sent in SIGNALS if tester.given.all else [SIGNALS[number % 2]]:
            yield tester.refuse_and_end(call, sent)
    for whose in ["watcher", "workers"]:
        yield tester.shorten(whose)


def main():
    given = arguments()
    with Tap() as tap, Mattermost() as mattermost, tempfile.TemporaryDirectory(
        prefix="atvm-faults.", dir=FAST_FOLDER
    ) as place:
        if not shutil.which("strace") or os.geteuid() != 0:
            tap.skip("a disk that fails", "needs strace, and root to see what a watcher opens")
            return
        if not may_trace(tap):
            return
        tester = Tester(mattermost, place, given)
        tap.part(first_part_not_synced, tester)
        tap.part(sweep_all, list(sweeps(tester)), None if given.all else SECONDS)
        tap.part(receipts_fail, tester)
        tap.equal(mattermost.wrong, [], "the server got no other request")


if __name__ == "__main__":
    main()
