"""A message that waits in the outbox of a run that was watched to its end, and starts of the
watcher which deliver it."""
import contextlib
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile

from harness import DEADLINE, FIXTURES, WATCHER, wait_for
from mattermost_server import CANARY
from timelapse import TimeLapse

BUILD_NAME = "waiting"
WEBHOOK = "MATTERMOST_ATVM_WEBHOOK"


class HostileRun(TimeLapse):
    """Its log holds what a server would turn into links, mentions and nonsense."""

    TEXT = b"timed out after waiting"
    HOSTILE = b"<http://a.example|b> <!channel> <@U024BE7LH> @here @all ``` \x01\x1b[31m\x7f | $x$ "

    def _content(self, path):
        data = super()._content(path)
        return data.replace(self.TEXT, self.HOSTILE + self.TEXT) if path == "run.log" else data


class Waiting:
    """The state folder of a run that was watched to its end while the server was away."""

    def __init__(self, place):
        self.place = place
        scenario = os.path.join(FIXTURES, "15-late-host-rows")
        lapse = HostileRun(scenario, place, seconds=0.2, build=BUILD_NAME)
        lapse.prepare()
        lapse.play()
        self.lapse = lapse
        self.configure(lapse.config, lapse.state_root)
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            start = Start(lapse, f"http://127.0.0.1:{nobody.getsockname()[1]}/hooks/{CANARY}")
            start.wait_until(lambda: start.record() and start.record()["attempts"])
            start.end()
        self.attempts = start.record()["attempt_count"]

    @staticmethod
    def configure(config, state_root, options="", more=""):
        with open(config, "w", encoding="utf-8") as file:
            file.write(
                f'automation_root = "{os.path.dirname(state_root)}/root";\n'
                f'run_log = "{os.path.dirname(state_root)}/%b.log";\n'
                f'state_root = "{state_root}";\n'
                'poll_interval = "200ms";\nsettle = "10ms";\n'
                f'sinks = ( {{ module = "mattermost"; {options} }} );\n'
                'retry = { first = "1500ms"; max = "1500ms"; };\n' + more
            )


class Copy:
    """A private copy of it."""

    def __init__(self, waiting, place, options):
        self.build = BUILD_NAME
        self.state_root = os.path.join(place, "state")
        self.config = os.path.join(place, "atvm-watcher.conf")
        shutil.copytree(waiting.lapse.state_root, self.state_root)
        os.mkdir(os.path.join(place, "root"))
        # The run is over: nobody has to look at anything.
        no_collectors = 'collectors = ( { module = "runlog"; } );\n'
        Waiting.configure(self.config, self.state_root, options, no_collectors)
        self.since = waiting.lapse.since
        self.environment = waiting.lapse.environment

    def command(self, watcher):
        return [
            watcher,
            "run",
            self.build,
            "--quiet",
            "--config",
            self.config,
            "--since",
            str(self.since),
        ]


class Start:
    """One start of the watcher. The webhook is in its environment, or (`credentials`: a folder) in a
    file as systemd hands it over. `told`: what it told the service manager."""

    def __init__(self, run, webhook, credentials=None):
        self.run, self.told = run, b""
        self.errors = tempfile.TemporaryFile()
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(run.config + ".notify")
        self.notify.settimeout(DEADLINE)
        environment = {**run.environment(), "NOTIFY_SOCKET": run.config + ".notify"}
        if credentials:
            with open(os.path.join(credentials, WEBHOOK), "w", encoding="utf-8") as file:
                file.write(webhook + "\n")
            environment["CREDENTIALS_DIRECTORY"] = credentials
        else:
            environment[WEBHOOK] = webhook
        self.process = subprocess.Popen(
            run.command(WATCHER),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.errors,
            stderr=self.errors,
        )

    def folder(self, *names):
        return os.path.join(self.run.state_root, self.run.build, *names)

    def record(self):
        """The one record of the outbox; None where there is none yet."""
        found = glob.glob(self.folder("outbox", "mattermost", "*.json"))
        if len(found) != 1:
            return None
        with open(found[0], encoding="utf-8") as file:
            return json.load(file)

    def is_posted(self):
        return os.path.exists(self.folder("posted", "mattermost"))

    def reason_file(self):
        """What lies beside a quarantined message; {} where there is none."""
        found = glob.glob(self.folder("quarantine", "*", "reason.json"))
        if not found:
            return {}
        with open(found[0], encoding="utf-8") as file:
            return json.load(file)

    def wait_until(self, happened):
        wait_for(lambda: happened() or self.process.poll() is not None, "the watcher's attempt")

    def wait_ready(self):
        """Until it waits for something."""
        while b"READY=1" not in self.told:
            self.told += self.notify.recv(4096)

    def end(self):
        """Asks it to end; None, or the exit status of one that had ended by itself."""
        try:
            status = self.process.poll()
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=DEADLINE)
        finally:
            self.close()
        return status

    def finish(self):
        try:
            return self.process.wait(timeout=DEADLINE)
        finally:
            self.close()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.errors.seek(0)
        self.said = self.errors.read().decode(errors="replace")
        self.errors.close()
        self.notify.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.told += self.notify.recv(4096)
        self.notify.close()
        os.unlink(self.run.config + ".notify")
