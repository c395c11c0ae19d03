#!/usr/bin/env python3
"""Whatever lies in the folders, replay ends soon, stays small, says which file it could not read,
and never turns a failed run into a passed one."""
import os
import resource
import shutil
import socket
import subprocess
import tempfile

from harness import BUILD, Recording, Tap, become_nobody, is_sanitized, nobody_can_run_it
from harness import verdict_of

# One host that failed; every kind of artifact says so.
FAILED = "02-fail-all-sources-agree"
HOST = "atvm71-redhat9.1"
JUNIT = "root/cypress/cmcReporter/xml/"
MOCHAWESOME = "root/cypress/cmcReporter/mochawesome/"
LOGS = "root/cypress/cmcReporter/logs/"
CUTS = 10

SANITIZED = is_sanitized()
SECONDS = 90.0 if SANITIZED else 20.0
PEAK_BYTES = 300 << 20


def check(tap, answer, name, also=True, details=""):
    """One replay of a failed run: ends, bounded, reports, and is no pass."""
    report = answer.report()
    state, hosts = verdict_of(report) if report else ("no report", {})
    small = SANITIZED or answer.peak_bytes < PEAK_BYTES
    tap.ok(
        answer.status == 0
        and not answer.timed_out
        and report is not None
        and small
        and state != "COMPLETED"
        and "PASS" not in hosts.values()
        and also,
        name,
        f"{state} {hosts}, {answer.peak_bytes >> 20} MB\n{answer}\n{details}",
    )
    return report


def names_file(answer, path):
    """Whether report or log say which file was bad."""
    return os.path.basename(path) in answer.output.decode(errors="replace") + answer.errors


def kinds_of(recording):
    """One artifact of each kind: {what: relative path}."""
    found = {}
    for path in recording.artifacts():
        if HOST in path or path == "run.log":
            folder = "run log" if path == "run.log" else path.split("/")[3]
            found.setdefault((folder, os.path.splitext(path)[1]), path)
    return {f"{folder} {end[1:]}": path for (folder, end), path in found.items()}


# -------------------------------------------------------------------- damaged artifacts


def cut_alone(tap):
    """Each artifact as the only failing testimony, cut off at many places: never a pass."""
    with Recording(FAILED) as recording:
        kinds = kinds_of(recording)
    for what, only in kinds.items():
        with Recording(FAILED) as recording:
            for other in recording.artifacts():
                if other != only and (HOST in other or other == "run.log"):
                    os.remove(recording.path(other))
            with open(recording.path(only), "rb") as file:
                whole = file.read()
            places = [len(whole) * i // CUTS for i in range(CUTS)]
            places += [len(whole) - 1, len(whole) - 2, len(whole) - 40]
            bad = []
            for place in places:
                recording.write(only, whole[:place])
                answer = recording.replay(seconds=SECONDS)
                report = answer.report()
                state, hosts = verdict_of(report) if report else ("no report", {})
                if answer.status != 0 or state == "COMPLETED" or "PASS" in hosts.values():
                    bad.append(f"cut at byte {place} of {len(whole)}: {state} {hosts}\n{answer}")
            tap.ok(not bad, f"{what}, cut off at {len(places)} places, proves no pass", "\n".join(bad))


def bad_contents():
    """What a file may hold instead of what belongs there: (name, bytes)."""
    yield "zero bytes", b""
    yield "not UTF-8", bytes(range(128, 256)) * 64
    yield "NUL bytes", b"\0" * 4096
    yield "colour codes", b"\x1b[31m\x1b]0;title\x07\x1b[2J" * 200
    yield "a JSON number", b"42\n"
    yield "nested brackets, 200000 deep", b"[" * 200000
    yield "nested objects, 100000 deep", b'{"a":' * 100000
    yield "nested elements, 100000 deep", b"<testsuites>" + b"<testsuite>" * 100000
    yield "counts that overflow", (
        b'<testsuites tests="99999999999999999999" failures="-1"><testsuite name="x" '
        b'tests="-5" failures="NaN"/></testsuites>'
    )


def replaced(tap):
    with Recording(FAILED) as recording:
        kinds = kinds_of(recording)
    for what, path in kinds.items():
        for name, content in bad_contents():
            with Recording(FAILED) as recording:
                recording.write(path, content)
                check(tap, recording.replay(seconds=SECONDS), f"{what}: {name}")


def names_damaged(tap):
    """A host artifact that cannot be read whole is named to the reader."""
    for what, path in [
        ("junit", JUNIT),
        ("mochawesome", MOCHAWESOME),
        ("logs", LOGS),
    ]:
        with Recording(FAILED) as recording:
            mine = [a for a in recording.artifacts() if a.startswith(path) and HOST in a][0]
            with open(recording.path(mine), "rb") as file:
                recording.write(mine, file.read()[:300])
            answer = recording.replay(seconds=SECONDS)
            check(
                tap, answer, f"{what}: the file that is cut off is named", names_file(answer, mine)
            )


def endless_line(tap):
    """100 MB without a line end, at the end of each kind of artifact."""
    with Recording(FAILED) as recording:
        kinds = kinds_of(recording)
    for what, path in kinds.items():
        with Recording(FAILED) as recording:
            target = recording.path(path)
            when = os.stat(target).st_mtime
            with open(target, "ab") as file:
                for _ in range(100):
                    file.write(b"a" * (1 << 20))
            os.utime(target, (when, when))
            answer = recording.replay(seconds=3 * SECONDS)
            check(tap, answer, f"{what}: a line of 100 MB")


# -------------------------------------------------------------------- XML that attacks its reader

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    + ']><testsuites name="&a11;"><testsuite name="x">&a11;</testsuite></testsuites>'
)
QUADRATIC = (
    '<?xml version="1.0"?><!DOCTYPE q [<!ENTITY a "' + "x" * 100000 + '">]><testsuites>'
    "<testsuite>" + "&a;" * 20000 + "</testsuite></testsuites>"
)


