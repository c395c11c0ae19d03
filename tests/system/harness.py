"""What the system tests share: TAP, waiting for events, replaying recorded runs, processes."""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
# make check says where; by hand it is this tree and its build/.
TOP = os.environ.get("top_srcdir") or os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("top_builddir") or os.path.join(TOP, "build")
WATCHER = os.path.join(BUILD, "atvm-watcher")
FIXTURES = os.path.join(TOP, "tests", "fixtures")

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(TOP, "tests", "accept"), os.path.join(TOP, "demo")]
import accept  # noqa: E402

# How long anything that must happen may take before it counts as not happening, in seconds.
DEADLINE = 120.0


def is_sanitized():
    """Whether the program was built with AddressSanitizer (slower, and far more memory)."""
    with open(WATCHER, "rb") as file:
        return b"__asan_init" in file.read()


class Tap:
    """Counts and prints test results. Use as a context manager: it prints the plan, and a test
    program that breaks off is a failure with its traceback."""

    def __init__(self):
        self.count = self.failures = 0

    def __enter__(self):
        if not os.access(WATCHER, os.X_OK):
            print(f"Bail out! there is no program to test: {WATCHER} (build it with make)")
            sys.exit(1)
        return self

    def __exit__(self, kind, error, trace):
        if kind and not issubclass(kind, KeyboardInterrupt):
            self.ok(False, "the test program ran to its end", traceback.format_exc())
        print(f"1..{self.count}", flush=True)
        if self.failures:
            sys.exit(1)
        return False

    def ok(self, condition, name, details=""):
        self.count += 1
        print(f"{'ok' if condition else 'not ok'} {self.count} - {name}", flush=True)
        if not condition:
            self.failures += 1
            for line in str(details).splitlines()[-30:]:
                print(f"#   {line[:400]}", flush=True)
        return bool(condition)

    def part(self, function, *arguments):
        """Runs function(tap, ...): an exception in it is one failed test, and the next part runs."""
        try:
            function(self, *arguments)
        except Exception:  # whatever broke: it belongs to this part
            name = " ".join([function.__name__, *map(str, arguments)])
            self.ok(False, f"{name}: ran to its end", traceback.format_exc())

    def parts(self, functions):
        """The same for several at once, for those that mostly wait; told in their order."""
        parts = [Part() for _ in functions]
        with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
            running = [pool.submit(part.part, each) for part, each in zip(parts, functions)]
            for part, one in zip(parts, running):
                one.result()
                for result in part.results:
                    self.ok(*result)

    def equal(self, got, want, name, details=""):
        return self.ok(got == want, name, f"{details}\ngot {got!r}\nwant {want!r}")

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}", flush=True)


class Part(Tap):
    """Keeps its results for the Tap that runs it."""

    def __init__(self):
        super().__init__()
        self.results = []

    def ok(self, condition, name, details=""):
        self.results.append((condition, name, details))
        return bool(condition)


def wait_for(happened, what, seconds=DEADLINE):
    """Polls until happened() is true and returns what it returned; an AssertionError after the
    deadline, saying `what` did not come."""
    end = time.monotonic() + seconds
    while True:
        answer = happened()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)


def commands_in(text):
    """The commands that a text offers, each in backticks."""
    return re.findall(r"`([^`]+)`", text)


def paste(command, environment=None):
    """Runs a command that was offered as an operator would who is somewhere else: in a shell, with
    nothing of what the program was told by its environment."""
    given = environment or os.environ
    kept = {n: v for n, v in given.items() if not n.startswith("ATVM_WATCHER_") or n.endswith("_PATH")}
    return Answer(["sh", "-c", f"cd / && {command}"], environment=kept)


def files_below(folder):
    return [os.path.join(path, name) for path, _, names in os.walk(folder) for name in names]


