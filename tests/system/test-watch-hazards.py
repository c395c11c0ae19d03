#!/usr/bin/env python3
"""What a watcher must not do although it looks right at the time: close a scope whose result is
still to come, or decide on what it could not look at. Log and artifacts are laid out by hand."""
import glob
import json
import os
import re
import subprocess
import tempfile
import time

from harness import DEADLINE, FIXTURES, WATCHER, Tap, wait_for
from timelapse import TimeLapse

SETTLE = 0.1  # seconds; what is not posted is closed after ten times that
LONG = 25 * SETTLE
BATCHES = "16-categorized-no-fresh-specpattern"
PLAIN = "01-pass-all-sources-agree"


class Scene:
    """A recorded run of which each thing happens when the test says so. A context manager that ends
    what it started."""

    def __init__(self, scenario):
        self.scenario = scenario

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-hazards.")
        self.place = os.path.join(self.folder.name, "run")
        os.mkdir(self.place)
        build = f"hazard.{os.getpid()}.{self.scenario[:2]}"
        self.lapse = TimeLapse(os.path.join(FIXTURES, self.scenario), self.place, 0, build=build)
        self.lapse.prepare()
        self.lapse.steps.clear()
        self.configure()
        self.lines = self.lapse._content("run.log").decode().splitlines(keepends=True)
        self.watcher = None
        return self

    def __exit__(self, *_):
        if self.watcher and self.watcher.poll() is None:
            self.watcher.kill()
            self.watcher.wait()
        self.lapse.close()
        self.folder.cleanup()

    def configure(self):
        with open(self.lapse.config, encoding="utf-8") as file:
            text = file.read()
        for name, value in [("settle", f"{int(SETTLE * 1000)}ms"), ("poll_interval", "100ms"), ("stuck_after", "10m")]:
            text = re.sub(rf'\n{name} = "[^"]*"|(?<=; ){name} = "[^"]*"', f'\n{name} = "{value}"', text)
        with open(self.lapse.config, "w", encoding="utf-8") as file:
            file.write(text)

    def watch(self):
        self.output = os.path.join(self.folder.name, "output")
        self.errors = os.path.join(self.folder.name, "errors")
        with open(self.output, "ab") as output, open(self.errors, "ab") as errors:
            self.watcher = subprocess.Popen(
                self.lapse.command(WATCHER),
                env=self.lapse.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )

    def log(self, *lines):
        for line in lines:
            self.lapse._log(line)

    def batch(self, number):
        """The lines of a batch: (what comes before its table, its table and end)."""
        titles = [i for i, line in enumerate(self.lines) if "Cloud Run Finished" in line and "Detected" not in line]
        ends = [i + 1 for i, line in enumerate(self.lines) if line.startswith("Detected")]
        begin = 0 if number == 1 else ends[number - 2]
        return self.lines[begin : titles[number - 1]], self.lines[titles[number - 1] : ends[number - 1]]

    def leave(self, *words):
        """Puts down the artifacts of the run in whose path one of the words stands."""
        for path, stamp in self.lapse.file_times.items():
            if "cmcReporter" in path and any(word in path for word in words):
                self.lapse._put(path, stamp)

    def kept(self, *names):
        return os.path.join(self.lapse.state_root, self.lapse.build, *names)

    def state(self, *names):
        try:
            with open(self.kept(*names, "state.json"), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def sub_run(self, group):
        return self.state("subruns", f"{self.lapse.build}-{group}")

    def posts(self):
        with open(self.output, encoding="utf-8") as file:
            return file.read().count("SUMMARY:")

    def said(self):
        with open(self.output, encoding="utf-8") as output, open(self.errors, encoding="utf-8") as errors:
            return output.read() + errors.read()


def table_long_after_the_xml(tap):
    """The runner uploads for minutes between a batch's XML, which ends the sub-run, and its table."""
    with Scene(BATCHES) as scene:
        before, table = scene.batch(1)
        scene.lapse.start_runner()
        scene.watch()
        scene.log(*before)
        scene.leave("redhat")
        wait_for(lambda: scene.sub_run("redhat").get("state") == "UNKNOWN", "the sub-run to be UNKNOWN")
        time.sleep(LONG)
        tap.ok("closed" not in scene.sub_run("redhat"), "late table: the sub-run is left open", scene.said())
        scene.log(*table)
        wait_for(lambda: scene.posts() == 1, "the post of the sub-run")
        tap.equal(scene.sub_run("redhat").get("state"), "COMPLETED", "late table: and then posted", scene.said())


def batch_cancelled_in_the_cloud(tap):
    """One batch is cancelled; the runner takes its time before it begins the next one."""
    with Scene(BATCHES) as scene:
        before, table = scene.batch(1)
        warning = " WARNING  Run cancelled: by user. Waiting for uploads to complete and stopping execution...\n"
        scene.lapse.start_runner()
        scene.watch()
        scene.log(*before, warning, *table)
        wait_for(lambda: "closed" in scene.sub_run("redhat"), "the cancelled sub-run to be closed")
        time.sleep(LONG)
        tap.ok("closed" not in scene.state(), "cancelled batch: the run is left open", scene.said())
        scene.leave("ubuntu")
        for lines in scene.batch(2):
            scene.log(*lines)
        wait_for(lambda: scene.posts() == 1, "the post of the next sub-run")
        tap.equal(scene.sub_run("ubuntu").get("state"), "FAILED", "cancelled batch: the next is posted", scene.said())
        scene.lapse.end_runner()
        tap.equal(scene.watcher.wait(timeout=DEADLINE), 0, "cancelled batch: ends with the runner", scene.said())
        tap.equal(scene.state().get("state"), "CANCELLED", "cancelled batch: the run is CANCELLED", scene.said())


def watched_from_the_second_batch_on(tap):
    """The config names the current batch only by then, and so does the log: that is not the run."""
    with Scene(BATCHES) as scene:
        host = scene.lapse.given["requested_hosts"][0]
        pattern = re.compile(r"(\n\s*specPattern: \[).*?(\])", re.S)
        path = os.path.join(scene.lapse.root, scene.lapse.given["config"])
        with open(path, encoding="utf-8") as file:
            text = pattern.sub(rf"\1'cypress/e2e/atvm/{host}.ts'\2", file.read())
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        scene.leave("redhat")
        for lines in scene.batch(1):
            scene.log(*lines)
        scene.lapse.start_runner()
        scene.watch()
        wait_for(lambda: "closed" in scene.sub_run("redhat"), "the first sub-run to be closed")
        time.sleep(LONG)
        tap.ok("closed" not in scene.state(), "watched late: the run is left open", scene.said())
        for number, group in [(2, "ubuntu"), (3, "w2k25"), (3, "windows")]:
            scene.leave(group)
            for lines in scene.batch(number) if group != "windows" else []:
                scene.log(*lines)
        wait_for(lambda: scene.posts() == 3, "the posts of all sub-runs")
        scene.lapse.end_runner()
        tap.equal(scene.watcher.wait(timeout=DEADLINE), 0, "watched late: all are posted", scene.said())
        tap.ok("was not asked for" not in scene.said(), "watched late: nobody is called uninvited", scene.said())


def marker_that_cannot_be_looked_for(tap):
    """Whether the operator cancelled is not known: neither CANCELLED nor posted."""
    with Scene(PLAIN) as scene:
        os.makedirs(scene.kept())
        os.symlink("cancelled", scene.kept("cancelled"))
        scene.leave("cmcReporter")
        scene.log(*scene.lines)
        scene.watch()
        wait_for(lambda: scene.state().get("state") == "COMPLETED", "the verdict")
        time.sleep(LONG)
        tap.ok("closed" not in scene.state(), "marker: nothing is closed", scene.said())
        tap.equal(scene.posts(), 0, "marker: nothing is posted", scene.said())
        os.unlink(scene.kept("cancelled"))
        tap.equal(scene.watcher.wait(timeout=DEADLINE), 0, "marker: ends once it can be looked for", scene.said())
        tap.equal(scene.posts(), 1, "marker: and is posted then", scene.said())


def damaged_snapshot(tap):
    with Scene(PLAIN) as scene:
        os.makedirs(scene.kept())
        with open(scene.kept("evidence.jsonl"), "w", encoding="utf-8") as file:
            file.write("no evidence\n")
        scene.leave("cmcReporter")
        scene.log(*scene.lines)
        scene.watch()
        tap.equal(scene.watcher.wait(timeout=DEADLINE), 0, "snapshot: does not stop the watcher", scene.said())
        tap.equal(scene.posts(), 1, "snapshot: everything is read anew", scene.said())
        kept = glob.glob(scene.kept("evidence.jsonl.corrupt-*"))
        tap.equal(len(kept), 1, "snapshot: the damaged one is kept", os.listdir(scene.kept()))
        tap.ok(kept and kept[0] in scene.said(), "snapshot: and named", scene.said())


def log_that_is_no_file(tap):
    """Nobody knows what stands behind a link, or whether a runner had to do with it; and nobody
    knows that it is not read unless it is said."""
    for state, rule in [("TERMINATED", "the runner is gone"), ("UNKNOWN", "no runner")]:
        with Scene(PLAIN) as scene:
            with open(scene.lapse.config, "a", encoding="utf-8") as file:
                file.write('start_grace = "1ms";\n')
            is_link = state == "UNKNOWN"
            path = scene.lapse.run_log + ".elsewhere" if is_link else scene.lapse.run_log
            with open(path, "w", encoding="utf-8") as file:
                file.write("nothing yet\n")
            if is_link:
                os.symlink(path, scene.lapse.run_log)
            scene.watch()
            status = scene.watcher.wait(timeout=DEADLINE)
            found = (status, scene.state().get("state"), rule in scene.state().get("reason", ""))
            name = "a log that is a link" if is_link else "a log that is a file"
            tap.equal(found, (0, state, True), f"{name}: without a runner {state}", scene.said())
            told = f"{scene.lapse.run_log} is a symbolic link, which is not followed"
            warned = scene.said().count(told)
            tap.equal(warned, int(is_link), f"{name}: warned of {int(is_link)} time(s)", scene.said())
            with open(scene.kept("report.txt"), encoding="utf-8") as file:
                notes = file.read().partition("NOTES:")[2]
            tap.equal("is a symbolic link" in notes, is_link, f"{name}: in the notes", notes)


def main():
    with Tap() as tap:
        tap.part(table_long_after_the_xml)
        tap.part(batch_cancelled_in_the_cloud)
        tap.part(watched_from_the_second_batch_on)
        tap.part(marker_that_cannot_be_looked_for)
        tap.part(damaged_snapshot)
        tap.part(log_that_is_no_file)


if __name__ == "__main__":
    main()
