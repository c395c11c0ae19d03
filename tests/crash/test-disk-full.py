#!/usr/bin/env python3
"""The disk is full: a status is posted and recorded all the same, with the room that was kept for
that; and where there was none, it is posted when there is room again. On a small tmpfs."""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile

from crash_scene import FAST_FOLDER, PLAIN, Run, Trial, keep_mounts_private
from harness import Tap, wait_for
from strict_mattermost import Mattermost

ROOMY, TIGHT = "4m", "256k"  # with room for a reserve (1 MiB), and without
RESERVE_BYTES = 1 << 20


class Disk:
    """A tmpfs that can be filled to its last byte and emptied. A context manager."""

    def __init__(self, place, size):
        self.folder = tempfile.mkdtemp(dir=place)
        self.size = size

    def __enter__(self):
        options = ["-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", self.folder]
        subprocess.run(["mount", *options], check=True, capture_output=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", self.folder], check=True)

    def fill(self):
        with open(f"{self.folder}/filling", "ab") as file:
            block = 1 << 20
            while block:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, block)
                except OSError:
                    block //= 2

    def empty(self):
        os.remove(f"{self.folder}/filling")


class Scene:
    """A run whose log is written when the test says so, and a watcher of it. A context manager."""

    def __init__(self, mattermost, place, size):
        self.mattermost, self.disk = mattermost, Disk(place, size)
        # a name of its own, since real processes are looked at
        self.run = Run(PLAIN, tempfile.mkdtemp(dir=place), f"crash-full.{os.getpid()}")
        self.run.configure(processes="/proc")
        self.log = self.run.lapse.run_log
        with open(self.log, encoding="utf-8") as file:
            self.lines = file.readlines()
        os.remove(self.log)
        shutil.rmtree(f"{self.run.lapse.root}/cypress/cmcReporter")

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.stack.enter_context(self.disk)
        self.run.lapse.start_runner()
        self.stack.callback(self.run.lapse.close)
        self.trial = Trial(self.run, self.mattermost, f"{self.disk.folder}/state")
        self.process = self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.stack.close()

    def start(self):
        process = self.trial.start()
        wait_for(lambda: "watching" in self.trial.says(process), "the watcher")
        return process

    def say(self, lines):
        with open(self.log, "a", encoding="utf-8") as file:
            file.writelines(lines)

    def begin(self):
        self.say(self.lines[: len(self.lines) // 2])

    def end(self, begun=False):
        self.say(self.lines[len(self.lines) // 2 if begun else 0 :])
        self.run.lapse.end_runner()

    def has_reserve(self):
        try:
            status = os.stat(f"{self.trial.folder}/reserve")
        except FileNotFoundError:
            return False
        return status.st_blocks * 512 >= RESERVE_BYTES

    def misses_reserve(self):
        return "reserve: set room aside: No space left" in self.trial.says(self.process)

    def is_delivered(self):
        return self.trial.records() == {(self.run.build, 1): "delivered"}

    def finish(self):
        return self.trial.finish(self.process)


def check(tap, scene, name):
    status = scene.finish()
    wrong, outcome = scene.trial.check(status)
    tap.equal((wrong, outcome), ([], "posted"), name, scene.trial.said)
    tap.ok(not scene.has_reserve(), f"{name}; a run that is over needs no reserve")


def full_at_the_end(tap, mattermost, place):
    with Scene(mattermost, place, ROOMY) as scene:
        wait_for(scene.has_reserve, "the reserve")
        scene.disk.fill()
        scene.end()
        wait_for(scene.is_delivered, "the post, and its record")
        tap.ok(os.path.exists(f"{scene.disk.folder}/filling"), "full disk: posted and recorded")
        check(tap, scene, "full disk: the run is closed, too")


def full_twice(tap, mattermost, place):
    """What a first full disk took of the reserve is there again for the second."""
    with Scene(mattermost, place, ROOMY) as scene:
        wait_for(scene.has_reserve, "the reserve")
        scene.disk.fill()
        scene.begin()
        wait_for(lambda: not scene.has_reserve(), "the reserve to be given up")
        wait_for(scene.misses_reserve, "a warning that the reserve is gone")
        scene.disk.empty()
        wait_for(lambda: "there is room again" in scene.trial.says(scene.process), "its return")
        tap.ok(scene.has_reserve(), "full twice: the reserve is made again, and it is said")
        scene.disk.fill()
        scene.end(begun=True)
        wait_for(scene.is_delivered, "the post, and its record")
        check(tap, scene, "full twice: posted once")


def restarted_when_full(tap, mattermost, place):
    with Scene(mattermost, place, ROOMY) as scene:
        wait_for(scene.has_reserve, "the reserve")
        scene.disk.fill()
        scene.process.send_signal(signal.SIGKILL)
        scene.finish()
        scene.process = scene.start()
        scene.end()
        wait_for(scene.is_delivered, "the post, and its record")
        check(tap, scene, "restarted on a full disk: posted once")


def full_without_a_reserve(tap, mattermost, place):
    with Scene(mattermost, place, TIGHT) as scene:

        def complains():
            lines = scene.trial.says(scene.process).splitlines()
            return any(
                scene.trial.folder in line and "No space left" in line and "make room" in line
                for line in lines
                if "reserve" not in line
            )

        wait_for(scene.misses_reserve, "a warning that there is no reserve")
        tap.ok(not scene.has_reserve(), "no reserve: it is said that there is none")
        scene.disk.fill()
        scene.end()
        wait_for(complains, "a complaint with path and remedy")
        posts = mattermost.posts(scene.trial.id, scene.run.scopes)
        tap.equal(posts, [], "no reserve: what cannot be recorded is not sent")
        tap.equal(scene.process.poll(), None, "no reserve: the watcher goes on")
        scene.disk.empty()
        check(tap, scene, "no reserve: posted once there is room")


def main():
    problem = keep_mounts_private()
    with Tap() as tap:
        if problem:
            tap.skip("a full disk", problem)
            return
        with Mattermost() as mattermost, tempfile.TemporaryDirectory(
            prefix="atvm-full.", dir=FAST_FOLDER
        ) as place:
            tests = [full_at_the_end, full_twice, restarted_when_full, full_without_a_reserve]
            for test in tests:
                tap.part(test, mattermost, place)
            tap.equal(mattermost.wrong, [], "the server got no other request")


if __name__ == "__main__":
    main()
