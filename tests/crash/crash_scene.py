"""What the crash tests share: a run that has ended, laid out once; trials, each with a state folder
of its own, in which a watcher is to post it; and a tool that kills."""
import collections
import glob
import json
import os
import random
import select
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "system")]
from harness import BUILD, DEADLINE, FIXTURES, WATCHER  # noqa: E402
from timelapse import TimeLapse  # noqa: E402

KILLER = os.path.join(BUILD, "tests", "crash", "kill-at-syscall")
PLAIN, CATEGORIZED = "02-fail-all-sources-agree", "16-categorized-no-fresh-specpattern"
NAMES = {PLAIN: "plain", CATEGORIZED: "categorized"}
CLOSED, HELD, BUSY, STATE = 0, 5, 3, 4  # exit statuses of `run`
KILLED = 137

AT_ONCE = "10ms"  # what fails is tried again so soon
# Of the sink: the status of the plain run, 1746 characters, is cut into two parts.
SHORT_MESSAGES = "max_characters = 1000;"

# Where nothing but system calls counts, a file system in memory is as good as any, and fast.
FAST_FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

# A crashed machine, a busy one and a slow one look alike: how long a trial may take.
PATIENCE = 4 * DEADLINE


class Run:
    """A recorded run whose end was just now; only read by the watchers of all trials. `parts`: in
    how many messages the status of each scope leaves, 1 or 2."""

    def __init__(self, scenario, place, build=None, parts=1):
        self.place = tempfile.mkdtemp(dir=place)
        name = build or "crash-" + NAMES[scenario]
        self.lapse = TimeLapse(os.path.join(FIXTURES, scenario), self.place, 0, build=name)
        self.lapse.prepare()
        self.lapse.play()
        self.build = name
        with open(os.path.join(FIXTURES, scenario, "expected.json"), encoding="utf-8") as file:
            truth = json.load(file)
        subruns = [s["name"] for s in truth.get("subruns") or []]
        self.scopes = [s.replace(self.lapse.recorded_build, name) for s in subruns] or [name]
        self.messages = [(scope, 1 + part) for scope in self.scopes for part in range(parts)]
        self.patient_config = f"{self.lapse.config}.patient"
        self.sink_options = SHORT_MESSAGES if parts > 1 else ""
        self.configure()

    def configure(self, processes=None, retry_first=AT_ONCE, **more):
        """As quick as can be: nothing to settle, retried at once; processes: the folder of those
        that are looked at, by default an empty one."""
        if not processes:
            processes = os.path.join(self.place, "no-processes")
            os.makedirs(processes, exist_ok=True)
        settings = {
            "automation_root": self.lapse.root,
            "run_log": f"{self.place}/%b.log",
            "launch_log": f"{self.place}/%b.launch.log",
            "cypress_config": self.lapse.given["config"],
            "poll_interval": "50ms",
            "settle": "0s",
            **more,
        }
        lines = [f'{name} = "{value}";' for name, value in settings.items()]
        lines += [f'retry = {{ first = "{retry_first}"; max = "{retry_first}"; give_up = "1h"; }};']
        lines += [f'collectors = ( {{ module = "proc"; root = "{processes}"; }},']
        lines += ['  { module = "runlog"; }, { module = "junit"; } );']
        lines += [f'sinks = ( {{ module = "mattermost"; {self.sink_options} }} );', ""]
        config = self.lapse.config if retry_first == AT_ONCE else self.patient_config
        with open(config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))

    def command(self, patient=False):
        """patient: with the configuration that was written for another time of a first retry."""
        argv = self.lapse.command(WATCHER)
        return [self.patient_config if patient and a == self.lapse.config else a for a in argv]


