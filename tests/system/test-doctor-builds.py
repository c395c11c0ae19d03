#!/usr/bin/env python3
"""`doctor` on what became of runs: which build watches them, watchers that died, posts that came to
grief, and what the journal says of them."""
import json
import os
import shutil
import subprocess

from doctor_set_up import (
    CANARY,
    IS_ROOT,
    Installation,
    Server,
    in_namespace,
)
from harness import BUILD, DEADLINE, FIXTURES, HERE, WATCHER, Answer, Tap, nobody_can_run_it
from harness import wait_for
from timelapse import TimeLapse


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
                f"kill {watched.process.pid} && tail --pid={watched.process.pid} -f /dev/null && "
                f"atvm-watcher run e2e-doctor -c {installation.config}",
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
                f"atvm-watcher run e2e-dead -c {installation.config}",
                "dead watcher: one that is started goes on",
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
        words = f"run {build} -c {installation.config}"
        tap.ok(row["cure"].endswith(words), "a damaged state: the cure, where no unit keeps its state", row)
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
            environment={**installation.environment, "RUN_FOLDER": installation.path("state", "e2e-journal")},
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
            ("open run", "journal.recent", "bad", "1 error, 1 warning"),
            ("closed run", "journal.recent", "ok", "2 errors or warnings, all of runs that are closed"),
            ("another run", "journal.recent", "bad", "1 error, 0 warnings; the last: it broke elsewhere"),
            ("other user", "journal.access", "warn", "may not be read"),
        ]:
            if name == "other user" and not nobody_can_run_it():
                tap.skip(f"journal, {name}", "another user cannot reach the build tree")
                continue
            (row,) = found.get(name) or [{"id": None, "level": None, "found": ""}]
            tap.ok(
                (row["id"], row["level"]) == (row_id, level) and words in row["found"],
                f"journal, {name}: {row_id} is {level}",
                f"{row}\n{answer}",
            )


def main():
    with Tap() as tap:
        for part in [
            installed_version,
            running_version,
            dead_watcher,
            posts,
            journal,
        ]:
            tap.part(part)


if __name__ == "__main__":
    main()
