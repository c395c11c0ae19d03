#!/usr/bin/env python3
"""Posted once, or known not to be: the watcher, or the worker that delivers, is killed before every
single system call between the first look at a run that has ended and the close of that run. What
was begun is then gone on with, and a strict stand-in for Mattermost must have got each status
exactly once, or not more than once where the state folder and `status` say that it is uncertain.

  test-crash.py [--all]     all positions, instead of a sample of limited time
                [--seed N]  of the sample
"""
import contextlib
import functools
import os
import random
import signal
import tempfile
import threading

from crash_scene import CATEGORIZED, FAST_FOLDER, KILLED, PLAIN, Kill, Run, Trial, may_trace
from crash_sweep import KINDS, MISSED, SENDING, Calls, Sweep, arguments, shuffled, sweep_all
from harness import Tap, children, command_line, wait_for
from strict_mattermost import Mattermost

# Whose calls count, and what is killed at them.
SWEEPS = [("watcher", "one"), ("watcher", "all"), ("workers", "one"), ("workers", "all")]
SECONDS = 5  # where a sample is enough


class Tester:
    def __init__(self, mattermost, place, given):
        self.mattermost, self.place, self.given = mattermost, place, given
        self.random = random.Random(given.seed)
        self.plain, self.categorized = Run(PLAIN, place), Run(CATEGORIZED, place)
        self.in_parts = Run(PLAIN, place, build="crash-parts", parts=2)

    @contextlib.contextmanager
    def trial(self, run, busy=0):
        """busy: how many posts the server refuses at first."""
        with tempfile.TemporaryDirectory(dir=self.place) as folder:
            trial = Trial(run, self.mattermost, f"{folder}/state")
            self.mattermost.refuse[trial.id] = busy
            yield trial

    @functools.lru_cache
    def calls(self, run, whose, busy=0):
        with self.trial(run, busy) as trial:
            return Calls(trial, whose)

    @staticmethod
    def judge(trial, kill, status):
        wrong, outcome = trial.check(status)
        if trial.watch() != status or trial.check(status)[0] != wrong:
            wrong.append("starting it once more changed something")
        wrong = [f"{kill.name}: {kill.detail}: {each}" for each in wrong]
        return outcome, kill.call, wrong + ([trial.said] if wrong else [])

    def crash(self, run, whose, what, busy=0):
        """A crash, and a start afterwards."""

        def work(place):
            with self.trial(run, busy) as trial:
                kill = Kill(trial, whose, what, place)
                status = kill.watch()
                missed = not kill.fired or place.kind == SENDING and not trial.is_sending()
                if status == KILLED:
                    status = trial.watch()
                outcome, call, wrong = self.judge(trial, kill, status)
                return MISSED if missed else outcome, call, wrong

        name = f"{run.build}{', a busy server' if busy else ''}: {whose}, {what} killed"
        return Sweep.over(name, work, self.calls(run, whose, busy), self.given, self.random)

    def crash_again(self, run, what):
        """A crash, and another one while the next watcher recovers from it."""

        def work(places):
            with self.trial(run) as trial:
                Kill(trial, "watcher", what, places[0]).watch()
                kill = Kill(trial, "watcher", what, places[1], since=None)
                status = kill.watch()
                outcome, call, wrong = self.judge(
                    trial, kill, trial.watch() if status == KILLED else status
                )
                return outcome if kill.fired else MISSED, call, wrong

        calls = self.calls(run, "watcher")

        def pairs(places):
            return list(zip(shuffled(places, self.random), shuffled(places, self.random)))

        name = f"{run.build}: watcher, {what} killed twice"
        every = pairs(calls.all_places())
        if self.given.all:
            # the second watcher has less to do, the later the first one died
            return Sweep(name, work, more=every, least=len(every) // 4)
        return Sweep(name, work, {kind: pairs(calls.places(kind)) for kind in KINDS}, every)

    # ---------------------------------------------------------------- while the server thinks

    def unanswered(self, tap, name, worker_dies, watchers):
        """The watcher dies after the server has the post, and before it answers. `watchers` more
        are started, and die too, before the answer comes."""
        with self.trial(self.plain) as trial:
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
    for run in [tester.plain, tester.categorized]:
        for whose, what in SWEEPS:
            yield tester.crash(run, whose, what)
    for whose, what in [("watcher", "all"), ("workers", "one")]:
        yield tester.crash(tester.plain, whose, what, busy=2)
        yield tester.crash(tester.in_parts, whose, what)
    for run, what in [(tester.plain, "one"), (tester.plain, "all"), (tester.categorized, "all")]:
        yield tester.crash_again(run, what)


def main():
    given = arguments()
    with Tap() as tap, Mattermost() as mattermost, tempfile.TemporaryDirectory(
        prefix="atvm-crash.", dir=FAST_FOLDER
    ) as place:
        tester = Tester(mattermost, place, given)
        tap.part(tester.unanswered, "unanswered: the next watcher waits for it", False, 1)
        tap.part(tester.unanswered, "unanswered: so does the one after that", False, 2)
        tap.part(tester.unanswered, "unanswered, and its worker dies: it is held", True, 1)
        if may_trace(tap):
            tap.part(sweep_all, list(sweeps(tester)), None if given.all else SECONDS)
        tap.equal(mattermost.wrong, [], "the server got no other request")


if __name__ == "__main__":
    main()
