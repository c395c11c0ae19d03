"""What the tests of `doctor` share: an installation to break, a server that counts what it is sent,
and what was found."""
import json
import os
import socket
import subprocess
import tempfile
import threading

from harness import DEADLINE, WATCHER, Answer

CANARY = "c4n4ryc4n4ryc4n4ryc4n4ry26"
STATUS = {"ok": 0, "warn": 1, "bad": 3}
IS_ROOT = os.geteuid() == 0


class Server:
    """Takes connections on loopback, by TLS where `tls` is a context, and keeps what it is sent.
    `answer`: gets the connection and what was sent first, and may reply. A context manager."""

    def __init__(self, tls=None, answer=None):
        self.tls, self.answer = tls, answer
        self.connections, self.received = 0, b""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()

    @property
    def url(self):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/hooks/{CANARY}"

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(DEADLINE)
            try:
                with self.tls.wrap_socket(connection, server_side=True) if self.tls else connection as peer:
                    self.talk(peer)
            except OSError:
                pass

    def talk(self, peer):
        while data := peer.recv(65536):
            self.received += data
            if self.answer:
                self.answer(peer, data)
                return


class Installation:
    """Folders and configuration of a watcher of its own, and commands (`bin`) that cures call. A
    context manager."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-doctor.")
        self.place = self.folder.name
        os.chmod(self.place, 0o755)
        for name in ["root", "state", "bin"]:
            os.mkdir(self.path(name), 0o755)
        self.config, self.secrets = self.path("atvm-watcher.conf"), self.path("run.env")
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ATVM_WATCHER_", "MATTERMOST_", "NO_COLOR"))
            or name.endswith("MODULE_PATH")
        }
        self.environment["PATH"] = self.path("bin") + ":" + os.environ["PATH"]
        self.environment["CREDENTIALS_DIRECTORY"] = self.path("no-credentials")
        self.write("bin/atvm-watcher", f'#!/bin/sh\nexec {WATCHER} "$@" --config {self.config}\n', 0o755)
        self.write("bin/sudo", '#!/bin/sh\nexec "$@"\n', 0o755)
        self.configure()
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def path(self, *names):
        return os.path.join(self.place, *names)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def configure(self, text="", sinks='{ module = "stdout"; }'):
        self.write(
            "atvm-watcher.conf",
            f'automation_root = "{self.path("root")}";\nstate_root = "{self.path("state")}";\n'
            f'run_log = "{self.place}/%b.log";\nsinks = ( {sinks} );\n{text}',
        )

    def edit_with(self, script):
        """Makes the shell script, whose $1 is the file, the operator's editor: of the arguments it
        gets "+LINE" is where it would begin."""
        self.write("bin/editor", f'#!/bin/sh\ncase $1 in +*) shift;; esac\n{script}\n', 0o755)
        self.environment["EDITOR"] = self.path("bin/editor")

    def argv(self, *words, program=WATCHER):
        return [program, "doctor", *words, "--config", self.config, "--environment-file", self.secrets]

    def doctor(self, *words, environment=None, preexec=None, wrap=(), program=WATCHER):
        answer = Answer(
            [*wrap, *self.argv(*words, "--json", program=program)],
            environment={**self.environment, **(environment or {})},
            preexec=preexec,
        )
        return Findings(answer)

    def cure(self, row, **environment):
        """Runs the row's command as an operator would."""
        return subprocess.run(
            ["sh", "-c", row["cure"]],
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DEADLINE,
            check=False,
        )


class Findings:
    """The answer of one `doctor --json`."""

    def __init__(self, answer):
        self.answer, self.report = answer, answer.report()
        if not self.report:
            raise AssertionError(f"no report: {answer}")
        self.rows = self.report["rows"]

    def of(self, row_id, words=""):
        """Rows of that id whose subject or finding has the words; the worst first."""
        found = [
            row
            for row in self.rows
            if row["id"] == row_id and words in f"{row['subject'] or ''}: {row['found']}"
        ]
        return sorted(found, key=lambda row: -STATUS[row["level"]])

    def level(self, row_id, words=""):
        """That of the worst of them; None where there is no such row."""
        found = self.of(row_id, words)
        return found[0]["level"] if found else None

    def __str__(self):
        return json.dumps([row for row in self.rows if row["level"] != "ok"], indent=1)


def broken(tap, installation, name, row_id, level, subject="", words="", **how):
    """Asserts the row of a broken set-up and returns it."""
    findings = installation.doctor(**how)
    rows = findings.of(row_id, subject)
    row = rows[0] if rows else {"level": None, "found": "", "cure": None}
    tap.equal(row["level"], level, f"{name}: {row_id} is {level}", findings)
    tap.ok(words in row["found"] and row["cure"], f"{name}: says what is wrong and what mends it", row)
    status = max(STATUS[one["level"]] for one in findings.rows)
    tap.equal(findings.answer.status, status, f"{name}: the exit status is that of the worst row")
    return row


def mended(tap, installation, name, row, row_id, subject="", cure_environment=None, **how):
    """Runs the cure and asserts that the row is ok."""
    run = installation.cure(row, **(cure_environment or {}))
    findings = installation.doctor(**how)
    tap.equal(findings.level(row_id, subject), "ok", f"{name}: `{row['cure']}` mends it", f"{run}\n{findings}")


def in_namespace(script, *argv):
    """argv, run by a shell after `script` in a mount namespace of its own."""
    return ["unshare", "-m", "--propagation", "private", "sh", "-ec", script + '\nexec "$@"', "sh", *argv]
