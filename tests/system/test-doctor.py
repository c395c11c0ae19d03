#!/usr/bin/env python3
"""`doctor` on set-ups that are really broken: each shows its row, and once the row's own command has
been run the row is ok. It looks, and changes nothing; it posts nothing and shows no secret."""
import json
import os
import pty
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading

from harness import BUILD, DEADLINE, FIXTURES, HERE, WATCHER, Answer, Tap, wait_for
from timelapse import TimeLapse

CANARY = "c4n4ryc4n4ryc4n4ryc4n4ry26"
NOBODY = 65534
STATUS = {"ok": 0, "warn": 1, "bad": 3}
IS_ROOT = os.geteuid() == 0


# -------------------------------------------------------------------- what is set up


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


def become_nobody():
    if IS_ROOT:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def in_namespace(script, *argv):
    """argv, run by a shell after `script` in a mount namespace of its own."""
    return ["unshare", "-m", "--propagation", "private", "sh", "-ec", script + '\nexec "$@"', "sh", *argv]


# -------------------------------------------------------------------- an installation without faults


def sound(tap):
    with Installation() as installation:
        findings = installation.doctor()
        report = findings.report
        tap.equal(report["schema"], "atvm.doctor/1", "sound: JSON of that schema")
        tap.equal(report["build"], None, "sound: all builds are looked at")
        for row in findings.rows:
            tap.ok(
                list(row) == ["id", "subject", "level", "looked", "found", "cure"]
                and re.fullmatch(r"[a-z]+\.[a-z_]+", row["id"])
                and (row["level"] == "ok") == (row["cure"] is None)
                and (row["looked"] or row["level"] == "warn"),
                f"sound: {row['id']} {row['subject'] or ''}: a whole row",
                row,
            )
        for row_id in ["config.file", "config.variables", "modules.load", "permissions.path"]:
            tap.equal(findings.level(row_id), "ok", f"sound: {row_id}", findings)
        for row_id in ["sinks.ready", "sinks.reach", "machine.space", "builds.known"]:
            tap.equal(findings.level(row_id), "ok", f"sound: {row_id}", findings)
        answer = Answer(installation.argv(), environment=installation.environment)
        text = answer.output.decode()
        tap.equal(answer.status, findings.answer.status, "sound: text and JSON have the same status")
        tap.ok(all(row["id"] in text for row in findings.rows), "sound: the text has every row", text)
        tap.ok("\033" not in text, "sound: no colours in a file", text)


