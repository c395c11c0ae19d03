#!/usr/bin/env python3
"""The watcher watches recorded runs that happen again, in fast motion, on real files and real
processes: it posts each ended scope once, whatever happens to its worker in between."""
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading

from harness import DEADLINE, FIXTURES, WATCHER, Answer, Tap, accept
from harness import collect_worker, is_sanitized, wait_for
from timelapse import TimeLapse

SECONDS = 6 if is_sanitized() else 3


class NotifySocket:
    """Plays systemd's side of sd_notify: keeps what it is told. It reads all the time, since a
    sender waits when nobody does."""

    def __init__(self, path):
        self.path, self.told = path, []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        while True:
            message = self.socket.recv(4096).decode()
            if not message:
                return
            self.told += message.splitlines()

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as me:
            me.sendto(b"", self.path)
        self.reader.join()
        self.socket.close()


class Watch:
    """A watcher on a time-lapse. A context manager that ends both and what they started."""

    def __init__(self, scenario, options="", in_place=False, **runner):
        self.scenario, self.options, self.in_place = scenario, options, in_place
        self.runner_options = runner

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-live.")
        self.place = os.path.join(self.folder.name, "run")
        os.mkdir(self.place)
        self.notify = NotifySocket(self.beside("notify"))
        self.lapse = TimeLapse(
            os.path.join(FIXTURES, self.scenario),
            self.place,
            SECONDS,
            build=f"live.{os.getpid()}.{self.scenario[:2]}",
            in_place=self.in_place,
        )
        self.lapse.prepare(self.options)
        self.lapse.start_runner(**self.runner_options)
        self.process = self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.lapse.close()
        self.notify.close()
        self.folder.cleanup()

    def start(self):
        environment = self.lapse.environment()
        environment["NOTIFY_SOCKET"] = self.notify.path
        with open(self.beside("output"), "wb") as output, open(self.beside("errors"), "wb") as log:
            return subprocess.Popen(
                self.lapse.command(WATCHER),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
            )

    def beside(self, name):
        return os.path.join(self.folder.name, name)

    def output(self):
        with open(self.beside("output"), encoding="utf-8") as file:
            return file.read()

    def said(self):
        with open(self.beside("errors"), encoding="utf-8", errors="replace") as file:
            return f"{self.output()}\n{file.read()}"

    def posts(self):
        return self.output().count("SUMMARY:")

    def is_ready(self):
        return "READY=1" in self.notify.told

    def kept(self, *names):
        return os.path.join(self.lapse.state_root, self.lapse.build, *names)

    def state(self):
        with open(self.kept("state.json"), encoding="utf-8") as file:
            return json.load(file)

    def finish(self, runner="ends"):
        """Plays the rest, ends the runner and waits for the watcher's end; its exit status."""
        self.lapse.play(go_on=lambda: self.process.poll() is None)
        if runner == "ends":
            self.lapse.end_runner()
        return self.process.wait(timeout=DEADLINE)

    def worker(self):
        return wait_for(lambda: collect_worker(self.process.pid), "the collect worker")

    def gaps(self):
        try:
            with open(self.kept("evidence.jsonl"), encoding="utf-8") as file:
                return [line for line in file if json.loads(line)["t"] == "gap"]
        except FileNotFoundError:
            return []


def expected(scenario):
    with open(os.path.join(FIXTURES, scenario, "expected.json"), encoding="utf-8") as file:
        return json.load(file)


def check_posts(tap, watch, name):
    """Each scope that ended was posted once, in order, with each host's status."""
    truth, text = expected(watch.scenario), watch.output()
    scopes = truth.get("subruns") or [{"name": watch.lapse.build}]
    names = [s["name"].replace(watch.lapse.recorded_build, watch.lapse.build) for s in scopes]
    tap.equal(watch.posts(), len(scopes), f"{name}: one status for each scope", watch.said())
    places = [text.find(each) for each in names]
    tap.ok(places == sorted(places) and -1 not in places, f"{name}: scopes in order", text)
    for host in truth["hosts"]:
        line = f"{host['host']} - {host['status']}"
        tap.ok(line in text, f"{name}: says {line}", text)