def read(path):
    """The text of a file, whatever is in it."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


class Answer:
    """What a finished program left: status, standard output and error, peak memory, seconds."""

    def __init__(self, argv, environment=None, seconds=DEADLINE, preexec=None):
        began = time.monotonic()
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=environment,
                preexec_fn=preexec,
            )
            self.timed_out = False
            while True:
                pid, status, usage = os.wait4(child.pid, os.WNOHANG)
                if pid:
                    break
                if time.monotonic() - began > seconds:
                    self.timed_out = True
                    child.kill()
                    pid, status, usage = os.wait4(child.pid, 0)
                    break
                time.sleep(0.005)
            child.returncode = self.status = os.waitstatus_to_exitcode(status)
            output.seek(0)
            errors.seek(0)
            self.output = output.read()
            self.errors = errors.read().decode(errors="replace")
        self.seconds = time.monotonic() - began
        # Of the program and of the children it waited for.
        self.peak_bytes = usage.ru_maxrss * 1024

    def report(self):
        """The JSON report; None where there is none."""
        try:
            return json.loads(self.output)
        except ValueError:
            return None

    def __str__(self):
        return (
            f"status {self.status} after {self.seconds:.1f} s"
            f"{', ended by the deadline' if self.timed_out else ''}\n"
            f"{self.output[-600:].decode(errors='replace')}\n{self.errors[-1500:]}"
        )


class Recording:
    """A private copy of a recorded run, to be damaged and replayed. A context manager. `parent`:
    the folder it is made in (default: the usual one for temporary files)."""

    def __init__(self, scenario, parent=None):
        self.parent = parent
        self.source = os.path.join(FIXTURES, scenario)
        with open(os.path.join(self.source, "input.json"), encoding="utf-8") as file:
            self.given = json.load(file)

    def __enter__(self):
        self.place = tempfile.TemporaryDirectory(prefix="atvm-recording.", dir=self.parent)
        # Short of the folder itself: a test may hand it to another user.
        os.chmod(self.place.name, 0o755)
        self.folder = os.path.join(self.place.name, "scenario")
        shutil.copytree(
            self.source,
            self.folder,
            ignore=shutil.ignore_patterns("expected.json", "README.md"),
        )
        accept.set_times(self.folder)
        self.argv = accept.command(WATCHER, self.folder, self.given)
        return self

    def __exit__(self, *_):
        self.place.cleanup()

    def path(self, name):
        return os.path.join(self.folder, name)

    def artifacts(self):
        """The evidence files of the run, relative: the run log and what lies in cmcReporter."""
        found = ["run.log"] if os.path.exists(self.path("run.log")) else []
        for folder, _, names in os.walk(self.path("root/cypress/cmcReporter")):
            found += [os.path.relpath(os.path.join(folder, n), self.folder) for n in names]
        return sorted(found)

    def write(self, name, data):
        """Replaces or adds a file; a replaced one keeps its time, a new one gets the run's end."""
        path = self.path(name)
        try:
            when = os.stat(path).st_mtime
        except FileNotFoundError:
            when = self.given["now"] - 30
        with open(path, "wb") as file:
            file.write(data)
        os.utime(path, (when, when))

    def replay(self, **options):
        return Answer(self.argv, **options)


def verdict_of(report):
    """(state, {host: status}) of a JSON report."""
    hosts = {h["name"]: h["status"] for s in report["scopes"] for h in s["hosts"]}
    return report["state"], hosts


NOBODY = 65534


def become_nobody():
    """For preexec_fn, in tests that root runs."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def nobody_can_run_it():
    """Whether another user reaches the program: the build tree may lie in a folder that is closed to
    others, such as root's own."""
    try:
        return Answer([WATCHER, "--version"], preexec=become_nobody).status == 0
    except (OSError, subprocess.SubprocessError):
        return False


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode(errors="replace").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def collect_worker(watcher_pid):
    """The process id of the watcher's collect worker; None while there is none."""
    for pid in children(watcher_pid):
        if command_line(pid)[-2:] == ["worker", "collect"]:
            return pid
    return None
