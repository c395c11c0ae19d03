#!/usr/bin/env python3
"""The power fails: the file system that holds the state is shut down before one system call of the
watcher or of the worker that delivers, so that whatever was not synced is lost, and everything
dies. After a remount each status has been posted exactly once, or is visibly held; and what
doc/outbox.md says is on disk after a step of a post, is.

  test-power-loss.py [--all]     all positions, instead of a sample of limited time
                     [--seed N]  of the sample
"""
import contextlib
import fcntl
import functools
import os
import random
import shutil
import struct
import subprocess
import tempfile

from crash_scene import FAST_FOLDER, KILLED, PLAIN, Kill, Run, Trial
from crash_scene import keep_mounts_private, may_trace
from crash_sweep import EXCHANGE_CALLS, KINDS, MISSED, Calls, Place, Sweep
from crash_sweep import arguments, in_parallel, sweep_all
from harness import Tap, wait_for
from strict_mattermost import Mattermost

SECONDS = 2  # where a sample is enough
# _IOR('X', 125, uint32_t), 2: do not even flush the journal; see kill-at-syscall.c
SHUT_DOWN, NO_JOURNAL = 0x8004587D, struct.pack("I", 2)


def call(*argv):
    subprocess.run(argv, check=True, capture_output=True)


class Disk:
    """A small ext4 in a file, mounted. A context manager."""

    def __init__(self, image, place):
        self.place = tempfile.mkdtemp(dir=place)
        self.image, self.folder = f"{self.place}/image", f"{self.place}/mounted"
        shutil.copyfile(image, self.image)
        os.mkdir(self.folder)

    @staticmethod
    def make_image(place):
        image = f"{place}/empty"
        with open(image, "wb") as file:
            file.truncate(16 << 20)
        call("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0", image)
        return image

    def mount(self):
        call("mount", "-o", "loop", self.image, self.folder)

    def unmount(self):
        """What was killed may still be on its way out, with files open here."""
        wait_for(self.is_unmounted, f"{self.folder} to be free")

    def is_unmounted(self):
        return subprocess.run(["umount", self.folder], capture_output=True).returncode == 0

    def __enter__(self):
        self.mount()
        return self

    def __exit__(self, *_):
        self.unmount()
        shutil.rmtree(self.place)


def power_loss_loses(tap, image, place):
    """The tests below can fail: what was not synced is gone."""
    with Disk(image, place) as disk:
        for name, sync in [("synced", True), ("unsynced", False)]:
            with open(f"{disk.folder}/.new", "w", encoding="ascii") as file:
                file.write(name)
                file.flush()
                if sync:
                    os.fsync(file.fileno())
            os.rename(f"{disk.folder}/.new", f"{disk.folder}/{name}")
            folder = os.open(disk.folder, os.O_RDONLY)
            if sync:
                os.fsync(folder)
            else:
                fcntl.ioctl(folder, SHUT_DOWN, NO_JOURNAL)
            os.close(folder)
        disk.unmount()
        disk.mount()
        there = [name for name in ["synced", "unsynced"] if os.path.exists(f"{disk.folder}/{name}")]
    return tap.equal(there, ["synced"], "a power loss loses what was not synced, and only that")