def time_lapse_is_faithful(tap):
    """What a time-lapse leaves behind is judged as the recording is: the tests below see no other
    run than the recorded one."""
    for scenario in ["01-pass-all-sources-agree", "14-wrapped-durations-four-hosts", "15-late-host-rows"]:
        with tempfile.TemporaryDirectory() as place:
            lapse = TimeLapse(os.path.join(FIXTURES, scenario), place, 0.2, build="faithful")
            lapse.prepare()
            lapse.play()
            os.rename(lapse.run_log, os.path.join(place, "run.log"))
            now = lapse.given["now"] + lapse.delta
            given = {**lapse.given, "build": lapse.build, "run_start": lapse.since, "now": now}
            argv = accept.command(WATCHER, place, given)
            answer = Answer(argv)
            wrong = accept.compare(expected(scenario), answer.report() or {})
            tap.equal(wrong, [], f"time-lapse: {scenario} is judged as recorded", answer)


def plain_run(tap):
    """A run of three hosts, one of which failed; its rows come late."""
    with Watch("15-late-host-rows") as watch:
        wait_for(watch.is_ready, "READY")
        tap.ok(True, "plain: systemd is told that it is ready")
        tap.equal(watch.posts(), 0, "plain: nothing is posted while it runs", watch.said())
        tap.equal(watch.finish(), 0, "plain: ends with status 0", watch.said())
        ended = [line for line in watch.notify.told if line.startswith("STATUS=")]
        tap.ok("3/3 hosts" in ended[-1], "plain: systemd was shown all three hosts", ended)
        tap.ok(ended[-1].endswith("; posted to stdout"), "plain: and at last who has the post", ended)
        check_posts(tap, watch, "plain")
        tap.equal(watch.state().get("state"), "FAILED", "plain: closed as FAILED", watch.state())
        tap.ok(os.path.exists(watch.kept("posted", "stdout")), "plain: the post is noted")

        again = watch.start()
        tap.equal(again.wait(timeout=DEADLINE), 0, "closed: a second watcher ends well")
        tap.equal(watch.posts(), 0, "closed: and posts nothing again", watch.said())


def passing_run(tap):
    """Every kind of artifact, written where it belongs in two steps each."""
    with Watch("01-pass-all-sources-agree", in_place=True) as watch:
        tap.equal(watch.finish(), 0, "passing: ends with status 0", watch.said())
        check_posts(tap, watch, "passing")
        tap.equal(watch.state().get("state"), "COMPLETED", "passing: closed as COMPLETED")


def categorized_run(tap):
    with Watch("16-categorized-no-fresh-specpattern") as watch:
        tap.equal(watch.finish(), 0, "categorized: ends with status 0", watch.said())
        check_posts(tap, watch, "categorized")
        tap.ok(not os.path.exists(watch.kept("posted", "stdout")), "categorized: no parent post")
        for group in ["redhat", "ubuntu", "windows"]:
            marker = watch.kept("subruns", f"{watch.lapse.build}-{group}", "posted", "stdout")
            tap.ok(os.path.exists(marker), f"categorized: the post for {group} is noted")


def one_watcher_only(tap):
    with Watch("01-pass-all-sources-agree") as watch:
        wait_for(watch.is_ready, "READY")
        second = subprocess.run(
            watch.lapse.command(WATCHER),
            env=watch.lapse.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DEADLINE,
        )
        tap.equal(second.returncode, 3, "a second watcher of the build is refused", second.stderr)
        tap.ok(second.stderr, "and says so")


