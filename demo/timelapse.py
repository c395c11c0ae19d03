#!/usr/bin/env python3
"""Replays a recorded run in fast motion, live, for a real watcher to watch.

  timelapse.py --watcher build/atvm-watcher [--seconds N] [--place FOLDER] SCENARIO

SCENARIO is a folder of tests/fixtures (a path, or its name). The last minutes or hours of the
recorded run happen again within N seconds: a stand-in runner process lives, the run log grows line
by line, each artifact appears at its time. Nothing tells the watcher what the outcome will be.

The recording is moved in time so that it ends when the time-lapse does: every time in it (file
times, XML timestamps, JSON times, file names) is shifted by the same amount. So the watcher sees a
run that began as long ago as the recorded one lasted, and whose events all lie in the past.
"""
import argparse
import bisect
import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "tests", "fixtures")

EMBEDDED_TIME = re.compile(rb"(\d{4}-\d\d-\d\d)T(\d\d)([:-])(\d\d)\3(\d\d)")
TEST_TIME = re.compile(r"\((\d+)ms\)$")
FAILED_TEST = re.compile(r"^ +\d+\) ")
SPEC_BEGINS = re.compile(r"^Running: .*?([^/\s]+)\.ts \(\d+/\d+\)")
SPEC_ENDS = "  Reporting results and artifacts in background"
SPEC_PATTERN = re.compile(r"(\n\s*specPattern: \[).*?(\])", re.S)

# How long a line of the log took to come, in recorded seconds, where the log does not say.
ORDINARY_LINE, FAILED_TEST_LINE = 0.2, 60.0


def shifted(data, delta):
    """`data` (bytes) with every time of the forms T12:34:56 and T12-34-56 moved by delta seconds."""

    def move(match):
        day, hour, mark, minute, second = match.groups()
        stamp = b"%sT%s:%s:%s" % (day, hour, minute, second)
        moved = datetime.datetime.fromisoformat(stamp.decode()) + datetime.timedelta(seconds=delta)
        form = "%Y-%m-%dT%H:%M:%S" if mark == b":" else "%Y-%m-%dT%H-%M-%S"
        return moved.strftime(form).encode()

    return EMBEDDED_TIME.sub(move, data)


def line_times(lines, begin, end, host_ends):
    """When each line of a run log came: between begin and end, paced by the durations of the tests,
    and such that a host's part of the log ends when its first artifact was written."""
    reached, total, anchors, host = [], 0.0, [(0.0, begin)], None
    for line in lines:
        took = TEST_TIME.search(line)
        total += (
            int(took.group(1)) / 1000
            if took
            else FAILED_TEST_LINE if FAILED_TEST.match(line) else ORDINARY_LINE
        )
        reached.append(total)
        spec = SPEC_BEGINS.match(line)
        if spec:
            host = spec.group(1)
        elif line.startswith(SPEC_ENDS) and anchors[-1][1] < host_ends.get(host, begin) < end:
            anchors.append((total, host_ends[host]))
    anchors.append((total, end))
    times = []
    for weight in reached:
        at = max(1, min(bisect.bisect_left([a[0] for a in anchors], weight), len(anchors) - 1))
        (w0, t0), (w1, t1) = anchors[at - 1], anchors[at]
        times.append(t0 + (t1 - t0) * ((weight - w0) / (w1 - w0) if w1 > w0 else 1.0))
    return times


