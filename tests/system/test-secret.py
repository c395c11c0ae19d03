#!/usr/bin/env python3
"""The webhook's address is a secret: whoever knows it can post. It is in nothing that the programs
write, on no command line, in no environment and in no core dump, whether a post goes well or not;
and what a run's own log or command says of secrets does not reach chat."""
import contextlib
import ctypes
import glob
import json
import os
import resource
import signal
import subprocess
import tempfile

from fronts import make_folder
from harness import DEADLINE, FIXTURES, WATCHER, Tap
from harness import children, collect_worker, command_line, files_below, is_sanitized
from harness import read, wait_for
from mattermost_server import CANARY, OK, StandIn, error, reset, wait_for_the_end
from operated_run import SINK, Run
from timelapse import TimeLapse
from waiting_message import WEBHOOK, Copy, Start, Waiting

PR_SET_CHILD_SUBREAPER = 36
NOBODY = 65534
# What the run's own log and command hold.
FOREIGN_TOKEN = "f0reigntoken77"
LOG_TOKEN, LOG_PASSWORD, COMMAND_PASSWORD = "l0gt0ken77", "l0gpassw0rd77", "c0mmandpassw0rd77"


def holds(path, secrets):
    with open(path, "rb") as file:
        data = file.read()
    return [secret for secret in secrets if secret.encode() in data]


def leaks_in(folder, secrets=(CANARY,)):
    """[(file, secret)] below a folder."""
    return [(path, secret) for path in files_below(folder) for secret in holds(path, secrets)]


# -------------------------------------------------------------------- every class of an attempt


def echo(status):
    """A refusal that repeats the address wherever it can."""
    headers = {"Content-Type": f"text/{CANARY}", "X-Request-Id": CANARY, "Server": CANARY}
    return status, headers, f"POST /hooks/{CANARY} is not allowed".encode()


def break_off(stand_in, connection):
    stand_in.read(connection)
    reset(connection)


CLASSES = [
    ("delivered", OK, "delivered"),
    ("refused with an id", error(400, f"a.{CANARY}.app_error"), "quarantined"),
    ("refused by a proxy", echo(403), "quarantined"),
    ("failed in a proxy", echo(502), "uncertain"),
    ("redirected", (302, {"Location": f"https://a.example/hooks/{CANARY}"}, b""), "quarantined"),
    ("broken off", break_off, "uncertain"),
    ("to be sent later", (429, {"Retry-After": "3600"}, CANARY.encode()), "pending"),
]


def attempt(waiting, name, answer, state, with_credentials):
    def run(tap):
        with tempfile.TemporaryDirectory(prefix="atvm-secret.") as place, StandIn(answer) as server:
            copy = Copy(waiting, place, "")
            credentials = tempfile.TemporaryDirectory() if with_credentials else None
            start = Start(copy, server.url, credentials.name if credentials else None)
            before = waiting.attempts
            start.wait_until(lambda: (start.record() or {}).get("attempt_count", 0) > before)
            start.wait_until(lambda: start.record()["state"] not in ["sending"])
            start.end()
            leaks = leaks_in(place)
            if credentials:
                credentials.cleanup()
            how = "as a credential" if with_credentials else "in the environment"
            tap.equal(start.record()["state"], state, f"{name}, {how}: {state}", start.said)
            tap.equal(len(server.requests), 1, f"{name}, {how}: the server was asked", start.said)
            tap.equal(leaks, [], f"{name}, {how}: the secret is in no file")
            tap.ok(CANARY not in start.said, f"{name}, {how}: nor in the log", start.said)
            tap.ok(CANARY.encode() not in start.told, f"{name}, {how}: nor told to the manager")

    return run


# -------------------------------------------------------------------- a run that is watched


class LeakyRun(TimeLapse):
    """Its log quotes the webhook, a token and a password."""

    TEXT = b"timed out after waiting"

    def _content(self, path):
        data = super()._content(path)
        leak = (
            f"POST https://chat.example/hooks/{CANARY} --token {LOG_TOKEN} "
            f"https://user:{LOG_PASSWORD}@host/ "
        )
        return data.replace(self.TEXT, leak.encode() + self.TEXT)

    def environment(self):
        environment = super().environment()
        environment["ATVM_WATCHER_TEMPLATE_COMMAND"] = (
            f"sshpass -p {COMMAND_PASSWORD} ssh host "
            f"'./cmc-templates.py --password {COMMAND_PASSWORD}'"
        )
        return environment