class Trial:
    """One state folder, and the watchers that work on it one after the other."""

    def __init__(self, run, mattermost, state_root):
        self.run, self.mattermost, self.state_root = run, mattermost, state_root
        letters = "abcdefghijklmnopqrstuvwxyz0123456789"
        self.id = "".join(random.SystemRandom().choices(letters, k=26))
        self.folder = os.path.join(state_root, run.build)
        self.said = ""
        self.restarts = 0
        os.makedirs(state_root, exist_ok=True)

    def environment(self):
        environment = self.run.lapse.environment()
        environment["ATVM_WATCHER_STATE_ROOT"] = self.state_root
        environment["MATTERMOST_ATVM_WEBHOOK"] = self.mattermost.webhook(self.id)
        # LeakSanitizer traces its own process, which a traced one cannot.
        options = environment.get("ASAN_OPTIONS", "")
        environment["ASAN_OPTIONS"] = f"{options}:detect_leaks=0"
        return environment

    def start(self, before=(), patient=False):
        """Starts a watcher; its words go to `said` once it has ended."""
        log = tempfile.TemporaryFile()
        process = subprocess.Popen(
            [*before, *self.run.command(patient)],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        process.log = log
        return process

    def finish(self, process):
        status = wait_without_polling(process, PATIENCE)
        if status is None:
            process.kill()
            process.wait()
            status = "ended by the deadline"
        process.log.seek(0)
        self.said += process.log.read().decode(errors="replace") + f"[status {status}]\n"
        process.log.close()
        return status

    @staticmethod
    def says(process):
        """What a watcher has said up to now."""
        return os.pread(process.log.fileno(), 1 << 20, 0).decode(errors="replace")

    def watch(self, before=()):
        return self.finish(self.start(before))

    def status(self):
        """What `status` shows a person."""
        argv = [WATCHER, "status", self.run.build, "--config", self.run.lapse.config]
        answer = subprocess.run(
            argv, env=self.environment(), capture_output=True, text=True, timeout=PATIENCE
        )
        return answer.stdout + answer.stderr

    def records(self):
        """{(scope, part): state} of the outbox; {(file, 0): "damaged"} of what cannot be read."""
        states = {}
        for path in glob.glob(f"{self.folder}/outbox/*/*.json"):
            try:
                with open(path, encoding="utf-8") as file:
                    record = json.load(file)
                message = record["message"]["scope"], record["message"]["part"]
            except (ValueError, KeyError):
                states[os.path.basename(path), 0] = "damaged"
            else:
                states[message] = record["state"]
        return states

    def is_sending(self):
        return "sending" in self.records().values()

    def posts(self):
        """How often the server got each (scope, part)."""
        return collections.Counter(self.mattermost.posts(self.id, self.run.scopes))

    def folder_of(self, scope):
        return self.folder if scope == self.run.build else f"{self.folder}/subruns/{scope}"

    def has_marker(self, scope):
        return os.path.exists(f"{self.folder_of(scope)}/posted/mattermost")

    def is_closed(self, scope):
        for name in ["state.json", "closed.json"]:
            try:
                with open(f"{self.folder_of(scope)}/{name}", encoding="utf-8") as file:
                    closed = json.load(file).get("closed")
            except (FileNotFoundError, ValueError):
                closed = None
            if closed is None:
                return False
        return True

    def check(self, status):
        """What is wrong once a watcher has ended by itself; an empty list is as it must be. And
        the outcome in a word."""
        posts, records = self.posts(), self.records()
        held = [m for m in self.run.messages if records.get(m) == "uncertain"]
        behind = [(s, p) for s, p in self.run.messages if (s, p - 1) in held]
        wrong = [f"{m} is not of this run" for m in posts if m not in self.run.messages]
        wrong += [f"DUPLICATE: {m} was posted {n} times" for m, n in posts.items() if n > 1]
        for message in self.run.messages:
            if message in behind:
                expected = ("pending", 0)
            elif message in held:
                expected = ("uncertain", posts[message])
            else:
                expected = ("delivered", max(posts[message], 1))
            found = (records.get(message), posts[message])
            if found != expected:
                lost = "" if posts[message] >= expected[1] else "LOST: "
                wrong.append(f"{lost}{message}: got {found}, want {expected}")
        for scope in self.run.scopes:
            wrong += self.complaints_about(scope, any(scope == s for s, _ in held))
        if status != (HELD if held else CLOSED):
            wrong.append(f"the watcher ended with {status}, held: {held}")
        # Neither a crash nor a fault of the disk leaves half a file.
        damaged = glob.glob(f"{self.folder}/**/*.corrupt-*", recursive=True)
        wrong += [f"there is {path}" for path in damaged]
        if held:
            shown = self.status()
            hidden = [scope for scope, _ in held if not self.shows(scope, shown)]
            wrong += [f"status does not show {scope}: {shown}" for scope in hidden]
        return wrong, "held" if held else "posted"

    def complaints_about(self, scope, is_held):
        wrong = []
        if not self.is_closed(scope):
            wrong.append(f"{scope} is not closed")
        if self.has_marker(scope) == is_held:
            wrong.append(f"{scope} has {'a' if is_held else 'no'} posted marker")
        arrived = [part for s, part in self.mattermost.posts(self.id, [scope]) if s == scope]
        if arrived != sorted(arrived):
            wrong.append(f"the parts of {scope} came in the order {arrived}")
        return wrong

    def shows(self, scope, shown):
        lines = [line for line in shown.splitlines() if "HELD, uncertain" in line]
        return any(scope in line for line in lines) or (lines and scope == self.run.build)


def wait_without_polling(process, seconds):
    """The exit status; None where it has not ended in time. (Popen.wait with a timeout sleeps.)"""
    if process.poll() is not None:
        return process.returncode
    descriptor = os.pidfd_open(process.pid)
    try:
        ended, _, _ = select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)
    return process.wait() if ended else None


