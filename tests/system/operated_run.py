"""A recorded run laid out by hand, whose sinks do as they are told, and the operator's commands on
it: for the tests of the commands."""
import contextlib
import glob
import http.server
import json
import os
import re
import signal
import subprocess
import tempfile
import threading

from harness import BUILD, DEADLINE, FIXTURES, WATCHER, Answer, wait_for
from timelapse import TimeLapse

SINK = os.path.join(BUILD, "tests", "sinks", ".libs", "test-sink.so")
PLAIN = "01-pass-all-sources-agree"
BATCHES = "16-categorized-no-fresh-specpattern"
COLLECTORS = ["runlog", "junit", "reporter-json", "reporter-txt", "mochawesome", "spec"]


class Chat:
    """A server on loopback that takes every post to a webhook. A context manager."""

    def __enter__(self):
        self.posts = posts = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/s3cr3ts3cr3t"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Run:
    """A recorded run, with sinks of the test module by name and behaviour. A context manager that
    ends what it started."""

    def __init__(self, scenario=PLAIN, sinks=None, runners=False, **settings):
        self.scenario, self.runners, self.settings = scenario, runners, settings
        self.behaviours = sinks or {"chat": "deliver"}
        self.extra_sinks = ""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-commands.")
        os.chmod(self.folder.name, 0o755)
        self.place = os.path.join(self.folder.name, "run")
        os.mkdir(self.place)
        self.build = f"commands.{os.getpid()}.{self.scenario[:2]}"
        self.lapse = TimeLapse(os.path.join(FIXTURES, self.scenario), self.place, 0, self.build)
        self.lapse.prepare()
        self.lapse.steps.clear()
        with open(self.lapse.config, encoding="utf-8") as file:
            self.base = re.sub(r"(?m)^(sinks|poll_interval) = .*\n", "", file.read())
        self.table = os.path.join(self.folder.name, "processes")
        os.makedirs(self.table)
        with open(os.path.join(self.table, "stat"), "w", encoding="ascii") as file:
            file.write("btime 1\n")
        self.configure()
        self.environment = self.lapse.environment()
        self.lines = []
        if os.path.exists(os.path.join(self.lapse.scenario, "run.log")):
            self.lines = self.lapse._content("run.log").decode().splitlines(keepends=True)
        self.watchers = []
        self.errors = os.path.join(self.folder.name, "errors")
        return self

    def __exit__(self, *_):
        for process in self.watchers:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
        self.lapse.close()
        self.folder.cleanup()

    # ---------------------------------------------------------------- configuration

    def configure(self, **settings):
        """Writes the configuration anew: what each sink does, and settings of the first level."""
        self.settings.update(settings)
        given = {"poll_interval": '"100ms"', "settle": '"50ms"', **self.settings}
        base = re.sub(rf"\b({'|'.join(given)}) = [^;]*;", "", self.base)
        text = base + "".join(f"{name} = {value};\n" for name, value in given.items())
        if "retry" not in given:
            text += 'retry = { first = "20ms"; max = "50ms"; give_up = "1h"; };\n'
        proc = "" if self.runners else f' root = "{self.table}";'
        modules = [f'{{ module = "proc";{proc} }}']
        modules += [f'{{ module = "{name}"; }}' for name in COLLECTORS]
        text += f"collectors = ( {', '.join(modules)} );\n"
        text += f"sinks = ( {', '.join(self.sink(*pair) for pair in self.behaviours.items())}"
        with open(self.lapse.config, "w", encoding="utf-8") as file:
            file.write(text + self.extra_sinks + " );\n")

    def sink(self, name, behaviour):
        gate = self.gate(name)
        if not os.path.exists(gate):
            os.mkfifo(gate)
        return (
            f'{{ module = "{SINK}"; name = "{name}"; behaviour = "{behaviour}"; '
            f'journal = "{self.journal(name)}"; gate = "{gate}"; }}'
        )

    def behave(self, **behaviours):
        self.behaviours.update(behaviours)
        self.configure()

    def gate(self, name="chat"):
        return os.path.join(self.folder.name, name + ".gate")

    def open_gate(self, name="chat"):
        """Lets a sink go that waits at its gate, once it does."""
        with open(self.gate(name), "wb"):
            pass

    def journal(self, name="chat"):
        return os.path.join(self.folder.name, name + ".journal")

    def arrived(self, name="chat"):
        """What the sink's other side got: "key attempt" each."""
        try:
            with open(self.journal(name), encoding="utf-8") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    # ---------------------------------------------------------------- what the run leaves

    def leave(self, *words):
        """Puts down the artifacts of the run in whose path one of the words stands."""
        for path, stamp in self.lapse.file_times.items():
            if "cmcReporter" in path and any(word in path for word in words):
                self.lapse._put(path, stamp)

    def log(self, *lines):
        for line in lines:
            self.lapse._log(line)

    def happen(self):
        """The whole run, at once."""
        self.leave("cmcReporter")
        self.log(*self.lines)

    def batch(self, number):
        """All lines of a batch of a categorized run."""
        ends = [i + 1 for i, line in enumerate(self.lines) if line.startswith("Detected")]
        begin = 0 if number == 1 else ends[number - 2]
        return self.lines[begin : ends[number - 1]]

    # ---------------------------------------------------------------- the watcher

    def watch(self, **environment):
        with open(self.errors, "ab") as errors:
            self.watcher = subprocess.Popen(
                self.lapse.command(WATCHER),
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
            )
        self.watchers.append(self.watcher)
        return self.watcher

    def watch_to_the_end(self, **environment):
        return self.watch(**environment).wait(timeout=DEADLINE)

    def end_watcher(self, number=signal.SIGKILL):
        self.watcher.send_signal(number)
        return self.watcher.wait(timeout=DEADLINE)

    def said(self):
        try:
            with open(self.errors, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    # ---------------------------------------------------------------- the operator

    def ask(self, command, *words, build=None, preexec=None, **environment):
        """Runs `atvm-watcher COMMAND BUILD …`; a command of two words may be given as one."""
        name = self.build if build is None else build
        argv = [WATCHER, *command.split(), *([name] if name else []), *words]
        return Answer(
            argv + ["--config", self.lapse.config],
            environment={**self.environment, "TZ": "UTC", **environment},
            preexec=preexec,
        )

    def begin(self, command, *words):
        """The same, without waiting for its end."""
        argv = [WATCHER, *command.split(), self.build, *words, "--config", self.lapse.config]
        process = subprocess.Popen(
            argv,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.watchers.append(process)
        return process

    # ---------------------------------------------------------------- what is kept

    def kept(self, *names):
        return os.path.join(self.lapse.state_root, self.build, *names)

    def read(self, *names):
        try:
            with open(self.kept(*names), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def state(self, *names):
        return self.read(*names, "state.json")

    def sub_run(self, group):
        return self.state("subruns", f"{self.build}-{group}")

    def record(self, sink="chat", scope=None, suffix=""):
        return self.read("outbox", sink, f"{scope or self.build}{suffix}.json")

    def change_record(self, sink="chat", **members):
        record = {**self.record(sink), **members}
        with open(self.kept("outbox", sink, self.build + ".json"), "w", encoding="utf-8") as file:
            json.dump(record, file)

    def wait_for_record(self, state, sink="chat", scope=None):
        return wait_for(
            lambda: self.record(sink, scope).get("state") == state,
            f"{scope or self.build}, {sink}: {state}",
        )

    # ---------------------------------------------------------------- requests

    def requests(self, ending=""):
        return sorted(glob.glob(self.kept("requests", "*" + ending)))

    def request(self, identity, command, ending=".json", **members):
        """Writes a request as a command does that is killed afterwards."""
        os.makedirs(self.kept("requests"), exist_ok=True)
        content = {"schema": "atvm.request/1", "command": command, "id": identity, "by": "ann"}
        content.update({"time": 1, "part": 0, "correction": 0, "all": False}, **members)
        path = self.kept("requests", identity + ending)
        with open(path + ".draft", "w", encoding="utf-8") as file:
            json.dump(content, file)
        os.rename(path + ".draft", path)

    def answer(self, identity):
        """The answer to it, once it is there."""
        path = self.kept("requests", identity + ".answer")
        wait_for(lambda: os.path.exists(path), f"the answer to {identity}")
        return self.read("requests", identity + ".answer")


# With this setting the run is COMPLETED though it is contradicted; with "worst" it is not.
CONTRADICTION = {"on_conflict": '"precedence"'}


def contradict(run):
    """The XML of one host says that it failed, which the configured precedence passes over."""
    (path,) = [p for p in run.lapse.file_times if p.endswith("test-result-atvm121-ubuntu24.04.xml")]
    text = run.lapse._content(path).decode().replace('failures="0">', 'failures="1">')
    text = text.replace("</testcase>", '<failure message="boom" type="Error">boom</failure></testcase>', 1)
    run.lapse._put(path, run.lapse.file_times[path], text.encode())


@contextlib.contextmanager
def ended_run(behaviour="uncertain"):
    """A run that was watched to its end, with what its sink makes of the post."""
    with Run(sinks={"chat": behaviour}) as run:
        run.happen()
        run.watch_to_the_end()
        yield run
