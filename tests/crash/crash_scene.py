"""What the crash tests share: a run that has ended, laid out once; trials, each with a state folder
of its own, in which a watcher is to post it; a tool that kills; and tables of outcomes."""
import collections
import concurrent.futures
import glob
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "system")]
from harness import BUILD, DEADLINE, FIXTURES, WATCHER  # noqa: E402
from timelapse import TimeLapse  # noqa: E402

KILLER = os.path.join(BUILD, "tests", "crash", "kill-at-syscall")
PLAIN, CATEGORIZED = "02-fail-all-sources-agree", "16-categorized-no-fresh-specpattern"
NAMES = {PLAIN: "plain", CATEGORIZED: "categorized"}
CLOSED, HELD, BUSY, STATE = 0, 5, 3, 4  # exit statuses of `run`
KILLED = 137

# Where nothing but system calls counts, a file system in memory is as good as any, and fast.
FAST_FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

MISSED = "ran to its end"  # the outcome where nothing was struck
# A run does not make the same calls each time: so many more are tried than one made.
SLACK = 25
LEAST = 1  # trials of a sweep, however slow the machine is

# A crashed machine, a busy one and a slow one look alike: how long a trial may take.
PATIENCE = 4 * DEADLINE


class Run:
    """A recorded run whose end was just now; only read by the watchers of all trials."""

    def __init__(self, scenario, place, build=None):
        self.place = os.path.join(place, scenario[:2])
        os.mkdir(self.place)
        name = build or "crash-" + NAMES[scenario]
        self.lapse = TimeLapse(os.path.join(FIXTURES, scenario), self.place, 0, build=name)
        self.lapse.prepare()
        self.lapse.play()
        self.build = name
        with open(os.path.join(FIXTURES, scenario, "expected.json"), encoding="utf-8") as file:
            truth = json.load(file)
        subruns = [s["name"] for s in truth.get("subruns") or []]
        self.scopes = [s.replace(self.lapse.recorded_build, name) for s in subruns] or [name]
        self.configure()

    def configure(self, processes=None, **more):
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
        lines += ['retry = { first = "10ms"; max = "20ms"; give_up = "1h"; };']
        lines += [f'collectors = ( {{ module = "proc"; root = "{processes}"; }},']
        lines += ['  { module = "runlog"; }, { module = "junit"; } );']
        lines += ['sinks = ( { module = "mattermost"; } );', ""]
        with open(self.lapse.config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))

    def command(self):
        return self.lapse.command(WATCHER)


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

    def start(self, before=()):
        """Starts a watcher; its words go to `said` once it has ended."""
        log = tempfile.TemporaryFile()
        process = subprocess.Popen(
            [*before, *self.run.command()],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        process.log = log
        return process

    def finish(self, process):
        try:
            status = process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
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
        """{scope: state} of the outbox."""
        states = {}
        for path in glob.glob(f"{self.folder}/outbox/*/*.json"):
            with open(path, encoding="utf-8") as file:
                record = json.load(file)
            states[record["message"]["scope"]] = record["state"]
        return states

    def is_closed(self, scope):
        sub = [] if scope == self.run.build else ["subruns", scope]
        for name in ["state.json", "closed.json"]:
            try:
                with open(os.path.join(self.folder, *sub, name), encoding="utf-8") as file:
                    closed = json.load(file).get("closed")
            except FileNotFoundError:
                closed = None
            if closed is None:
                return False
        return True

    def check(self, status):
        """What is wrong once a watcher has ended by itself; an empty list is as it must be. And
        the outcome in a word."""
        wrong = []
        posts, records = self.mattermost.posts(self.id, self.run.scopes), self.records()
        held = [s for s in self.run.scopes if records.get(s) == "uncertain"]
        for scope, count in posts.items():
            if count > 1 or scope == "?":
                wrong.append(f"DUPLICATE: {scope} was posted {count} times")
            if count == 0 and scope not in held:
                wrong.append(f"LOST: {scope} was not posted, and is {records.get(scope)}")
            if scope not in held and records.get(scope) != "delivered":
                wrong.append(f"the record of {scope} says {records.get(scope)}")
            if scope in self.run.scopes and not self.is_closed(scope):
                wrong.append(f"{scope} is not closed")
        if status != (HELD if held else CLOSED):
            wrong.append(f"the watcher ended with {status}, held: {held}")
        # Neither a crash nor a fault of the disk leaves half a file.
        damaged = glob.glob(f"{self.folder}/**/*.corrupt-*", recursive=True)
        wrong += [f"there is {path}" for path in damaged]
        if held:
            shown = self.status()
            hidden = [scope for scope in held if not self.shows(scope, shown)]
            wrong += [f"status does not show {scope}: {shown}" for scope in hidden]
        return wrong, "held" if held else "posted"

    def shows(self, scope, shown):
        lines = [line for line in shown.splitlines() if "HELD, uncertain" in line]
        return any(scope in line for line in lines) or (lines and scope == self.run.build)


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


def evidence_of(trial):
    return os.path.join(trial.folder, "evidence.jsonl")


def in_parallel(work, items, seconds=None, least=0):
    """Yields work(item) as they come, from as many threads as there are processors; begins no more
    than `least` items after `seconds`."""
    end = time.monotonic() + seconds if seconds else None
    processors = os.cpu_count() or 1
    items, running, begun = iter(items), set(), 0
    with concurrent.futures.ThreadPoolExecutor(processors) as pool:
        while True:
            late = end and time.monotonic() > end
            wanted = max(0, least - begun) if late else processors
            for item in itertools.islice(items, min(wanted, processors - len(running))):
                running.add(pool.submit(work, item))
                begun += 1
            if not running:
                return
            done, running = concurrent.futures.wait(
                running, return_when=concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                yield future.result()


class Kill:
    """A watcher under the tool that kills."""

    def __init__(self, trial, whose, what, at, from_file=True, more=()):
        self.trial = trial
        # beside the state root, whose file system may be struck, too
        self.report = f"{trial.state_root}.report-{trial.restarts}"
        trial.restarts += 1
        self.argv = [KILLER, "-o", self.report, "-t", whose, "-k", what, "-n", str(at)]
        self.argv += ["-f", evidence_of(trial)] if from_file else []
        self.argv += [*more, "--"]

    def watch(self):
        status = self.trial.watch(self.argv)
        with open(self.report, encoding="utf-8") as file:
            self.what, _, self.detail = file.read().strip().partition(" ")
        return status

    @property
    def fired(self):
        return self.what == "struck"


def may_trace(tap):
    """Whether processes may be traced here at all."""
    with tempfile.TemporaryDirectory() as place:
        argv = [KILLER, "-o", os.path.join(place, "report"), "--", "/bin/true"]
        answer = subprocess.run(argv, capture_output=True, text=True)
    if answer.returncode == 125 and "not permitted" in answer.stderr:
        tap.skip("crashes at each system call", f"ptrace: {answer.stderr.strip()}")
        return False
    return tap.equal(answer.returncode, 0, "the tool that kills runs a program", answer.stderr)


class Sweep:
    """One row of the table: trials of one kind, one for each of `items`, and their outcomes.
    work(item) gives the outcome in a word, the system call, and what was wrong."""

    def __init__(self, name, work, items):
        self.name, self.work, self.items = name, work, list(items)
        self.outcomes = collections.Counter()
        self.calls = collections.Counter()
        self.wrong = []

    def try_one(self, item):
        try:
            outcome, call, wrong = self.work(item)
        except Exception:  # whatever broke: it belongs to this trial
            outcome, call, wrong = "broke", "?", [traceback.format_exc()]
        return self, outcome, call, wrong

    def add(self, outcome, call, wrong):
        self.outcomes[outcome] += 1
        self.calls[call] += outcome != MISSED
        self.wrong += wrong

    def tell(self, tap):
        outcomes = ", ".join(f"{count} {word}" for word, count in sorted(self.outcomes.items()))
        struck = sum(count for word, count in self.outcomes.items() if word != MISSED)
        kinds = ", ".join(f"{call} {count}" for call, count in self.calls.most_common(6))
        print(f"# {self.name}: {struck} positions: {outcomes}; most often at {kinds}")
        name = f"{self.name}: 0 duplicates, 0 lost"
        tap.ok(not self.wrong, name, "\n".join(self.wrong))
        return struck


class Progress:
    """How far a sweep of all positions is, told on standard error: rewritten in place on a
    terminal, else a line now and then."""

    def __init__(self, total):
        self.total, self.done, self.wrong = total, 0, 0
        self.began = self.told = time.monotonic()
        self.on_terminal = sys.stderr.isatty()

    def add(self, wrong):
        self.done += 1
        self.wrong += bool(wrong)
        if time.monotonic() - self.told >= (1 if self.on_terminal else 60):
            self.tell()

    def tell(self):
        self.told = time.monotonic()
        left = (self.told - self.began) / self.done * (self.total - self.done) / 60
        line = f"{self.done} of {self.total} positions, {self.wrong} wrong, about {left:.0f} min left"
        print(f"\r{line} " if self.on_terminal else line, file=sys.stderr,
              end="" if self.on_terminal else "\n", flush=True)

    def finish(self):
        if self.on_terminal:
            print("\r\033[K", file=sys.stderr, end="", flush=True)


def sweep_all(tap, sweeps, seconds=None):
    """All trials of all sweeps; within `seconds` some of each, at least LEAST. The items of a sweep
    are in an order of which any beginning is a sample."""
    progress = None if seconds else Progress(sum(len(sweep.items) for sweep in sweeps))
    lanes = [zip(itertools.repeat(sweep), sweep.items) for sweep in sweeps]
    turns = itertools.zip_longest(*lanes)
    trials = (trial for turn in turns for trial in turn if trial)
    for sweep, *result in in_parallel(
        lambda trial: trial[0].try_one(trial[1]), trials, seconds, LEAST * len(sweeps)
    ):
        sweep.add(*result)
        if progress:
            progress.add(result[2])
    if progress:
        progress.finish()
    total = sum([sweep.tell(tap) for sweep in sweeps])
    # Of a short sample a trial or two may have come to its end before its position did.
    tap.ok(total >= len(sweeps) / 2, f"{total} positions in all")