class Tester:
    def __init__(self, mattermost, place, image, given):
        self.mattermost, self.place, self.image, self.given = mattermost, place, image, given
        self.random = random.Random(given.seed)
        self.plain = Run(PLAIN, place)
        self.in_parts = Run(PLAIN, place, build="crash-parts", parts=2)

    @contextlib.contextmanager
    def trial(self, run):
        with Disk(self.image, self.place) as disk:
            trial = Trial(run, self.mattermost, disk.folder)
            trial.disk = disk
            yield trial

    @functools.lru_cache
    def calls(self, run, whose):
        with self.trial(run) as trial:
            return Calls(trial, whose)

    def lose_power(self, run, whose):
        def work(place):
            with self.trial(run) as trial:
                kill = Kill(trial, whose, "all", place, more=["-s", trial.disk.folder])
                status = kill.watch()
                if kill.fired:
                    trial.disk.unmount()
                    trial.disk.mount()
                wrong, outcome = trial.check(trial.watch() if status == KILLED else status)
                wrong = [f"{kill.name}: {kill.detail}: {each}" for each in wrong]
                outcome = outcome if kill.fired else MISSED
                return outcome, kill.call, wrong + ([trial.said] if wrong else [])

        name = f"{run.build}: power lost at a call of the {whose}"
        return Sweep.over(name, work, self.calls(run, whose), self.given, self.random)

    # ---------------------------------------------------------------- step by step

    def lose_power_after(self, step):
        """What is wrong then, of the disk and of what is made of it."""
        run = self.in_parts if step.of_parts else self.plain
        with self.trial(run) as trial:
            since = step.since.replace("BUILD", run.build)
            more = ["-s", trial.disk.folder]
            kill = Kill(trial, step.whose, "all", step.place, since, more)
            if kill.watch() != KILLED:
                return [f"it was not struck: {kill.what} {kill.detail}", trial.said]
            trial.disk.unmount()
            trial.disk.mount()
            found, posts = on_disk(trial, step), sum(trial.posts().values())
            wrong, outcome = trial.check(trial.watch())
            got = (found, posts, outcome)
            want = (step.on_disk, step.posts, step.outcome)
            wrong += [f"at {kill.detail}: got {got}, want {want}"] if got != want else []
        return wrong + ([trial.said] if wrong else [])


def on_disk(trial, step):
    """A word for each record, receipt and marker; and for the close, where the step is about that:
    it does not wait for the post."""
    found = [state for _, state in sorted(trial.records().items())]
    folder = f"{trial.folder}/outbox/mattermost"
    for name in sorted(os.listdir(folder) if os.path.isdir(folder) else []):
        if ".receipt-" in name:
            with open(f"{folder}/{name}", encoding="utf-8") as file:
                lines = file.read().splitlines()
            found.append(["an empty receipt", "committed", "a receipt"][len(lines)])
    found += ["marked"] * trial.has_marker(trial.run.build)
    if "closed" in step.on_disk:
        found += ["closed"] * trial.is_closed(trial.run.build)
    return " ".join(found)


class Step:
    """Of a post: after it, which is just before the next one begins, the power fails. place, since:
    as of a Kill; then on_disk, and the server has had so many posts; outcome: in the end."""

    def __init__(self, name, whose, place, since, on_disk, posts=0, outcome="posted"):
        self.name, self.whose, self.place, self.since = name, whose, place, since
        self.on_disk, self.posts, self.outcome = on_disk, posts, outcome
        self.of_parts = name.startswith("two parts")


START = ("clone", "clone3", "fork", "vfork")
REMOVE = KINDS["unlink"]
CHANGE = tuple({*KINDS["write"], *KINDS["rename"], *REMOVE, *START, "mkdir", "mkdirat"})
RECORD, RECEIPT = "outbox/mattermost/BUILD.json", "outbox/mattermost/BUILD.receipt-1"
RECORD_2, RECEIPT_2 = "outbox/mattermost/BUILD+2.json", "outbox/mattermost/BUILD+2.receipt-1"
EVIDENCE, MARKER = "evidence.jsonl", "posted/mattermost"


def first(calls, pattern=None):
    return Place("first", calls, 1, pattern)


