#!/usr/bin/env python3
"""A state folder that was damaged after all was over: whichever file is cut, altered or gone, the
next watcher posts nothing again, what was closed stays closed, and a file that was set aside is
named; what is not known any more is held, and said.

  test-damaged-state.py [--all]     every byte of a plain run and some of the others, instead of a
                                    sample of limited time
                        [--seed N]  of the sample
"""
import contextlib
import itertools
import json
import os
import random
import shutil
import tempfile

from crash_scene import CATEGORIZED, CLOSED, FAST_FOLDER, HELD, NAMES, PLAIN, Run, Trial
from crash_sweep import Sweep, arguments, shuffled, sweep_all
from harness import Tap
from strict_mattermost import Mattermost

SECONDS = 2  # where a sample is enough
CUT, FLIP, REMOVE = "cut", "flip a bit of", "remove"
# Recorded run, whether it is cancelled, stride: the files of them all are read by the same code,
# which knows by the digest that any byte is another.
RUNS = [(PLAIN, False, 1), (CATEGORIZED, False, 16), (PLAIN, True, 4)]
SMALL_FILE = 64  # bytes: of such a one every byte is tried


class Prototype:
    """The state folder of a run that is over, and copies of it."""

    def __init__(self, run, mattermost, place, cancelled=False, stride=1):
        """stride: all is tried at every stride-th byte of a file."""
        self.run, self.mattermost, self.stride = run, mattermost, stride
        self.place = tempfile.mkdtemp(dir=place)
        trial = Trial(run, mattermost, f"{self.place}/prototype")
        if cancelled:
            os.mkdir(trial.folder)
            with open(f"{trial.folder}/cancelled", "w", encoding="ascii") as file:
                json.dump({"by": "the test", "time": 1}, file)
        status = trial.watch()
        wrong = self.posted_wrongly(trial) if cancelled else trial.check(status)[0]
        if status != CLOSED or wrong:
            raise AssertionError(f"{wrong}\n{trial.said}")
        self.folder = trial.folder
        # "lock" holds nothing of worth; "watcher.json" says who watches, not what was posted
        self.files = [name for name in self.names() if name not in ("lock", "watcher.json")]

    def names(self):
        found = []
        for folder, _, names in os.walk(self.folder):
            found += [os.path.relpath(os.path.join(folder, name), self.folder) for name in names]
        return sorted(found)

    def size(self, name):
        return os.path.getsize(os.path.join(self.folder, name))

    @contextlib.contextmanager
    def copy(self):
        """With a webhook of its own: whatever comes there is a second post."""
        with tempfile.TemporaryDirectory(dir=self.place) as root:
            trial = Trial(self.run, self.mattermost, root)
            shutil.copytree(self.folder, trial.folder)
            yield trial

    def posted_wrongly(self, trial):
        return [f"{message} was posted {n} times" for message, n in trial.posts().items()]


def damage(trial, what, name, where):
    path = os.path.join(trial.folder, name)
    if what == REMOVE:
        os.remove(path)
        return
    with open(path, "r+b") as file:
        if what == CUT:
            file.truncate(where)
            return
        file.seek(where // 8)
        byte = file.read(1)[0]
        file.seek(where // 8)
        file.write(bytes([byte ^ 1 << where % 8]))


def try_damage(prototype, damages):
    with prototype.copy() as trial:
        for each in damages:
            damage(trial, *each)
        status = trial.watch()
        wrong = prototype.posted_wrongly(trial)
        held = [scope for scope, state in trial.records().items() if state == "uncertain"]
        if status != (HELD if held else CLOSED):
            wrong.append(f"the watcher ended with {status}, held: {held}")
        for scope in prototype.run.scopes:
            if not trial.is_closed(scope) and not forgotten(scope, damages):
                wrong.append(f"{scope} is not closed")
        kept = [name for name in os.listdir(trial.folder) if ".corrupt-" in name]
        wrong += [f"{name} is not named" for name in kept if name not in trial.said]
        if held and "HELD, uncertain" not in trial.status():
            wrong.append("status does not show what is held")
        wrong = [f"{damages}: {each}" for each in wrong]
        outcome = "held" if held else "nothing posted"
        return outcome, damages[0][0], wrong + ([trial.said] if wrong else [])


def forgotten(scope, damages):
    """Both state files of a sub-run are gone; its run is closed, so nobody looks at it again."""
    files = [f"subruns/{scope}/{name}" for name in ["state.json", "closed.json"]]
    return all((REMOVE, file, 0) in damages for file in files)


def places_in(prototype, name, chooser):
    """Byte offsets: of a file that nobody reads to decide anything, some."""
    size = prototype.size(name)
    if decides_nothing(name):
        return chooser.sample(range(size), min(50, size))
    stride = prototype.stride if size > SMALL_FILE else 1
    return range(chooser.randrange(stride), size, stride)


def decides_nothing(name):
    return os.path.basename(name).startswith(("report.", "evidence."))


def one_file(prototype, chooser):
    """{kind of damage: cases}; bytes at which a file can be cut, and a bit of each."""
    cases = {CUT: [], FLIP: [], REMOVE: [((REMOVE, name, 0),) for name in prototype.files]}
    for name in prototype.files:
        for at in places_in(prototype, name, chooser):
            cases[CUT].append(((CUT, name, at),))
            cases[FLIP].append(((FLIP, name, 8 * at + chooser.randrange(8)),))
    return cases


def two_files(prototype, _):
    """Any two that are gone. Without both state files a scope is new, but what was posted of it
    stands in outbox and marker."""
    pairs = itertools.combinations(prototype.files, 2)
    return {REMOVE: [((REMOVE, one, 0), (REMOVE, other, 0)) for one, other in pairs]}


def sweep(name, prototype, cases, given, chooser):
    """All, or a sample that has each kind of damage, to a file that matters."""

    def work(damages):
        return try_damage(prototype, damages)

    every = [case for kind in cases.values() for case in kind]
    if given.all:
        return Sweep(name, work, more=every, least=len(every))
    must = {
        kind: shuffled([c for c in found if not decides_nothing(c[0][1])], chooser)
        for kind, found in cases.items()
    }
    return Sweep(name, work, must, shuffled(every, chooser))


def main():
    given = arguments()
    chooser = random.Random(given.seed)
    with Tap() as tap, Mattermost() as mattermost, tempfile.TemporaryDirectory(
        prefix="atvm-damaged.", dir=FAST_FOLDER
    ) as place:
        sweeps = []
        for scenario, cancelled, stride in RUNS:
            run = Run(scenario, place)
            prototype = Prototype(run, mattermost, place, cancelled, stride)
            name = f"{NAMES[scenario]}, {'cancelled' if cancelled else 'posted'}"
            for kind in [one_file] if cancelled else [one_file, two_files]:
                label = f"{name}: {kind.__name__.replace('_', ' ')}"
                sweeps.append(sweep(label, prototype, kind(prototype, chooser), given, chooser))
        tap.part(sweep_all, sweeps, None if given.all else SECONDS)
        tap.equal(mattermost.wrong, [], "the server got no other request")


if __name__ == "__main__":
    main()