def worker_dies(tap, number, name):
    """The collect worker is killed or frozen halfway; nothing of the verdict is lost."""
    with Watch("02-fail-all-sources-agree", options='collect_timeout = "1s";\n') as watch:
        watch.lapse.play(until=0.5)
        first = watch.worker()
        os.kill(first, number)
        wait_for(lambda: collect_worker(watch.process.pid) not in (None, first), "a new worker")
        tap.ok(True, f"{name}: a new worker is started")
        tap.equal(watch.finish(), 0, f"{name}: ends with status 0", watch.said())
        check_posts(tap, watch, name)
        tap.ok(watch.gaps(), f"{name}: the gap is on record", watch.said())


def runner_killed(tap):
    with Watch("02-fail-all-sources-agree") as watch:
        watch.lapse.play(until=0.4)
        watch.worker()
        watch.lapse.kill_runner()
        tap.equal(watch.process.wait(timeout=DEADLINE), 0, "killed: ends well", watch.said())
        tap.equal(watch.state().get("state"), "TERMINATED", "killed: closed as TERMINATED")
        tap.equal(watch.posts(), 0, "killed: nothing is posted", watch.said())
        tap.ok(not os.path.exists(watch.kept("posted", "stdout")), "killed: no post is noted")


def runner_stuck(tap):
    """The runner stays, with a defunct child; the result is posted, with a note."""
    with Watch("26-hang-after-upload", zombie_child=True) as watch:
        tap.equal(watch.finish(runner="stays"), 0, "stuck: ends with status 0", watch.said())
        check_posts(tap, watch, "stuck")
        notes = watch.output().partition("NOTES:")[2]
        tap.ok("runner" in notes.lower(), "stuck: a note says that the runner stayed", notes)
        tap.equal(watch.lapse.runner.poll(), None, "stuck: the runner was left alone")


def watcher_killed(tap):
    """The watcher itself is killed halfway and started anew: one post, the same verdict."""
    with Watch("02-fail-all-sources-agree") as watch:
        watch.lapse.play(until=0.5)
        wait_for(lambda: os.path.exists(watch.kept("state.json")), "state.json")
        watch.process.kill()
        watch.process.wait()
        watch.process = watch.start()
        tap.equal(watch.finish(), 0, "restarted: ends with status 0", watch.said())
        check_posts(tap, watch, "restarted")


def log_lost(tap):
    """The log disappears while no watcher runs: what it said, its URL too, still counts."""
    with Watch("15-late-host-rows") as watch:
        wait_for(watch.is_ready, "READY")
        watch.process.terminate()
        tap.equal(watch.process.wait(timeout=DEADLINE), 6, "log lost: stopped by SIGTERM")
        watch.lapse.play()
        watch.process = watch.start()
        # READY comes with the first pass, which has read the whole log.
        wait_for(lambda: watch.notify.told.count("READY=1") == 2, "READY again")
        watch.process.terminate()
        tap.equal(watch.process.wait(timeout=DEADLINE), 6, "log lost: stopped again")
        tap.equal(watch.posts(), 0, "log lost: nothing is posted yet", watch.said())
        os.remove(watch.lapse.run_log)
        watch.lapse.end_runner()
        watch.process = watch.start()
        tap.equal(watch.process.wait(timeout=DEADLINE), 0, "log lost: ends well", watch.said())
        check_posts(tap, watch, "log lost")
        tap.ok(expected(watch.scenario)["currents_url"] in watch.output(), "log lost: the URL stays")


def main():
    with Tap() as tap:
        tap.part(time_lapse_is_faithful)
        tap.part(plain_run)
        tap.part(passing_run)
        tap.part(categorized_run)
        tap.part(one_watcher_only)
        tap.part(worker_dies, signal.SIGKILL, "worker killed")
        tap.part(worker_dies, signal.SIGSTOP, "worker frozen")
        tap.part(runner_killed)
        tap.part(runner_stuck)
        tap.part(watcher_killed)
        tap.part(log_lost)


if __name__ == "__main__":
    main()