def on_a_terminal(environment, installation):
    """What `doctor -q` writes to a terminal."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        installation.argv("-q"),
        env={**installation.environment, "TERM": "xterm", **environment},
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    text = b""
    try:
        while data := os.read(master, 65536):
            text += data
    except OSError:  # that is how a terminal ends
        pass
    os.close(master)
    child.wait(timeout=DEADLINE)
    return text.decode()


def colours(tap):
    with Installation() as installation:
        installation.configure('state_rot = "/x";\n')
        tap.ok("\033[1;31mbad\033[0m" in on_a_terminal({}, installation), "a terminal: in colours")
        text = on_a_terminal({"NO_COLOR": "1"}, installation)
        tap.ok("\033" not in text and "  bad " in text, "a terminal with NO_COLOR: without", text)
        tap.ok("  ok  " not in text, "-q leaves out what is ok", text)


def wrong_use(tap):
    for words in [["--jsno"], ["a", "b"], ["../x"], ["--config"]]:
        answer = Answer([WATCHER, "doctor", *words])
        tap.equal(answer.status, 2, f"doctor {' '.join(words)}: wrong use", answer)


# -------------------------------------------------------------------- configuration and modules


def configuration(tap):
    with Installation() as installation:
        installation.configure('hang_after = "2h";\npoll_intervall = "5s";\n')
        row = broken(tap, installation, "misspelt setting", "config.file", "bad", words=":6: ")
        findings = installation.doctor()
        ids = {row["id"] for row in findings.rows}
        tap.ok(
            not ids & {"modules.load", "sinks.ready", "builds.known", "posts.uncertain"},
            "misspelt setting: nothing is said of what it names",
            ids,
        )
        installation.edit_with('sed -i "s/poll_intervall/poll_interval/" "$1"')
        mended(tap, installation, "misspelt setting", row, "config.file")

        extra = {"ATVM_WATCHER_STATE_ROT": "/x"}
        row = broken(
            tap, installation, "variable", "config.variables", "warn", words="STATE_ROT", environment=extra
        )
        installation.write("again", f"{row['cure']}\nexec {' '.join(installation.argv('--json'))}\n")
        answer = Answer(
            ["sh", installation.path("again")], environment={**installation.environment, **extra}
        )
        level = Findings(answer).level("config.variables")
        tap.equal(level, "ok", f"variable: `{row['cure']}` mends it", answer)

        installation.write("run.env", 'ATVM_WATCHER_STATE_ROT="/x"\n', 0o600)
        row = broken(tap, installation, "variable in the file", "config.variables", "warn")
        installation.edit_with('sed -i "s/STATE_ROT/STATE_ROOT/" "$1"')
        mended(tap, installation, "variable in the file", row, "config.variables")
        tap.equal(
            installation.doctor().level("permissions.path", "/x"),
            "ok",
            "a setting of that file counts",
        )


def modules(tap):
    with Installation() as installation:
        good = 'collectors = ( { module = "junit"; } );\n'
        installation.configure(good.replace("junit", "junitt"))
        row = broken(tap, installation, "no such module", "modules.load", "bad", words="junit")
        installation.edit_with('sed -i s/junitt/junit/ "$1"')
        mended(tap, installation, "no such module", row, "modules.load", "junit")
        installation.configure(good.replace("; }", "; critical = false; colour = 1; }"))
        row = broken(tap, installation, "no such option", "modules.load", "warn", words="colour")
        installation.edit_with('sed -i "s/colour = 1;//" "$1"')
        mended(tap, installation, "no such option", row, "modules.load", "junit")


# -------------------------------------------------------------------- permissions


def permissions(tap):
    with Installation() as installation:
        installation.write("run.env", "A=b\n", 0o600)
        for name, mode, level in [
            ("atvm-watcher.conf", 0o666, "bad"),
            ("run.env", 0o644, "bad"),
            ("state", 0o777, "bad"),
            ("root", 0o777, "warn"),
        ]:
            path = installation.path(name)
            os.chmod(path, mode)
            row = broken(tap, installation, f"{name} {mode:o}", "permissions.path", level, path)
            mended(tap, installation, f"{name} {mode:o}", row, "permissions.path", path)
        if IS_ROOT:
            module = installation.path("junit.so")
            shutil.copy(os.path.join(BUILD, "plugins", ".libs", "junit.so"), module)
            os.chmod(module, 0o775)
            installation.configure(f'collectors = ( {{ module = "{module}"; }} );\n')
            broken(tap, installation, "module 775", "modules.load", "bad", words="write permission")
            row = broken(tap, installation, "module 775", "permissions.path", "bad", module)
            mended(tap, installation, "module 775", row, "permissions.path", module)
            tap.equal(installation.doctor().level("modules.load"), "ok", "module 775: then it loads")
        os.rmdir(installation.path("root"))
        row = broken(tap, installation, "no root", "permissions.path", "bad", words="automation root")
        installation.edit_with(f'sed -i "s,^automation_root.*,automation_root = \\"{BUILD}\\";," "$1"')
        mended(tap, installation, "no root", row, "permissions.path", "automation root")


def unprivileged(tap):
    """Another user learns what he could not look at; never that it is ok."""
    if not IS_ROOT:
        tap.skip("another user", "only root can become another user")
        return
    with Installation() as installation:
        installation.configure(sinks='{ module = "mattermost"; }')
        installation.write("run.env", f"MATTERMOST_ATVM_WEBHOOK=https://127.0.0.1:1/hooks/{CANARY}\n", 0o600)
        os.mkdir(installation.path("state", "e2e"), 0o750)
        installation.write("state/e2e/state.json", "{}\n", 0o640)
        try:
            findings = installation.doctor(preexec=become_nobody)
        except (PermissionError, subprocess.SubprocessError):
            tap.skip("another user", "another user cannot reach the build tree")
            return
        for row_id, subject in [
            ("config.environment", installation.secrets),
            ("permissions.path", installation.secrets),
            ("sinks.ready", "mattermost"),
            ("builds.state", "e2e"),
        ]:
            rows = findings.of(row_id, subject)
            tap.ok(
                len(rows) == 1 and rows[0]["level"] == "warn" and not rows[0]["looked"],
                f"another user: {row_id}: could not look",
                f"{rows}\n{findings.answer}",
            )
            tap.ok("sudo" in rows[0]["cure"], f"another user: {row_id}: as root it can be looked at")
        tap.equal(findings.level("config.file"), "ok", "another user: learns the rest", findings)
        os.chmod(installation.path("state"), 0o700)
        findings = installation.doctor(preexec=become_nobody)
        rows = findings.of("builds.known")
        tap.ok(rows and not rows[0]["looked"], "another user: a closed state root is no empty one", rows)


# -------------------------------------------------------------------- sinks


def certificate(place):
    paths = [os.path.join(place, name) for name in ["server.pem", "server.key"]]
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    command = [*command.split(), "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*command, "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*paths)
    return paths[0], context


def no_secret(tap, installation, findings, name):
    shown = findings.answer.output.decode() + findings.answer.errors
    text = Answer(installation.argv(), environment=installation.environment)
    tap.ok(
        CANARY not in shown + text.output.decode() + text.errors, f"{name}: the secret is not shown", shown
    )


def webhook(tap):
    with Installation() as installation, Server() as server:
        installation.configure(sinks='{ module = "mattermost"; }')
        row = broken(tap, installation, "no webhook", "sinks.ready", "bad", words="MATTERMOST_ATVM_WEBHOOK")
        installation.edit_with(f'umask 077; echo "MATTERMOST_ATVM_WEBHOOK=\'{server.url}\'" >"$1"')
        mended(tap, installation, "no webhook", row, "sinks.ready")

        before = server.connections
        findings = installation.doctor()
        tap.equal(findings.level("sinks.reach", "begins with http://"), "warn", "http: a warning", findings)
        tap.equal(server.connections, before + 1, "http: it was connected to")
        no_secret(tap, installation, findings, "http")
        before = server.connections
        findings = installation.doctor("--offline")
        tap.equal(
            (server.connections, findings.level("sinks.reach"), findings.level("sinks.ready")),
            (before, None, "ok"),
            "--offline: it was not",
        )
        closed = server.url
    tap.equal(server.received, b"", "http: nothing was ever sent")
    with Installation() as installation:
        installation.configure(sinks='{ module = "mattermost"; }')
        installation.write("run.env", f"MATTERMOST_ATVM_WEBHOOK={closed}\n", 0o600)
        row = broken(tap, installation, "no server", "sinks.reach", "bad", words="no connection")
        no_secret(tap, installation, installation.doctor(), "no server")
        tap.ok(CANARY not in row["cure"], "no server: nor in the cure", row)


def webhook_by_tls(tap):
    if not shutil.which("openssl"):
        tap.skip("certificates", "openssl is not installed")
        return
    with Installation() as installation:
        ours, context = certificate(installation.place)
        with Server(context) as server:
            installation.configure(sinks='{ module = "mattermost"; }')
            environment = {"MATTERMOST_ATVM_WEBHOOK": server.url}
            row = broken(
                tap, installation, "TLS", "sinks.reach", "bad", words="not trusted", environment=environment
            )
            tap.ok(CANARY not in json.dumps(row), "TLS: the secret is not shown", row)
            installation.configure(sinks=f'{{ module = "mattermost"; ca_file = "{ours}"; }}')
            findings = installation.doctor(environment=environment)
            tap.equal(
                findings.level("sinks.reach", "certificate of https://127.0.0.1"),
                "warn",
                "TLS: a certificate of two days is worth a warning",
                findings,
            )
        tap.equal(server.received, b"", "TLS: nothing was ever sent")


def file_sink(tap):
    with Installation() as installation:
        wanted = installation.path("reports", "of", "%b.md")
        installation.configure(sinks=f'{{ module = "file"; path = "{wanted}"; }}')
        row = broken(tap, installation, "file", "sinks.reach", "bad", words="No such file")
        installation.edit_with('sed -i s,/reports/of/,/reports/, "$1"')
        mended(tap, installation, "file", row, "sinks.reach")
        tap.ok(not os.path.exists(installation.path("reports")), "file: nothing was made")


# -------------------------------------------------------------------- the machine


def machine(tap):
    if not IS_ROOT or not shutil.which("unshare"):
        tap.skip("file systems and limits", "only root can mount")
        return
    with Installation() as installation:
        state = installation.path("state")
        full = f"mount -t tmpfs -o size=8m,nr_inodes=200 none {state}\nhead -c 5M /dev/zero >{state}/filler"

        def doctor(script):
            return installation.doctor(wrap=in_namespace(script))

        findings = doctor(full)
        rows = findings.of("machine.space", state)
        tap.equal(rows[0]["level"], "ok", "a small file system with room", rows)
        findings = doctor(full + f"\nhead -c 2900K /dev/zero >{state}/more")
        rows = findings.of("machine.space", state)
        tap.equal(rows[0]["level"], "bad", "a full file system", rows)
        listed = Answer(
            in_namespace(full, "sh", "-c", rows[0]["cure"]), environment=installation.environment
        )
        tap.ok(state in listed.output.decode(), "a full file system: the cure shows what is large", listed)
        findings = doctor(full + f"\ncd {state} && seq -f file%g 200 | xargs touch 2>/dev/null || true")
        tap.equal(findings.level("machine.inodes", state), "bad", "no more files", findings)
        findings = doctor(f"mount -t tmpfs -o ro none {state}")
        rows = findings.of("machine.space", state)
        tap.ok(rows[0]["level"] == "bad" and "read-only" in rows[0]["found"], "read-only", rows)
        mend = f"mount -t tmpfs -o ro none {state}\n{rows[0]['cure']}"
        tap.equal(doctor(mend).level("machine.space", state), "ok", f"read-only: `{rows[0]['cure']}` mends it")

        # An instance of procfs of its own: the machine's stays as it is.
        as_nobody = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
        hidden = "mount -t proc -o hidepid=2 proc /proc"

        def see(script):
            return Findings(
                Answer(
                    in_namespace(script, *as_nobody, *installation.argv("--json")),
                    environment=installation.environment,
                )
            )

        rows = see(hidden).of("machine.processes")
        tap.ok(rows[0]["level"] == "warn" and not rows[0]["looked"], "hidepid: could not look", rows)
        mend = f"{hidden}\n{rows[0]['cure']}"
        tap.equal(see(mend).level("machine.processes"), "ok", f"hidepid: `{rows[0]['cure']}` mends it")


def inotify(tap):
    """The limits of a user namespace: the machine's own stay as they are."""
    limit = "/proc/sys/user/max_inotify_instances"
    with Installation() as installation:

        def doctor(value):
            wrap = ["unshare", "-Ur", "sh", "-ec", f'echo {value} >{limit}\nexec "$@"', "sh"]
            return installation.doctor(wrap=wrap)

        try:
            findings = doctor(0)
        except AssertionError as problem:
            tap.skip("inotify", f"no user namespaces here: {problem}".splitlines()[0])
            return
        rows = findings.of("machine.inotify")
        tap.ok(rows[0]["level"] == "warn" and "instances" in rows[0]["found"], "inotify: used up", rows)
        tap.ok(rows[0]["cure"].startswith("sysctl -w fs.inotify.max_user_instances="), "inotify: the cure", rows)
        tap.equal(doctor(100).level("machine.inotify"), "ok", "inotify: with more of them it is ok")