def keep_mounts_private():
    """Starts the program again in a mount namespace of its own. None once that is so, else why it
    cannot be. To be called first of all."""
    if os.environ.get("ATVM_PRIVATE_MOUNTS") == str(os.getpid()):
        return None
    unshare = ["unshare", "--mount", "--propagation", "private"]
    try:
        answer = subprocess.run([*unshare, "true"], capture_output=True, text=True)
    except FileNotFoundError:
        return "there is no unshare(1)"
    if answer.returncode != 0:
        return f"mounts may not be made here: {answer.stderr.strip()}"
    sys.stdout.flush()
    environment = {**os.environ, "ATVM_PRIVATE_MOUNTS": str(os.getpid())}
    os.execvpe(unshare[0], [*unshare, sys.executable, *sys.argv], environment)


class Kill:
    """A watcher under the tool that kills. place: where, a Place or None, to count only; since: a
    file of the state folder, from whose existence on calls count (None: all do)."""

    def __init__(self, trial, whose, what, place=None, since="evidence.jsonl", more=()):
        self.trial = trial
        # beside the state root, whose file system may be struck, too
        self.report = f"{trial.state_root}.report-{trial.restarts}"
        trial.restarts += 1
        self.argv = [KILLER, "-o", self.report, "-t", whose, "-k", what]
        self.argv += place.arguments(trial) if place else []
        self.argv += ["-f", os.path.join(trial.folder, since)] if since else []
        self.argv += [*more, "--"]
        self.name = f"{whose}, {what} killed, {place}"

    def watch(self):
        status = self.trial.watch(self.argv)
        with open(self.report, encoding="utf-8") as file:
            self.what, _, self.detail = file.read().strip().partition(" ")
        return status

    @property
    def fired(self):
        return self.what == "struck"

    @property
    def call(self):
        """The name of the system call that was struck."""
        return self.detail.split()[1] if self.fired else ""


def may_trace(tap):
    """Whether processes may be traced here at all."""
    with tempfile.TemporaryDirectory() as place:
        argv = [KILLER, "-o", os.path.join(place, "report"), "--", "/bin/true"]
        answer = subprocess.run(argv, capture_output=True, text=True)
    if answer.returncode == 125 and "not permitted" in answer.stderr:
        tap.skip("crashes at each system call", f"ptrace: {answer.stderr.strip()}")
        return False
    return tap.equal(answer.returncode, 0, "the tool that kills runs a program", answer.stderr)