def external(address):
    return (
        f'<?xml version="1.0"?><!DOCTYPE t [<!ENTITY e SYSTEM "{address}">'
        f'<!ENTITY % p SYSTEM "{address}"> %p;]><testsuites tests="1" failures="1"><testsuite '
        f'name="{HOST}" tests="1" failures="1"><testcase name="x"><failure message="m">&e;'
        "</failure></testcase></testsuite></testsuites>"
    )


def hostile_xml(tap):
    target = JUNIT + f"test-result-{HOST}-again.xml"
    for name, text in [("billion laughs", BOMB), ("quadratic blow-up", QUADRATIC)]:
        with Recording(FAILED) as recording:
            recording.write(target, text.encode())
            check(tap, recording.replay(seconds=SECONDS), f"XML: {name}")

    with Recording(FAILED) as recording, socket.socket() as listener:
        secret = os.path.join(recording.place.name, "secret")
        with open(secret, "w", encoding="ascii") as file:
            file.write("n0b0dym4yr34dth1s")
        recording.write(target, external("file://" + secret).encode())
        answer = recording.replay(seconds=SECONDS)
        hidden = b"n0b0dym4yr34dth1s" not in answer.output
        check(tap, answer, "XML: an external file is not read", hidden)

        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x.dtd"
        recording.write(target, external(address).encode())
        answer = recording.replay(seconds=SECONDS)
        try:
            listener.accept()
            connected = True
        except BlockingIOError:
            connected = False
        check(tap, answer, "XML: an external address is not asked", not connected)


# -------------------------------------------------------------------- what is no ordinary file


def move_into_the_window(recording):
    """What was made just now is of no interest to a run that was over long ago."""
    when = recording.given["now"] - 30
    for folder, folders, files in os.walk(recording.folder):
        for path in [os.path.join(folder, name) for name in folders + files]:
            if os.lstat(path).st_mtime > when:
                os.utime(path, (when, when), follow_symlinks=False)