class TimeLapse:
    """One recorded run, prepared in a folder of its own and played in fast motion.

    scenario: a fixture folder. place: an existing, empty folder. seconds: how long it takes.
    build: another name for the build (several time-lapses on one machine must not share one).
    in_place: artifacts are written in two steps where they belong, as reporters do it, instead of
    appearing at once.
    """

    def __init__(self, scenario, place, seconds, build=None, in_place=False):
        self.scenario, self.place, self.seconds, self.in_place = scenario, place, seconds, in_place
        with open(os.path.join(scenario, "input.json"), encoding="utf-8") as file:
            self.given = json.load(file)
        self.recorded_build = self.given["build"]
        self.build = build or self.recorded_build
        self.root = os.path.join(place, "root")
        self.state_root = os.path.join(place, "state")
        self.run_log = os.path.join(place, self.build + ".log")
        self.config = os.path.join(place, "atvm-watcher.conf")
        self.runner = None
        self.file_times = self._read_file_times()
        self.recorded_begin = float(self.given["run_start"])
        self.recorded_end = max(
            [t for t in self.file_times.values() if t > self.recorded_begin]
            + [self.recorded_begin + 1]
        )
        self.begin = time.time()
        self.delta = int(self.begin + seconds - self.recorded_end)
        self.since = int(self.recorded_begin) + self.delta
        self.steps = []

    def _read_file_times(self):
        times = {}
        with open(os.path.join(self.scenario, "mtimes.txt"), encoding="utf-8") as file:
            for line in file:
                stamp, _, path = line.rstrip("\n").partition("\t")
                times[path] = float(stamp.lstrip("@"))
        return times

    # ---------------------------------------------------------------- what lies there beforehand

    def prepare(self, options=""):
        """Lays out what was there before the run and writes the watcher's configuration; `options`
        is appended to it."""
        os.makedirs(self.root)
        os.makedirs(self.state_root)
        for path, stamp in sorted(self.file_times.items()):
            source = os.path.join(self.scenario, path)
            if not path.startswith("root/") or not os.path.isfile(source):
                continue
            if stamp <= self.recorded_begin:
                self._put(path, stamp)
            else:
                self.steps.append((stamp, lambda path=path, stamp=stamp: self._put(path, stamp)))
                if path == "root/" + self.given["config"]:
                    self._put_first_config(path)
        self._plan_log()
        self.steps.sort(key=lambda step: step[0])
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(
                f'automation_root = "{self.root}";\n'
                f'state_root = "{self.state_root}";\n'
                f'run_log = "{self.place}/%b.log";\n'
                f'launch_log = "{self.place}/%b.launch.log";\n'
                f'cypress_config = "{self.given["config"]}";\n'
                'poll_interval = "500ms";\nsettle = "300ms";\nstuck_after = "2s";\n'
                'sinks = ( { module = "stdout"; } );\n' + options
            )

    def _content(self, path):
        with open(os.path.join(self.scenario, path), "rb") as file:
            data = shifted(file.read(), self.delta)
        return data.replace(self.recorded_build.encode(), self.build.encode())

    def _target(self, path):
        folder, name = os.path.split(path)
        name = shifted(name.encode(), self.delta).decode()
        target = os.path.join(self.place, folder, name.replace(self.recorded_build, self.build))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        return target

    def _put(self, path, stamp, data=None):
        data, target = self._content(path) if data is None else data, self._target(path)
        when = stamp + self.delta
        if self.in_place:
            with open(target, "wb") as file:
                file.write(data[: len(data) // 2])
                file.flush()
                time.sleep(0.05)
                file.write(data[len(data) // 2 :])
            os.utime(target, (when, when))
        else:
            beside = os.path.join(self.place, "arriving")
            with open(beside, "wb") as file:
                file.write(data)
            os.utime(beside, (when, when))
            os.rename(beside, target)

    def _put_first_config(self, path):
        """The recorded config is that of the last batch; before the first, it names all hosts."""
        specs = "".join(
            f"\n      'cypress/e2e/atvm/{host}.ts'," for host in self.given["requested_hosts"]
        )
        text = SPEC_PATTERN.sub(
            lambda match: match.group(1) + specs + "\n    " + match.group(2),
            self._content(path).decode(),
        )
        self._put(path, self.recorded_begin - 60, text.encode())

    def _plan_log(self):
        source = os.path.join(self.scenario, "run.log")
        if not os.path.exists(source):
            return
        lines = self._content("run.log").decode(errors="surrogateescape").splitlines(keepends=True)
        host_ends = {}
        for path, stamp in self.file_times.items():
            host = re.split(r"_\d{4}-", os.path.basename(path))[0]
            if stamp > self.recorded_begin:
                host_ends[host] = min(stamp, host_ends.get(host, stamp))
        times = line_times(lines, self.recorded_begin, self.file_times["run.log"], host_ends)
        for line, stamp in zip(lines, times):
            self.steps.append((stamp, lambda line=line: self._log(line)))

    def _log(self, line):
        with open(self.run_log, "ab") as file:
            file.write(line.encode(errors="surrogateescape"))

    # ---------------------------------------------------------------- the run

    def command(self, watcher):
        return [watcher, "run", self.build, "--config", self.config, "--since", str(self.since)]

    def environment(self):
        """The environment for the watcher: the coverage that `start` would have noted, no secret."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ATVM_WATCHER_", "MATTERMOST_")) or name.endswith("MODULE_PATH")
        }
        environment["ATVM_WATCHER_TEMPLATE"] = self.given["template"]
        environment["ATVM_WATCHER_CATEGORIZED"] = "true" if self.given["categorized"] else "false"
        if self.given.get("plugin"):
            environment["ATVM_WATCHER_INTEGRATION_PLUGIN"] = self.given["plugin"]
        return environment

    def start_runner(self, zombie_child=False):
        argv = ["python3", "run-sorry-cypress.py", "--build_name", self.build]
        argv += ["--categorize"] if self.given["categorized"] else []
        argv += ["--zombie-child"] if zombie_child else []
        self.runner = subprocess.Popen(argv, cwd=HERE, stdin=subprocess.PIPE)

    def end_runner(self):
        if self.runner:
            self.runner.stdin.close()
            self.runner.wait()
            self.runner = None

    def kill_runner(self):
        self.runner.kill()
        self.end_runner()

    def play(self, until=1.0, go_on=lambda: True):
        """Plays on to the fraction `until` of the run; ends early when go_on() says so."""
        span = self.recorded_end - self.recorded_begin
        while self.steps and self.steps[0][0] <= self.recorded_begin + until * span:
            at = self.begin + (self.steps[0][0] - self.recorded_begin) / span * self.seconds
            while time.time() < at:
                time.sleep(min(0.2, max(0.0, at - time.time())))
                if not go_on():
                    return
            self.steps.pop(0)[1]()

    def close(self):
        """Ends what was started; the folder is the caller's."""
        if self.runner:
            self.end_runner()


# -------------------------------------------------------------------- on a terminal


def in_words(seconds):
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"


def truth(scenario):
    with open(os.path.join(scenario, "expected.json"), encoding="utf-8") as file:
        expected = json.load(file)
    hosts = [h for h in expected.get("hosts", []) if isinstance(h, dict)]
    return expected["run_state"] + "".join(f", {h['host']} {h['status']}" for h in hosts)


def watch(arguments, place):
    lapse = TimeLapse(arguments.scenario, place, arguments.seconds)
    lapse.prepare()
    hosts = lapse.given.get("requested_hosts") or []
    print(
        f"A recorded run of {len(hosts)} host{'s' if len(hosts) != 1 else ''}, "
        f"{in_words(lapse.recorded_end - lapse.recorded_begin)} long, happens again in "
        f"{arguments.seconds:g} seconds.\n"
        "Watched by:  " + " ".join(lapse.command(os.path.relpath(arguments.watcher))) + "\n",
        flush=True,
    )
    lapse.start_runner(arguments.zombie_child)
    watcher = subprocess.Popen(
        lapse.command(arguments.watcher), env=lapse.environment(), stdin=subprocess.DEVNULL
    )
    try:
        lapse.play(go_on=lambda: watcher.poll() is None)
        if not arguments.runner_stays:
            lapse.end_runner()
        status = watcher.wait()
    finally:
        if watcher.poll() is None:
            watcher.terminate()
            watcher.wait()
        lapse.close()
    print(f"\nThe watcher ended with status {status}. The recording's truth: {truth(arguments.scenario)}")
    return status


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenario")
    parser.add_argument("--watcher", required=True, help="the atvm-watcher program")
    parser.add_argument("--seconds", type=float, default=35)
    parser.add_argument("--place", help="an empty folder to work in, kept (default: a temporary one)")
    parser.add_argument("--zombie-child", action="store_true", help="the runner has a defunct child")
    parser.add_argument(
        "--runner-stays", action="store_true", help="the runner does not exit at the end"
    )
    arguments = parser.parse_args()
    arguments.watcher = os.path.abspath(arguments.watcher)
    if not os.path.isfile(os.path.join(arguments.scenario, "input.json")):
        arguments.scenario = os.path.join(FIXTURES, arguments.scenario)
    if not os.path.isfile(os.path.join(arguments.scenario, "input.json")):
        parser.error(f"no recorded run in {arguments.scenario}; see tests/fixtures for names")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    place = arguments.place or tempfile.mkdtemp(prefix="atvm-demo.")
    try:
        return watch(arguments, place)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130
    finally:
        if not arguments.place:
            shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
