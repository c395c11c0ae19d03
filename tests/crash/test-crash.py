#!/usr/bin/env python3
"""Posted once, or known not to be: the watcher, or the worker that delivers, is killed before every
single system call between the first look at a run that has ended and the close of that run. What
was begun is then gone on with, and a strict stand-in for Mattermost must have got each status
exactly once, or not more than once where the state folder and `status` say that it is uncertain.

  test-crash.py [--all]     all positions, instead of a sample of limited time
                [--seed N]  of the sample
"""
import argparse
import collections
import os
import random
import subprocess
import tempfile
import threading

from crash_scene import CATEGORIZED, CLOSED, KILLED, KILLER, PLAIN
from crash_scene import Mattermost, Run, Trial, evidence_of, in_parallel, is_sanitized, wait_for
from harness import Tap

# Whose calls count, and what is killed at them.
SWEEPS = [("watcher", "one"), ("watcher", "all"), ("workers", "one"), ("workers", "all")]
SECONDS = 1.6  # of a sweep, where a sample is enough
LEAST = 4  # trials of a sweep, however slow the machine is
# A run does not make the same calls each time: so many more are tried than one made.
SLACK = 25


class Kill:
    """A watcher under the tool that kills."""

    def __init__(self, trial, whose, what, at, from_file=True):
        self.trial = trial
        self.report = os.path.join(trial.state_root, f"report-{trial.restarts}")
        trial.restarts += 1
        self.argv = [KILLER, "-o", self.report, "-t", whose, "-k", what, "-n", str(at)]
        self.argv += ["-f", evidence_of(trial)] if from_file else []
        self.argv += ["--"]

    def watch(self):
        status = self.trial.watch(self.argv)
        with open(self.report, encoding="utf-8") as file:
            self.what, _, self.detail = file.read().strip().partition(" ")
        return status

    @property
    def fired(self):
        return self.what == "killed"


def may_trace(tap):
    """Whether processes may be traced here at all."""
    with tempfile.TemporaryDirectory() as place:
        argv = [KILLER, "-o", os.path.join(place, "report"), "--", "/bin/true"]
        answer = subprocess.run(argv, capture_output=True, text=True)
    if answer.returncode == 125 and "not permitted" in answer.stderr:
        tap.skip("crashes at each system call", f"ptrace: {answer.stderr.strip()}")
        return False
    return tap.equal(answer.returncode, 0, "the tool that kills runs a program", answer.stderr)


class Sweep:
    """One row of the table: the outcomes of its trials."""

    def __init__(self, name):
        self.name = name
        self.outcomes = collections.Counter()
        self.calls = collections.Counter()
        self.wrong = []

    def add(self, outcome, call, wrong):
        self.outcomes[outcome] += 1
        self.calls[call] += 1
        self.wrong += wrong

    def tell(self, tap):
        outcomes = ", ".join(f"{count} {word}" for word, count in sorted(self.outcomes.items()))
        fired = sum(count for word, count in self.outcomes.items() if word != "ran to its end")
        print(f"# {self.name}: {fired} positions ({len(self.calls)} kinds of call): {outcomes}")
        tap.ok(fired > 0 and not self.wrong, f"{self.name}: 0 duplicates, 0 lost", "\n".join(self.wrong))


class Tester:
    def __init__(self, tap, mattermost, place, arguments):
        self.tap, self.mattermost, self.place = tap, mattermost, place
        self.all, self.random = arguments.all, random.Random(arguments.seed)
        self.runs = {scenario: Run(scenario, place) for scenario in [PLAIN, CATEGORIZED]}

    def trial(self, scenario, folder):
        return Trial(self.runs[scenario], self.mattermost, folder)

    def count(self, scenario, whose):
        """How many calls there are where nothing is killed."""
        with tempfile.TemporaryDirectory(dir=self.place) as folder:
            trial = self.trial(scenario, folder)
            kill = Kill(trial, whose, "one", 0)
            status = kill.watch()
            wrong, _ = trial.check(status)
            if wrong or kill.what != "ended":
                raise AssertionError(f"{wrong}\n{kill.what} {kill.detail}\n{trial.said}")
            return int(kill.detail)

    def positions(self, count):
        positions = list(range(1, count + SLACK + 1))
        if not self.all:
            self.random.shuffle(positions)
        return positions

    def sweep(self, name, work, items):
        sweep = Sweep(name)
        limit = {} if self.all else {"seconds": SECONDS, "least": LEAST}
        for outcome in in_parallel(work, items, **limit):
            sweep.add(*outcome)
        sweep.tell(self.tap)
        return sweep

    def crash(self, scenario, whose, what):
        """A crash, and a start afterwards."""

        def work(at):
            with tempfile.TemporaryDirectory(dir=self.place) as folder:
                trial = self.trial(scenario, folder)
                kill = Kill(trial, whose, what, at)
                status = kill.watch()
                if status == KILLED:
                    status = trial.watch()
                return self.judge(trial, kill, status, f"{whose}/{what} at {kill.detail}")

        count = self.count(scenario, whose)
        self.sweep(f"{scenario[:2]} {whose}, {what} killed", work, self.positions(count))

    def judge(self, trial, kill, status, name):
        wrong, outcome = trial.check(status)
        if not kill.fired:
            outcome = "ran to its end"
        if trial.watch() != status or trial.check(status)[0] != wrong:
            wrong.append("starting it once more changed something")
        wrong = [f"{name}: {each}" for each in wrong]
        return outcome, kill.detail.partition(" ")[2], wrong + ([trial.said] if wrong else [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with Tap() as tap, Mattermost() as mattermost, tempfile.TemporaryDirectory(
        prefix="atvm-crash."
    ) as place:
        if may_trace(tap):
            tester = Tester(tap, mattermost, place, arguments)
            for scenario in [PLAIN, CATEGORIZED]:
                for whose, what in SWEEPS:
                    tap.part(lambda _: tester.crash(scenario, whose, what))
            tap.equal(mattermost.wrong, [], "the server got no other request")


if __name__ == "__main__":
    main()