def odd_files(tap):
    def fifo(recording):
        os.mkfifo(recording.path(JUNIT + "test-result-pipe.xml"))
        os.mkfifo(recording.path(LOGS + "pipe.json"))
        os.mkfifo(recording.path(MOCHAWESOME + "pipe.html"))

    def fifo_as_log(recording):
        os.remove(recording.path("run.log"))
        os.mkfifo(recording.path("run.log"))

    def symlink_loop(recording):
        os.symlink("loop.xml", recording.path(JUNIT + "loop.xml"))
        os.symlink("../logs", recording.path(LOGS + "around"))
        os.symlink("test-result-b.xml", recording.path(JUNIT + "test-result-a.xml"))
        os.symlink("test-result-a.xml", recording.path(JUNIT + "test-result-b.xml"))

    def link_as_log(recording):
        os.rename(recording.path("run.log"), recording.path("elsewhere.log"))
        os.symlink("elsewhere.log", recording.path("run.log"))

    def folder_as_file(recording):
        os.mkdir(recording.path(JUNIT + "test-result-folder.xml"))
        os.mkdir(recording.path(MOCHAWESOME + "folder.json"))

    def folder_as_log(recording):
        os.remove(recording.path("run.log"))
        os.mkdir(recording.path("run.log"))

    def deep_folders(recording):
        here = recording.path(LOGS)
        for _ in range(200):
            here = os.path.join(here, "deeper")
            os.mkdir(here)

    def odd_names(recording):
        for name in ["\x1b[31m.json", "a\nb.json", "-rf.json", "é\udcff.json", "x" * 250 + ".txt"]:
            recording.write(LOGS + name, b"{")

    def device(recording):
        os.symlink("/dev/zero", recording.path(JUNIT + "test-result-zero.xml"))
        os.symlink("/dev/zero", recording.path(LOGS + "zero.json"))

    # What the notes say of which file; and of a log, a warning says it with the path.
    for name, arrange, words in [
        (
            "named pipes among the artifacts",
            fifo,
            [f"damaged: {each} (is a FIFO, not a file; remove it)"
             for each in ["test-result-pipe.xml", "pipe.json", "pipe.html"]],
        ),
        ("a named pipe as run log", fifo_as_log, ["damaged: run.log (is a FIFO"]),
        (
            "symbolic links in a circle",
            symlink_loop,
            [f"damaged: {each} (is a symbolic link, which is not followed"
             for each in ["test-result-a.xml", "test-result-b.xml"]],
        ),
        ("a link as run log", link_as_log, ["damaged: run.log (is a symbolic link"]),
        (
            "folders named like artifacts",
            folder_as_file,
            [f"damaged: {each} (is a folder, not a file; remove or rename it)"
             for each in ["test-result-folder.xml", "folder.json"]],
        ),
        ("a folder as run log", folder_as_log, ["damaged: run.log (is a folder"]),
        ("folders 200 deep", deep_folders, []),
        ("odd file names", odd_names, ["damaged: -rf.json (", "damaged: a b.json ("]),
        (
            "links to an endless device",
            device,
            [f"damaged: {each} (is a symbolic link" for each in ["test-result-zero.xml", "zero.json"]],
        ),
    ]:
        with Recording(FAILED) as recording:
            arrange(recording)
            move_into_the_window(recording)
            answer = recording.replay(seconds=SECONDS)
            report = check(tap, answer, name)
            notes = "\n".join(note for scope in report["scopes"] for note in scope["notes"])
            missing = [word for word in words if word not in notes]
            tap.equal(missing, [], f"{name}: the notes name each, and what to do", notes)
            is_log = "as run log" in name
            warned = answer.errors.count(f"warning: collector runlog: {recording.path('run.log')} is a")
            tap.equal(warned, int(is_log), f"{name}: {int(is_log)} warning of the log", answer)


def unreadable(tap):
    """A file that the watcher's user may not read is damaged, never "no failure"."""
    with Recording(FAILED) as recording:
        kinds = kinds_of(recording)
    reachable = nobody_can_run_it()
    for what, path in kinds.items():
        name = f"{what}: not readable"
        if not reachable:
            tap.skip(name, "another user cannot reach the build tree")
            continue
        with Recording(FAILED) as recording:
            os.chmod(recording.path(path), 0)
            answer = recording.replay(seconds=SECONDS, preexec=become_nobody)
            check(tap, answer, name, names_file(answer, path))
    if reachable:
        with Recording(FAILED) as recording:
            for path in recording.artifacts():
                os.chmod(recording.path(path), 0)
            check(
                tap,
                recording.replay(seconds=SECONDS, preexec=become_nobody),
                "nothing at all is readable",
            )


# -------------------------------------------------------------------- wrong arguments


def wrong_arguments(tap):
    with Recording(FAILED) as recording, tempfile.TemporaryDirectory() as place:
        config = os.path.join(place, "wrong.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write('poll_interval = "5s";\nsettel = "3s";\n')
        recording.argv += ["--config", config]
        answer = recording.replay(seconds=SECONDS)
        tap.ok(
            answer.status == 2 and f"{config}:2" in answer.errors and "settel" in answer.errors,
            "an unknown option is refused with its file and line",
            answer,
        )
        with open(config, "w", encoding="utf-8") as file:
            file.write('poll_interval = "5s\n')
        answer = recording.replay(seconds=SECONDS)
        tap.ok(
            answer.status == 2 and config in answer.errors,
            "a configuration that does not parse is refused with its name",
            answer,
        )
    with Recording(FAILED) as recording:
        shutil.rmtree(recording.path("root"))
        answer = recording.replay(seconds=SECONDS)
        tap.ok(
            answer.status == 2 and recording.path("root") in answer.errors,
            "a missing automation root is named",
            answer,
        )
    with Recording(FAILED) as recording:
        recording.argv[recording.argv.index("--build") + 1] = "../../etc/passwd"
        answer = recording.replay(seconds=SECONDS)
        tap.ok(
            answer.status == 2 and "../../etc/passwd" in answer.errors,
            "a build name that is a path is refused",
            answer,
        )


def main():
    # A crash is a failed test here, not a file of some hundred megabytes.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with Tap() as tap:
        with Recording(FAILED) as recording:
            answer = recording.replay(seconds=SECONDS)
            report = check(tap, answer, "the undamaged run is judged")
            tap.equal(
                report and verdict_of(report), ("FAILED", {HOST: "FAIL"}), "and has failed", answer
            )
        tap.part(cut_alone)
        tap.part(replaced)
        tap.part(names_damaged)
        tap.part(endless_line)
        tap.part(hostile_xml)
        tap.part(odd_files)
        tap.part(unreadable)
        tap.part(wrong_arguments)


if __name__ == "__main__":
    main()
