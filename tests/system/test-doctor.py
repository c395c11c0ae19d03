#!/usr/bin/env python3
"""`doctor` on set-ups that are really broken: each shows its row, and once the row's own command has
been run the row is ok. It looks, and changes nothing; it posts nothing and shows no secret.
Versions, builds and the journal: test-doctor-builds."""
import json
import os
import pty
import re
import shutil
import ssl
import subprocess

from doctor_set_up import (
    CANARY,
    IS_ROOT,
    Findings,
    Installation,
    Server,
    broken,
    in_namespace,
    mended,
)
from harness import BUILD, DEADLINE, NOBODY, WATCHER, Answer, Tap, become_nobody
from harness import nobody_can_run_it


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
            replaceable(tap, installation)
        os.rmdir(installation.path("root"))
        row = broken(tap, installation, "no root", "permissions.path", "bad", words="automation root")
        installation.edit_with(f'sed -i "s,^automation_root.*,automation_root = \\"{BUILD}\\";," "$1"')
        mended(tap, installation, "no root", row, "permissions.path", "automation root")
        os.rmdir(installation.path("state"))
        for folder in ["/proc/state", installation.path("run.env", "state")]:
            installation.edit_with(f'sed -i "s,^state_root.*,state_root = \\"{folder}\\";," "$1"')
            installation.cure(row)
            findings = installation.doctor()
            rows = findings.of("permissions.path", folder)
            tap.ok(rows[0]["level"] == "bad" and f"+2 {installation.config}" in rows[0]["cure"],
                   f"{folder}: a state root that cannot be made is bad", findings)
            tap.ok(not findings.of("machine.space", "state root"),
                   "a state root that cannot be made: nothing is said of its room", findings)


def replaceable(tap, installation):
    """What is done to a module is of no use where anybody can put another one in its place."""
    folder = installation.path("modules")
    os.mkdir(folder)
    module = shutil.copy(installation.path("junit.so"), folder)
    os.chown(module, NOBODY, NOBODY)
    os.chmod(folder, 0o777)
    installation.configure(f'collectors = ( {{ module = "{module}"; }} );\n')
    findings = installation.doctor()
    rows = findings.of("permissions.path", module)
    tap.equal([row["level"] for row in rows], ["bad"], "a module others can replace: told once", findings)
    tap.ok(rows[0]["cure"].startswith(f"install -D -m 644 {module} /"), "and the whole cure at once", rows)
    tap.equal(findings.level("modules.load", "install -D -m 644"), "bad", "as who loads it says, too",
              findings)
    installation.configure(f'collectors = ( {{ module = "{installation.path("junit.so")}"; }} );\n')


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
        if not nobody_can_run_it():
            tap.skip("another user", "another user cannot reach the build tree")
            return
        findings = installation.doctor(preexec=become_nobody)
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
        reached = f"http://127.0.0.1:{server.port} can be connected to"
        tap.equal(findings.level("sinks.reach", reached), "ok", "http: fine within a machine", findings)
        held = "secrets of configured sinks: MATTERMOST_ATVM_WEBHOOK"
        tap.equal(findings.level("config.environment", held), "ok", "its webhook is seen", findings)
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
        ]:
            tap.part(part)


if __name__ == "__main__":
    main()