def clock_and_program(tap):
    """A copy of the program stands for one that was installed tomorrow."""
    with Installation() as installation:
        copy = installation.path("bin", "copy")
        shutil.copy(WATCHER, copy)
        folders = [os.path.join(BUILD, part, ".libs") for part in ["plugins", "sinks"]]
        path = {"ATVM_WATCHER_MODULE_PATH": ":".join(folders)}
        now = os.stat(copy).st_mtime
        for ahead, level in [(86400, "bad"), (0, "ok")]:
            os.utime(copy, (now, now + ahead))
            findings = installation.doctor(program=copy, environment=path)
            tap.equal(findings.level("machine.clock"), level, f"clock, {ahead} s behind the program", findings)


# -------------------------------------------------------------------- versions


def other_build(path, build_id, mark):
    """Replaces the file by one with another build id, as an installation would."""
    with open(path, "rb") as file:
        data = file.read()
    note = bytes.fromhex(build_id)
    with open(path + ".new", "wb") as file:
        file.write(data.replace(note, bytes([note[0] ^ mark]) + note[1:]))
    shutil.copymode(path, path + ".new")
    os.rename(path + ".new", path)


def installed_version(tap):
    with Installation() as installation:
        (row,) = installation.doctor().of("versions.installed")
        target = row["subject"]
        folder = os.path.dirname(target)
        nothing = "nothing is installed there" in row["found"]
        tap.equal(nothing, not os.path.exists(target), "installed: is looked for", row)
        tap.ok(row["level"] == "warn" or not nothing, "installed: nothing is a warning", row)
        if not nothing or not IS_ROOT or not os.path.isdir(folder):
            return
        (this,) = installation.doctor().of("versions.this")
        shutil.copy(WATCHER, installation.path("other"))
        other_build(installation.path("other"), this["found"].rpartition(" ")[2], 1)
        for name, source, level in [("another", "other", "warn"), ("this", WATCHER, "ok")]:
            script = f"mount -t tmpfs none {folder}\ncp {installation.path(source)} {target}"
            findings = installation.doctor(wrap=in_namespace(script))
            tap.equal(findings.level("versions.installed"), level, f"installed: {name} build", findings)


