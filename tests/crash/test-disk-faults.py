#!/usr/bin/env python3
"""A disk that fails: at each call with which the watcher touches the state folder the kernel says
that it did not work, once or until further notice, or does half of it. What was acknowledged stays
valid, what is wrong is said with path, step and remedy, and when the fault is gone each status is
posted exactly once, by the same watcher or by the next one.

  test-disk-faults.py [--all]     all positions, instead of a sample of limited time
                      [--seed N]  of the sample
"""
import argparse
import contextlib
import functools
import os
import random
import re
import shutil
import signal
import tempfile

from crash_scene import FAST_FOLDER, HELD, MISSED, PATIENCE, PLAIN, Kill, Run, Sweep, Trial
from crash_scene import may_trace, sweep_all
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
SECONDS = 3  # where a sample is enough


class Fault:
    """A watcher under strace, of which one call (or all from then on) is refused. paths: the files
    of which, relative to the state root (default: everything)."""

    def __init__(self, trial, call, error=None, at=0, lasts=False, paths=()):
        self.trial, self.call, self.lasts = trial, call, lasts
        self.report = os.path.join(trial.state_root, "strace")
        self.argv = ["strace", "-qq", "-y", "-o", self.report, "-e", f"trace={call}"]
        # -I2: the fault can be ended
        self.argv += ["-D", "-I2"] if lasts else []
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


class Tester:
    def __init__(self, tap, mattermost, place, arguments):
        self.tap, self.mattermost, self.place = tap, mattermost, place
        self.all, self.random = arguments.all, random.Random(arguments.seed)
        self.run = Run(PLAIN, place)

    @contextlib.contextmanager
    def trial(self):
        with tempfile.TemporaryDirectory(dir=self.place) as folder:
            yield Trial(self.run, self.mattermost, folder)

    @functools.lru_cache
    def positions(self, call):
        """The paths in the state folder that such calls name where all goes well, and how many
        such calls there are."""
        with self.trial() as trial:
            fault = Fault(trial, call)
            status = fault.watch()
            wrong, _ = trial.check(status)
            if wrong:
                raise AssertionError(f"{wrong}\n{trial.said}")
            inside = re.compile(re.escape(trial.state_root) + r'/([^">]*)')
            found = [inside.findall(line) for line in fault.calls()]
        paths = sorted({path for line in found for path in line})
        numbers = list(range(1, sum(map(bool, found)) + 1))
        if not self.all:
            self.random.shuffle(numbers)
        return paths, numbers

    def refuse(self, call, error, lasts):
        paths, numbers = self.positions(call)

        def work(at):
            with self.trial() as trial:
                fault = Fault(trial, call, error, at, lasts, paths)
                status = fault.watch()
                hits = fault.hits()
                wrong = self.complaint(trial, error, status)
                word = "by the same watcher" if status == 0 else f"by the next one, after {status}"
                if status not in (0, HELD):
                    status = trial.watch()
                more, outcome = trial.check(status)
                wrong = [f"{call} {error} at {at}: {hits[:1]}: {each}" for each in wrong + more]
                outcome = f"{outcome} {word}" if hits else MISSED
                return outcome, call, wrong + ([trial.said] if wrong else [])

        name = f"{call} says {error} {'until it is mended' if lasts else 'once'}"
        return Sweep(name, work, numbers)

    @staticmethod
    def complaint(trial, error, status):
        """Whoever gives up says why, and what to do."""
        lines = [each for each in trial.said.splitlines() if trial.folder in each]
        good = [each for each in lines if WORDS[error] in each and REMEDIES[error] in each]
        return ["it gave up without a clear message"] if status != 0 and not good else []

    def shorten(self, whose):
        """Half of what one write(2) was given is written."""

        def work(at):
            with self.trial() as trial:
                kill = Kill(trial, whose, "short", at, from_file=whose == "workers")
                wrong, outcome = trial.check(kill.watch())
                wrong = [f"write {at} of the {whose}: {each}" for each in wrong]
                outcome = outcome if kill.fired else MISSED
                return outcome, "write", wrong + ([trial.said] if wrong else [])

        with self.trial() as trial:
            kill = Kill(trial, whose, "short", 0, from_file=whose == "workers")
            kill.watch()
            positions = list(range(1, int(kill.detail) + 1))
        self.random.shuffle(positions)
        return Sweep(f"half of a write by the {whose}", work, positions)


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
        with tester.trial() as trial:
            receipt = f"{trial.run.build}/outbox/mattermost/{trial.run.build}.receipt-1"
            fault = Fault(trial, call, error, at, paths=[receipt])
            fault.argv[1:1] = ["-f"]
            status = fault.watch()
            with open(fault.report, encoding="utf-8", errors="replace") as file:
                fired = "(INJECTED)" in file.read()
            wrong, outcome = trial.check(status)
        tap.equal((fired, wrong, outcome), (True, [], expected), name, trial.said)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with Tap() as tap, Mattermost() as mattermost, tempfile.TemporaryDirectory(
        prefix="atvm-faults.", dir=FAST_FOLDER
    ) as place:
        if not shutil.which("strace") or os.geteuid() != 0:
            tap.skip("a disk that fails", "needs strace, and root to see what a watcher opens")
            return
        if not may_trace(tap):
            return
        tester = Tester(tap, mattermost, place, arguments)
        sweeps = [
            tester.refuse(call, error, lasts)
            for call, errors in REFUSALS.items()
            for error in errors
            for lasts in [False, True]
        ]
        sweeps += [tester.shorten(whose) for whose in ["watcher", "workers"]]
        tap.part(sweep_all, sweeps, None if arguments.all else SECONDS)
        tap.part(receipts_fail, tester)
        tap.equal(mattermost.wrong, [], "the server got no other request")


if __name__ == "__main__":
    main()