def use_sink(config, module):
    """`module`: what stands after "module = "."""
    with open(config, encoding="utf-8") as file:
        text = file.read()
    with open(config, "w", encoding="utf-8") as file:
        file.write(text.replace('"stdout"', module))


class Watched:
    """A watcher that watches such a run, with core dumps allowed, in a folder where they would lie.
    A context manager."""

    def __init__(self, stand_in, with_credentials=False):
        self.stand_in, self.with_credentials = stand_in, with_credentials

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-secret.")
        self.place = make_folder(self.folder.name, "run")
        self.cwd = make_folder(self.folder.name, "cwd")
        scenario = os.path.join(FIXTURES, "15-late-host-rows")
        build = f"secret.{os.getpid()}.{id(self)}"
        self.lapse = LeakyRun(scenario, self.place, 1, build=build)
        self.lapse.prepare()
        use_sink(self.lapse.config, '"mattermost"')
        self.lapse.start_runner()
        self.output = open(os.path.join(self.folder.name, "output"), "w+b")
        self.process = self.start()
        return self

    def environment(self):
        environment = self.lapse.environment()
        if self.with_credentials:
            folder = os.path.join(self.folder.name, "credentials")
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, WEBHOOK), "w", encoding="utf-8") as file:
                file.write(self.stand_in.url)
            environment["CREDENTIALS_DIRECTORY"] = folder
        else:
            environment[WEBHOOK] = self.stand_in.url
        return environment

    def start(self):
        return subprocess.Popen(
            [os.path.abspath(WATCHER), *self.lapse.command(WATCHER)[1:]],
            env=self.environment(),
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
            preexec_fn=allow_core_dumps,
        )

    def finish(self):
        self.lapse.play()
        self.lapse.end_runner()
        return self.process.wait(timeout=DEADLINE)

    def said(self):
        self.output.flush()
        with open(self.output.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def kept(self, name):
        path = os.path.join(self.lapse.state_root, self.lapse.build, name)
        with open(path, encoding="utf-8") as file:
            return file.read()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.output.close()
        self.lapse.close()
        self.folder.cleanup()


def allow_core_dumps():
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def deliver_worker(watcher):
    for pid in children(watcher):
        if command_line(pid)[-2:] == ["worker", "deliver"]:
            return pid
    return None


# ---- what others see of the processes


def seen_by_root(pid):
    """What of /proc/PID holds the secret; descriptors and memory are root's in any case."""
    names = ["cmdline", "environ", "comm", "status", "stat", "maps", "cgroup"]
    return [name for name in names if holds(f"/proc/{pid}/{name}", [CANARY])]


def seen_by_nobody(pid, pattern):
    """Files of /proc/PID in which another user finds the pattern; None: that cannot be tried."""
    if os.geteuid() != 0:
        return None
    with tempfile.NamedTemporaryFile("w") as file:
        # Not on a command line: that would be a find.
        file.write(pattern)
        file.flush()
        os.chmod(file.name, 0o644)
        found = subprocess.run(
            ["grep", "-arslF", "-f", file.name, f"/proc/{pid}/"],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DEADLINE,
            check=False,
        )
    return found.stdout.decode().split()


def look_at(tap, pid, name):
    tap.equal(seen_by_root(pid), [], f"{name}: neither its command line nor its environment has it")
    seen = seen_by_nobody(pid, CANARY)
    if seen is None:
        tap.skip(f"{name}: what another user sees", "only root can become another user")
        return
    tap.ok(seen_by_nobody(pid, "atvm-watcher"), f"{name}: another user sees that it is there")
    tap.equal(seen, [], f"{name}: another user finds the secret nowhere below its /proc")


def watched_run(with_credentials):
    """All processes of a run, watched from the beginning to the post."""

    def run(tap):
        where = "credential" if with_credentials else "environment"

        def look_and_answer(stand_in, connection):
            stand_in.read(connection)
            worker = wait_for(lambda: deliver_worker(watched.process.pid), "the deliver worker")
            look_at(tap, worker, f"{where}: the deliver worker")
            look_at(tap, watched.process.pid, f"{where}: the watcher that delivers")
            stand_in.send(connection, *OK)

        with StandIn(look_and_answer) as stand_in, Watched(stand_in, with_credentials) as watched:
            worker = wait_for(lambda: collect_worker(watched.process.pid), "the collect worker")
            look_at(tap, worker, f"{where}: the collect worker")
            look_at(tap, watched.process.pid, f"{where}: the watcher")
            tap.equal(watched.finish(), 0, f"{where}: the watcher ends well", watched.said())
            tap.equal(len(stand_in.requests), 1, f"{where}: one post", stand_in.problems)
            check_files(tap, watched, json.loads(stand_in.requests[0].body)["text"], where)

    return run


def check_files(tap, watched, text, where):
    secrets = [CANARY, LOG_TOKEN, LOG_PASSWORD, COMMAND_PASSWORD]
    own = leaks_in(watched.lapse.state_root, secrets)
    tap.equal(own, [], f"{where}: no secret is in the state folder")
    tap.ok("timed out after waiting" in text, f"{where}: the message quotes the log", text)
    tap.ok("***" in text, f"{where}: and masks what is secret in it", text)
    tap.equal([s for s in secrets if s in text], [], f"{where}: no secret is in it", text)
    tap.equal([s for s in secrets if s in watched.said()], [], f"{where}: nor in the log")
    tap.equal(os.listdir(watched.cwd), [], f"{where}: nothing was left where it was started")


# ---- a sink of somebody else


def foreign_sink(tap):
    """What a module calls its secret is known only when it was asked. It answers with the last four
    characters of what it was given."""
    with tempfile.TemporaryDirectory(prefix="atvm-secret.") as place:
        scenario = os.path.join(FIXTURES, "01-pass-all-sources-agree")
        lapse = TimeLapse(scenario, place, 0.5, build="foreign")
        lapse.prepare()
        use_sink(lapse.config, f'"{SINK}"; behaviour = "tell"; journal = "{place}/journal"')
        lapse.start_runner()
        watcher = subprocess.Popen(
            lapse.command(os.path.abspath(WATCHER)),
            env={**lapse.environment(), "TEST_TOKEN": FOREIGN_TOKEN},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        worker = wait_for(lambda: collect_worker(watcher.pid), "the collect worker")
        for pid, name in [(watcher.pid, "watcher"), (worker, "collect worker")]:
            found = holds(f"/proc/{pid}/environ", [FOREIGN_TOKEN])
            tap.equal(found, [], f"foreign sink: its secret is not in the {name}'s environment")
        lapse.play()
        lapse.end_runner()
        said = watcher.communicate(timeout=DEADLINE)[0].decode()
        told = glob.glob(os.path.join(lapse.state_root, "foreign", "quarantine", "*", "reason.json"))
        tap.equal(len(told), 1, "foreign sink: it was asked to deliver, and refused", said)
        with open(told[0], encoding="utf-8") as file:
            reason = file.read()
        tap.ok(f"<{FOREIGN_TOKEN[-4:]}>" in reason, "foreign sink: it was given its secret", reason)
        found = leaks_in(place, [FOREIGN_TOKEN])
        tap.equal(found, [], "foreign sink: the secret is in no file")
        tap.ok(FOREIGN_TOKEN not in said, "foreign sink: nor in the log", said)


# ---- core dumps


def dumps_core(status):
    return os.WIFSIGNALED(status) and os.WCOREDUMP(status)


def core_dumps_work_here(place):
    """Whether a program that dies of SIGSEGV leaves a core dump."""
    victim = subprocess.Popen(["sleep", "300"], cwd=place, preexec_fn=allow_core_dumps)
    victim.send_signal(signal.SIGSEGV)
    _, status = os.waitpid(victim.pid, 0)
    victim.returncode = 0
    return dumps_core(status)


def why_no_core_dumps():
    """Why nothing can be learned from a crash here; None: it can."""
    if is_sanitized():
        return "a sanitized program leaves its memory open to its leak check"
    with tempfile.TemporaryDirectory(prefix="atvm-secret.") as place:
        return None if core_dumps_work_here(place) else "no core dumps here"


def crashes(tap):
    """Watcher and deliver worker die in the middle of a delivery."""
    reason = why_no_core_dumps()
    if reason:
        tap.skip("core dumps", reason)
        return
    # So that the worker is this process's child when the watcher is gone.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ended = {}

    def crash(stand_in, connection):
        stand_in.read(connection)
        worker = wait_for(lambda: deliver_worker(watched.process.pid), "the deliver worker")
        os.kill(watched.process.pid, signal.SIGSEGV)
        _, ended["watcher"] = os.waitpid(watched.process.pid, 0)
        os.kill(worker, signal.SIGABRT)
        _, ended["deliver worker"] = os.waitpid(worker, 0)
        wait_for_the_end(connection)

    with StandIn(crash) as stand_in, Watched(stand_in) as watched:
        watched.lapse.play()
        watched.lapse.end_runner()
        wait_for(lambda: len(ended) == 2, "both to have died")
        watched.process.returncode = 0
        for name, number in [("watcher", signal.SIGSEGV), ("deliver worker", signal.SIGABRT)]:
            status = ended[name]
            tap.equal(os.WTERMSIG(status), number, f"crash: the {name} died of its signal")
            tap.ok(not dumps_core(status), f"crash: the {name} left no core dump")
        tap.equal(os.listdir(watched.cwd), [], "crash: there is none where it was started")
        tap.equal(leaks_in(watched.lapse.state_root), [], "crash: the secret is in no file")
        watched.process = watched.start()
        status = watched.process.wait(timeout=DEADLINE)
        tap.equal(status, 5, "crash: the post is held", watched.said())
        tap.equal(len(stand_in.requests), 1, "crash: it is not sent again")
        tap.ok(CANARY not in watched.said(), "crash: the log does not have the secret")


# ---- every command


def commands():
    """Every command that --help lists."""
    listed = subprocess.run([WATCHER, "--help"], capture_output=True, text=True, check=True).stdout
    listed = listed.partition("Commands:")[2].partition("Options:")[0]
    return [line.split()[0] for line in listed.splitlines() if line.strip()]


def full_pipe():
    """(reading end, writing end); whoever writes into it, waits."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, bytes(4096))
    os.set_blocking(writing, True)
    return reading, writing


def sleeps(pid):
    """Whether it waits for something, which no program does before its main()."""
    return read(f"/proc/{pid}/stat").rpartition(")")[2].split()[0] == "S"


def crash_in(tap, name, argv, environment, place):
    """It dies of SIGSEGV while it waits: for somebody to read what it says, if for nothing else."""
    reading, writing = full_pipe()
    process = subprocess.Popen(
        [os.path.abspath(WATCHER), *argv],
        env={**environment, WEBHOOK: f"https://chat.example/hooks/{CANARY}"},
        cwd=place,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
        preexec_fn=allow_core_dumps,
    )
    wait_for(lambda: sleeps(process.pid), f"{name}: to wait")
    shown = seen_by_root(process.pid) if os.geteuid() == 0 else []
    process.send_signal(signal.SIGSEGV)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = status
    os.close(reading)
    os.close(writing)
    got = (shown, os.WTERMSIG(status), dumps_core(status))
    want = ([], signal.SIGSEGV, False)
    tap.equal(got, want, f"{name}: no environment has it, and a crash leaves no core dump")


def crashes_of_commands(tap):
    """Whoever has the webhook in the environment of a shell hands it to every command."""
    reason = why_no_core_dumps()
    if reason:
        tap.skip("core dumps of commands", reason)
        return
    with Run() as run, tempfile.TemporaryDirectory(prefix="atvm-secret.") as place:
        run.happen()
        watched = run.watch_to_the_end()
        tap.equal(watched, 0, "a run to be looked at", run.said())
        config = ["--config", run.lapse.config]
        for argv in [
            ["status", run.build, "--follow"],
            ["list"],
            ["explain", run.build],
            ["replay", "--build", run.build, "--root", place],
            ["plugins"],
            ["queue", "show", run.build],
            ["check-config"],
            ["doctor", "--offline"],
        ]:
            crash_in(tap, " ".join(argv[:2]), argv + config, run.environment, place)
        for command in commands():
            argv = [command, "--help"]
            crash_in(tap, " ".join(argv), argv, run.environment, place)
        tap.equal(leaks_in(place), [], "nothing was left where they were started")


def main():
    with Tap() as tap, tempfile.TemporaryDirectory(prefix="atvm-secret.") as place:
        # First, for it makes this process the parent of orphans.
        tap.part(crashes)
        tap.part(crashes_of_commands)
        waiting = Waiting(place)
        cases = [watched_run(False), watched_run(True), foreign_sink]
        for name, answer, state in CLASSES:
            for with_credentials in [False, True]:
                cases.append(attempt(waiting, name, answer, state, with_credentials))
        tap.parts(cases)


if __name__ == "__main__":
    main()