class Watched:
    """A watcher of an installation's own copies of program and modules."""

    def __init__(self, installation, build):
        self.installation, self.build = installation, build
        self.program = installation.path("bin", "installed")
        shutil.copy(WATCHER, self.program)
        self.modules = installation.path("modules")
        os.mkdir(self.modules)
        for name in ["plugins/.libs/junit.so", "sinks/.libs/stdout.so"]:
            shutil.copy(os.path.join(BUILD, name), self.modules)
        installation.configure('collectors = ( { module = "junit"; } );\n')
        installation.environment["ATVM_WATCHER_MODULE_PATH"] = self.modules
        self.process = None

    def start(self):
        with open(self.installation.path("log"), "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "run", self.build, "--config", self.installation.config],
                env=self.installation.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        identity = self.installation.path("state", self.build, "watcher.json")

        def knows():
            try:
                with open(identity, encoding="utf-8") as file:
                    return json.load(file)["pid"] == self.process.pid
            except FileNotFoundError:
                return False

        wait_for(knows, "the watcher says who it is")

    def stop(self, kill=False):
        if self.process and self.process.poll() is None:
            self.process.kill() if kill else self.process.terminate()
            self.process.wait(timeout=DEADLINE)

    def doctor(self, *words):
        return self.installation.doctor(*words, program=self.program)


def running_version(tap):
    with Installation() as installation:
        watched = Watched(installation, "e2e-doctor")
        watched.start()
        try:
            (row,) = watched.doctor().of("versions.running")
            tap.equal((row["level"], row["subject"]), ("ok", "e2e-doctor"), "running: what is installed", row)
            module = os.path.join(watched.modules, "junit.so")
            with open(installation.path("state", "e2e-doctor", "watcher.json"), encoding="utf-8") as file:
                identity = json.load(file)
            (junit,) = [one for one in identity["modules"] if one["name"] == "junit"]
            for name, path, build_id in [
                ("module junit", module, junit["build_id"]),
                ("the program", watched.program, identity["build_id"]),
            ]:
                other_build(path, build_id, 1)
                (row,) = watched.doctor().of("versions.running")
                tap.ok(row["level"] == "warn" and name in row["found"], f"running: {name} was replaced", row)
            tap.equal(
                row["cure"],
                f"kill {watched.process.pid} && atvm-watcher run e2e-doctor",
                "running: the cure ends and starts it",
            )
            watched.stop()
            watched.start()
            (row,) = watched.doctor().of("versions.running")
            tap.equal(row["level"], "ok", "running: started again it is what is installed", row)
        finally:
            watched.stop()


def dead_watcher(tap):
    with Installation() as installation:
        watched = Watched(installation, "e2e-dead")
        watched.start()
        try:
            tap.equal(watched.doctor().level("builds.watcher"), None, "dead watcher: it lives")
            watched.stop(kill=True)
            findings = watched.doctor()
            (row,) = findings.of("builds.watcher")
            tap.equal(row["level"], "bad", "dead watcher: builds.watcher is bad", row)
            tap.equal(
                row["cure"],
                "systemctl start atvm-run-watcher@e2e-dead.service",
                "dead watcher: the unit goes on",
            )
            tap.equal(watched.doctor("e2e-dead").level("builds.watcher"), "bad", "dead watcher: asked for")
            other = watched.doctor("e2e-other")
            tap.equal(other.level("builds.watcher"), None, "dead watcher: not where another is asked for")
            tap.equal(other.level("builds.state"), "warn", "another build: nothing is known of it")
            watched.start()
            tap.equal(watched.doctor().level("builds.watcher"), None, "dead watcher: watched again")
        finally:
            watched.stop()


# -------------------------------------------------------------------- builds and posts


def refuse_or_break(peer, data):
    """The channel "gone" does not exist; of every other post the answer is lost."""
    while b"}" not in data:
        data += peer.recv(65536)
    if b'"gone"' in data:
        body = b'{"id":"web.incoming_webhook.channel.app_error","status_code":404}'
        head = f"HTTP/1.1 404 -\r\nContent-Length: {len(body)}\r\n\r\n"
        peer.sendall(head.encode() + body)


def accept(peer, data):
    while b"}" not in data:
        data += peer.recv(65536)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")


SINKS = (
    '{ module = "mattermost"; name = "chat"; }, { module = "mattermost"; name = "gone"; channel = "gone"; },'
    ' { module = "file"; path = "PLACE/%b.md"; }'
)


def watch_to_its_end(lapse, environment):
    lapse.start_runner()
    watcher = subprocess.Popen(
        lapse.command(WATCHER),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        lapse.play()
        lapse.end_runner()
        return watcher.communicate(timeout=DEADLINE)[1].decode(errors="replace")
    finally:
        lapse.close()
        if watcher.poll() is None:
            watcher.kill()
            watcher.wait()


def posts(tap):
    """A run whose posts came to grief, and whose state is then damaged in several ways."""
    with Installation() as installation, Server(answer=refuse_or_break) as server:
        place = installation.path("run")
        os.mkdir(place)
        build = f"doctor.{os.getpid()}"
        scenario = os.path.join(FIXTURES, "01-pass-all-sources-agree")
        lapse = TimeLapse(scenario, place, seconds=2, build=build)
        lapse.prepare()
        with open(lapse.config, encoding="utf-8") as file:
            text = file.read().replace('{ module = "stdout"; }', SINKS.replace("PLACE", installation.place))
        installation.write("atvm-watcher.conf", text)
        lapse.config, state = installation.config, os.path.join(lapse.state_root, build)
        environment = {**lapse.environment(), "MATTERMOST_ATVM_WEBHOOK": server.url}
        environment["PATH"] = installation.environment["PATH"]
        installation.environment = environment
        said = watch_to_its_end(lapse, environment)
        command = " ".join(lapse.command(WATCHER))
        installation.write("bin/systemctl", f'#!/bin/sh\n{command}\necho "$@" >>{place}/started\n', 0o755)

        findings = installation.doctor(build)
        (row,) = findings.of("posts.uncertain")
        tap.equal((row["level"], row["subject"]), ("bad", f"{build}, chat"), "an answer that was lost", said)
        uncertain = row
        (row,) = findings.of("posts.quarantined")
        tap.equal((row["level"], row["subject"]), ("bad", f"{build}, gone"), "a post that was refused")
        tap.ok("channel does not exist" in row["found"], "a post that was refused: why", row)
        quarantined = row
        tap.equal(findings.answer.status, 3, "bad rows: status 3")
        tap.ok(CANARY not in findings.answer.output.decode(), "the secret is in no row")
        requests = server.received.count(b"POST /")
        run = installation.cure(uncertain)
        left = installation.doctor(build).of("posts.uncertain")
        tap.equal(left, [], f"an answer that was lost: `{uncertain['cure']}` mends it", run)
        server.answer = accept
        run = installation.cure(quarantined)
        left = installation.doctor(build).of("posts.quarantined")
        tap.equal(left, [], f"a post that was refused: `{quarantined['cure']}` mends it", run)
        tap.equal(server.received.count(b"POST /"), requests + 1, "only what was refused was sent again")
        tap.equal(installation.doctor(build).level("builds.known"), "ok", "then nothing is wrong with it")

        shutil.rmtree(os.path.join(state, "outbox", "file"))
        os.unlink(os.path.join(state, "posted", "file"))
        os.unlink(installation.path(f"{build}.md"))
        for name in ["state.json", "closed.json"]:
            with open(os.path.join(state, name), encoding="utf-8") as file:
                content = json.load(file)
            content["posted"] = [one for one in content.get("posted", []) if one["sink"] != "file"]
            with open(os.path.join(state, name), "w", encoding="utf-8") as file:
                json.dump(content, file)
        (row,) = installation.doctor(build).of("posts.missing")
        tap.equal((row["level"], row["subject"]), ("bad", f"{build}, file"), "a post that is missing", row)
        tap.ok(f"{state}/report.md" in row["found"], "a post that is missing: what it would say", row)
        run = installation.cure(row)
        missing = installation.doctor(build).of("posts.missing")
        tap.equal(missing, [], f"a post that is missing: `{row['cure']}` mends it", run)

        with open(os.path.join(state, "state.json"), "w", encoding="utf-8") as file:
            file.write("{")
        (row,) = installation.doctor(build).of("builds.state")
        tap.equal(row["level"], "bad", "a damaged state", row)
        run = installation.cure(row)
        findings = installation.doctor(build)
        with open(os.path.join(place, "started"), encoding="utf-8") as file:
            tap.equal(file.read(), f"start atvm-run-watcher@{build}.service\n", "a damaged state: the cure")
        tap.equal(findings.of("builds.state"), [], "a damaged state: the watcher sets it aside", run)
        (row,) = findings.of("builds.damaged")
        tap.ok(row["subject"].startswith(f"{state}/state.json.corrupt-"), "what was set aside is named", row)
        installation.cure(row)
        tap.equal(installation.doctor(build).of("builds.damaged"), [], f"`{row['cure']}` mends it")
        tap.equal(server.received.count(b"POST /"), requests + 1, "nothing was posted meanwhile")


# -------------------------------------------------------------------- the journal

# A journal daemon of its own, in a /run of its own; it takes no messages of the kernel's.
JOURNAL = """
mount -t tmpfs none /run
mount -t tmpfs none /var/log
mkdir -p /run/systemd/journal /run/systemd/journald.conf.d /run/log/journal
printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\nRuntimeMaxUse=8M\\n' >/run/systemd/journald.conf.d/test.conf
/lib/systemd/systemd-journald >/dev/null 2>&1 &
journald=$!
trap 'kill $journald; wait $journald || true' EXIT
exec 3>&1
"$@"
"""


def journal(tap):
    if not IS_ROOT or not os.access("/lib/systemd/systemd-journald", os.X_OK):
        tap.skip("journal", "no journal daemon can be started here")
        return
    with Installation() as installation:
        argv = ["unshare", "-m", "--propagation", "private", "sh", "-ec", JOURNAL, "sh"]
        answer = Answer(
            [*argv, "python3", os.path.join(HERE, "doctor-journal.py"), *installation.argv("--json")],
            environment=installation.environment,
        )
        found = {}
        for line in answer.output.decode().splitlines():
            name, _, text = line.partition("\t")
            found[name] = [one for one in json.loads(text)["rows"] if one["id"].startswith("journal.")]
        for name, row_id, level, words in [
            ("quiet", "journal.recent", "ok", "no error"),
            ("noise", "journal.recent", "ok", "no error"),
            ("warning", "journal.recent", "warn", "0 errors, 1 warning; the last: nearly"),
            ("error", "journal.recent", "bad", "1 error, 1 warning; the last: it broke"),
            ("other build", "journal.recent", "ok", "no error"),
            ("this build", "journal.recent", "bad", "1 error, 1 warning"),
            ("other user", "journal.access", "warn", "may not be read"),
        ]:
            (row,) = found.get(name) or [{"id": None, "level": None, "found": ""}]
            tap.ok(
                (row["id"], row["level"]) == (row_id, level) and words in row["found"],
                f"journal, {name}: {row_id} is {level}",
                f"{row}\n{answer}",
            )


def main():
    with Tap() as tap:
        for part in [
            sound,
            colours,
            wrong_use,
            configuration,
            modules,
            permissions,
            unprivileged,
            webhook,
            webhook_by_tls,
            file_sink,
            machine,
            inotify,
            clock_and_program,
            installed_version,
            running_version,
            dead_watcher,
            posts,
            journal,
        ]:
            tap.part(part)


if __name__ == "__main__":
    main()
