#!/usr/bin/env python3
"""Several watchers are started for one build at the same moment, again and again: one has it, the
others say so and end with a status of their own, and there is one post."""
import re
import tempfile
import threading

from crash_scene import BUSY, CLOSED, FAST_FOLDER, PLAIN, Run, Trial
from harness import Tap, wait_for
from strict_mattermost import Mattermost

ROUNDS, WATCHERS = 6, 3


def race(tap, run, mattermost, number):
    """The server answers only when the race is over, so the winner is there all the time."""
    with tempfile.TemporaryDirectory(dir=run.place) as folder:
        trial = Trial(run, mattermost, folder)
        gate = mattermost.gates[trial.id] = threading.Event()
        watchers = [trial.start() for _ in range(WATCHERS)]

        def winners():
            return [each for each in watchers if each.poll() is None]

        try:
            wait_for(lambda: len(winners()) <= 1, "all but one to give up")
            winner = winners()
        finally:
            gate.set()
        losers = [each for each in watchers if each not in winner]
        lost = [(each.wait(), trial.says(each)) for each in losers]
        statuses = [trial.finish(each) for each in watchers if each in winner]
        for each in losers:
            each.log.close()
        wrong, _ = trial.check(statuses[0] if statuses else None)
    good = [status == BUSY and clear(said) for status, said in lost]
    name = f"race {number}: one watcher has the build and posts once, {WATCHERS - 1} say who has it"
    tap.ok(
        statuses == [CLOSED] and good == [True] * (WATCHERS - 1) and not wrong,
        name,
        f"{statuses} {lost}\n{wrong}\n{trial.said}",
    )


def clear(said):
    """Names the file and says what to do. Who has it may not stand there yet."""
    told = re.search(r"/lock: (process \d+|another process) has this build.*wait for it", said)
    return bool(told)


def main():
    with Tap() as tap, Mattermost() as mattermost, tempfile.TemporaryDirectory(
        prefix="atvm-race.", dir=FAST_FOLDER
    ) as place:
        run = Run(PLAIN, place)
        for number in range(1, ROUNDS + 1):
            tap.part(race, run, mattermost, number)
        tap.equal(mattermost.wrong, [], "the server got no other request")


if __name__ == "__main__":
    main()