STEPS = [
    Step("the message is stored", "watcher", first(CHANGE), RECORD, "pending"),
    Step("sending", "watcher", first(START), RECEIPT, "sending an empty receipt"),
    Step(
        "the commit point",
        "workers",
        first(EXCHANGE_CALLS),
        EVIDENCE,
        "sending committed",
        outcome="held",
    ),
    Step("the receipt", "workers", first(("exit_group",)), EVIDENCE, "sending a receipt", 1),
    Step(
        "delivered",
        "watcher",
        first(REMOVE, "*/crash-plain.receipt-1"),
        RECEIPT,
        "delivered a receipt",
        1,
    ),
    Step("the posted marker", "watcher", first(CHANGE), MARKER, "delivered marked", 1),
    Step("the close", "watcher", first(("exit_group",)), MARKER, "delivered marked closed", 1),
    Step("two parts: part 2 is stored", "watcher", first(CHANGE), RECORD_2, "pending"),
    Step("two parts: both are stored", "watcher", first(CHANGE), RECORD, "pending pending"),
    Step(
        "two parts: part 1 is delivered",
        "watcher",
        first(REMOVE, "*/crash-parts.receipt-1"),
        RECEIPT,
        "delivered pending a receipt",
        1,
    ),
    Step(
        "two parts: sending part 2",
        "watcher",
        first(START),
        RECEIPT_2,
        "delivered sending an empty receipt",
        1,
    ),
    Step(
        "two parts: the commit point of part 2",
        "workers",
        first(EXCHANGE_CALLS),
        RECEIPT_2,
        "delivered sending committed",
        1,
        "held",
    ),
    Step(
        "two parts: the receipt of part 2",
        "workers",
        first(("exit_group",)),
        RECEIPT_2,
        "delivered sending a receipt",
        2,
    ),
    Step(
        "two parts: part 2 is delivered",
        "watcher",
        first(REMOVE, "*/crash-parts+2.receipt-1"),
        RECEIPT_2,
        "delivered delivered a receipt",
        2,
    ),
]


def each_step(tap, tester):
    complaints = dict(in_parallel(lambda step: (step.name, tester.lose_power_after(step)), STEPS))
    for step in STEPS:
        name = f"power lost after {step.name}: it was on disk, and is {step.outcome} in the end"
        tap.equal(complaints[step.name], [], name, "\n".join(complaints[step.name]))


# -------------------------------------------------------------------- in which order calls are made


def left_unsynced(calls):
    """Of the state folder: files that got their name, or of which others could hear, before their
    content was synced, and names of which others could hear before their folder was."""
    unsynced, folders, wrong = set(), set(), []
    for name, *paths in calls.made:
        paths = [path for path in paths if path.startswith(calls.root)]
        if name in KINDS["sync"]:
            unsynced.difference_update(paths)
            folders.difference_update(paths)
        elif name in KINDS["write"]:
            unsynced.update(paths)
        elif name in KINDS["rename"] and paths:
            wrong += [f"{paths[1]} got its name unsynced"] if paths[0] in unsynced else []
            folders.add(os.path.dirname(paths[1]))
        elif name in CHANGE or name in EXCHANGE_CALLS or name == "exit_group":
            wrong += [f"before {name} {paths} unsynced: {each}" for each in unsynced | folders]
            folders.update(os.path.dirname(path) for path in paths if not path.endswith("/reserve"))
    return wrong


def everything_is_synced(tap, tester):
    for run in [tester.plain, tester.in_parts]:
        for whose in ["watcher", "workers"]:
            calls = tester.calls(run, whose)
            name = f"{run.build}: the {whose} sync what they write before anything follows from it"
            tap.equal(left_unsynced(calls), [], name)
            synced = [call for call in calls.made if call[0] in KINDS["sync"]]
            tap.ok(len(synced) > 1, f"{run.build}: the {whose} sync at all", calls.made)


def main():
    problem = keep_mounts_private()
    given = arguments()
    with Tap() as tap:
        if problem:
            tap.skip("power loss", problem)
            return
        if not may_trace(tap):
            return
        with Mattermost() as mattermost, tempfile.TemporaryDirectory(
            prefix="atvm-power.", dir=FAST_FOLDER
        ) as place:
            try:
                image = Disk.make_image(place)
                with Disk(image, place):
                    pass
            except (OSError, subprocess.CalledProcessError) as error:
                tap.skip("power loss", f"no loop mounts here: {error}")
                return
            if power_loss_loses(tap, image, place):
                lose_power(tap, Tester(mattermost, place, image, given))
            tap.equal(mattermost.wrong, [], "the server got no other request")


def lose_power(tap, tester):
    tap.part(everything_is_synced, tester)
    tap.part(each_step, tester)
    runs = [tester.plain, tester.in_parts] if tester.given.all else [tester.plain]
    sweeps = [tester.lose_power(run, whose) for run in runs for whose in ["watcher", "workers"]]
    tap.part(sweep_all, sweeps, None if tester.given.all else SECONDS)


if __name__ == "__main__":
    main()
