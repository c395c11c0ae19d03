#!/usr/bin/env python3
"""Posted once, or known not to be: the watcher, or the worker that delivers, is killed before every
single system call between the first look at a run that has ended and the close of that run. What
was begun is then gone on with, and a strict stand-in for Mattermost must have got each status
exactly once, or not more than once where the state folder and `status` say that it is uncertain.

  test-crash.py [--all]     all positions, instead of a sample of limited time
                [--seed N]  of the sample
"""
import argparse
import contextlib
import functools
import os
import random
import signal
import tempfile
import threading

from crash_scene import CATEGORIZED, FAST_FOLDER, KILLED, MISSED, NAMES, PLAIN, SLACK
from crash_scene import Kill, Run, Sweep, Trial, may_trace, sweep_all
from harness import Tap, children, command_line, wait_for
from strict_mattermost import Mattermost

# Whose calls count, and what is killed at them.
SWEEPS = [("watcher", "one"), ("watcher", "all"), ("workers", "one"), ("workers", "all")]
SECONDS = 5  # where a sample is enough


class Tester:
    def __init__(self, tap, mattermost, place, arguments):
        self.tap, self.mattermost, self.place = tap, mattermost, place
        self.all, self.random = arguments.all, random.Random(arguments.seed)
        self.runs = {scenario: Run(scenario, place) for scenario in [PLAIN, CATEGORIZED]}

    @contextlib.contextmanager
    def trial(self, scenario):
        with tempfile.TemporaryDirectory(dir=self.place) as folder:
            yield Trial(self.runs[scenario], self.mattermost, folder)

    @functools.lru_cache
    def count(self, scenario, whose, busy=0):
        """How many calls there are where nothing is killed."""
        with self.trial(scenario) as trial:
            self.mattermost.refuse[trial.id] = busy
            kill = Kill(trial, whose, "one", 0)
            status = kill.watch()
            wrong, _ = trial.check(status)
            if wrong or kill.what != "ended":
                raise AssertionError(f"{wrong}\n{kill.what} {kill.detail}\n{trial.said}")
            return int(kill.detail)

    def positions(self, count):
        """All, or in an order of which any beginning is a sample. It prefers the end, where things
        are sent and settled: a worker's first calls are those of the dynamic linker."""
        positions = list(range(1, count + SLACK + 1))
        if self.all:
            return positions
        late = positions[2 * count // 3 :]
        self.random.shuffle(positions)
        self.random.shuffle(late)
        return list(dict.fromkeys(each for pair in zip(positions, late) for each in pair))

    def judge(self, trial, kill, status):
        wrong, outcome = trial.check(status)
        if trial.watch() != status or trial.check(status)[0] != wrong:
            wrong.append("starting it once more changed something")
        wrong = [f"{' '.join(kill.argv[3:9])}: {kill.detail}: {each}" for each in wrong]
        outcome = outcome if kill.fired else MISSED
        return outcome, kill.detail.partition(" ")[2], wrong + ([trial.said] if wrong else [])

    def crash(self, scenario, whose, what, busy=0):
        """A crash, and a start afterwards. busy: how many posts the server refuses before."""

        def work(at):
            with self.trial(scenario) as trial:
                self.mattermost.refuse[trial.id] = busy
                kill = Kill(trial, whose, what, at)
                status = kill.watch()
                return self.judge(trial, kill, trial.watch() if status == KILLED else status)

        count = self.count(scenario, whose, busy)
        name = f"{NAMES[scenario]}{', a busy server' if busy else ''}: {whose}, {what} killed"
        return Sweep(name, work, self.positions(count))

    def crash_again(self, scenario, what):
        """A crash, and another one while the next watcher recovers from it."""

        def work(places):
            with self.trial(scenario) as trial:
                Kill(trial, "watcher", what, places[0]).watch()
                kill = Kill(trial, "watcher", what, places[1], from_file=False)
                status = kill.watch()
                return self.judge(trial, kill, trial.watch() if status == KILLED else status)

        count = self.count(scenario, "watcher")
        pairs = [
            (self.random.randrange(1, count), self.random.randrange(1, 2 * count))
            for _ in range(count)
        ]
        return Sweep(f"{NAMES[scenario]}: watcher, {what} killed twice", work, pairs)

    # ---------------------------------------------------------------- while the server thinks

    def unanswered(self, tap, name, worker_dies, watchers):
        """The watcher dies after the server has the post, and before it answers. `watchers` more
        are started, and die too, before the answer comes."""
        with self.trial(PLAIN) as trial:
            gate = self.mattermost.gates[trial.id] = threading.Event()
            try:
                for number in range(watchers):
                    process = trial.start()
                    if number == 0:
                        wait_for(lambda: self.mattermost.texts.get(trial.id), "the post")
                        worker = deliver_worker(process.pid)
                    else:
                        wait_for(lambda: "taken up" in trial.says(process), "the next watcher")
                    process.kill()
                    trial.finish(process)
                if worker_dies:
                    os.kill(worker, signal.SIGKILL)
                process = trial.start()
                if not worker_dies:
                    wait_for(lambda: "taken up" in trial.says(process), "the last watcher")
            finally:
                gate.set()
            status = trial.finish(process)
            wrong, outcome = trial.check(status)
        tap.equal((wrong, outcome), ([], "held" if worker_dies else "posted"), name, trial.said)


def deliver_worker(watcher):
    return next(pid for pid in children(watcher) if command_line(pid)[-2:] == ["worker", "deliver"])


def sweeps(tester):
    for scenario in [PLAIN, CATEGORIZED]:
        for whose, what in SWEEPS:
            yield tester.crash(scenario, whose, what)
    for whose, what in [("watcher", "all"), ("workers", "one")]:
        yield tester.crash(PLAIN, whose, what, busy=2)
    for scenario, what in [(PLAIN, "one"), (PLAIN, "all"), (CATEGORIZED, "all")]:
        yield tester.crash_again(scenario, what)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with Tap() as tap, Mattermost() as mattermost, tempfile.TemporaryDirectory(
        prefix="atvm-crash.", dir=FAST_FOLDER
    ) as place:
        tester = Tester(tap, mattermost, place, arguments)
        tap.part(tester.unanswered, "unanswered: the next watcher waits for it", False, 1)
        tap.part(tester.unanswered, "unanswered: so does the one after that", False, 2)
        tap.part(tester.unanswered, "unanswered, and its worker dies: it is held", True, 1)
        if may_trace(tap):
            limit = None if arguments.all else SECONDS
            tap.part(sweep_all, list(sweeps(tester)), limit)
        tap.equal(mattermost.wrong, [], "the server got no other request")


if __name__ == "__main__":
    main()
