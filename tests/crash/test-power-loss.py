#!/usr/bin/env python3
"""The power fails: the file system that holds the state is shut down before one system call of the
watcher or of the worker that delivers, so that whatever was not synced is lost, and everything
dies. After a remount each status has been posted exactly once, or is visibly held.

  test-power-loss.py [--all]     all positions, instead of a sample of limited time
                     [--seed N]  of the sample
"""
import argparse
import contextlib
import fcntl
import os
import random
import shutil
import struct
import subprocess
import tempfile

from crash_scene import FAST_FOLDER, KILLED, MISSED, PLAIN, SLACK, Kill, Run, Sweep, Trial
from crash_scene import keep_mounts_private, may_trace, sweep_all
from harness import Tap
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
        call("umount", self.folder)

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
    def __init__(self, mattermost, place, image, arguments):
        self.mattermost, self.place, self.image = mattermost, place, image
        self.all, self.random = arguments.all, random.Random(arguments.seed)
        self.run = Run(PLAIN, place)

    @contextlib.contextmanager
    def trial(self):
        with Disk(self.image, self.place) as disk:
            trial = Trial(self.run, self.mattermost, disk.folder)
            trial.disk = disk
            yield trial

    def positions(self, whose):
        with self.trial() as trial:
            kill = Kill(trial, whose, "all", 0)
            kill.watch()
            positions = list(range(1, int(kill.detail) + SLACK))
        if not self.all:
            self.random.shuffle(positions)
        return positions

    def lose_power(self, whose):
        def work(at):
            with self.trial() as trial:
                kill = Kill(trial, whose, "all", at, more=["-s", trial.disk.folder])
                status = kill.watch()
                if kill.fired:
                    trial.disk.unmount()
                    trial.disk.mount()
                wrong, outcome = trial.check(trial.watch() if status == KILLED else status)
                wrong = [f"at call {kill.detail} of the {whose}: {each}" for each in wrong]
                outcome = outcome if kill.fired else MISSED
                said = wrong + ([trial.said] if wrong else [])
                return outcome, kill.detail.partition(" ")[2], said

        return Sweep(f"power lost at a call of the {whose}", work, self.positions(whose))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    problem = keep_mounts_private()
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
                tester = Tester(mattermost, place, image, arguments)
                sweeps = [tester.lose_power(whose) for whose in ["watcher", "workers"]]
                tap.part(sweep_all, sweeps, None if arguments.all else SECONDS)
            tap.equal(mattermost.wrong, [], "the server got no other request")


if __name__ == "__main__":
    main()
