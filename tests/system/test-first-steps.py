#!/usr/bin/env python3
"""What a person meets in the first hour: mistakes on the command line, in the configuration and in
the environment. Each answer says what failed, where, and what to do."""
import json
import os
import shutil
import subprocess
import tempfile

from harness import BUILD, FIXTURES, NOBODY, WATCHER, Answer, Tap, become_nobody
from harness import nobody_can_run_it, wait_for

MODULES = ":".join(os.path.join(BUILD, part, ".libs") for part in ("plugins", "sinks"))
RECORDING = os.path.join(FIXTURES, "02-fail-all-sources-agree")
NOBODY = 65534


class Place:
    """A state root, a project and a configuration of their own. A context manager."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-first.")
        self.path = self.folder.name
        self.project = self.inside("project")
        os.mkdir(self.project)
        self.state_root = self.inside("state")
        self.config = self.inside("watcher.conf")
        self.secrets = self.inside("service.env")
        self.configure()
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def inside(self, name):
        return os.path.join(self.path, name)

    def configure(self, more="", sinks='{ module = "stdout"; }'):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(
                f'automation_root = "{self.project}";\nstate_root = "{self.state_root}";\n'
                f'run_log = "{self.path}/%b.log";\nlaunch_log = "{self.path}/%b.launch.log";\n'
                f"sinks = ( {sinks} );\n{more}"
            )

    def environment(self, **more):
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ATVM_WATCHER_", "MATTERMOST_", "CREDENTIALS_"))
        }
        return {**clean, "ATVM_WATCHER_MODULE_PATH": MODULES, "TZ": "UTC", **more}

    def secret_of_service(self, webhook):
        with open(self.secrets, "w", encoding="utf-8", opener=for_owner_only) as file:
            file.write(f'MATTERMOST_ATVM_WEBHOOK="{webhook}"\n')

    def ask(self, *words, preexec=None, **environment):
        return Answer(
            [WATCHER, *words], environment=self.environment(**environment), preexec=preexec
        )

    def check(self, preexec=None, **environment):
        words = ["--config", self.config, "--environment-file", self.secrets]
        return self.ask("check-config", *words, preexec=preexec, **environment)


def for_owner_only(path, flags):
    return os.open(path, flags, 0o600)


def says(tap, answer, status, words, name):
    """The answer has this status, and its standard error holds all of these words."""
    missing = [w for w in words if w not in answer.errors]
    tap.ok(answer.status == status and not missing, name, f"missing {missing}\n{answer}")


def command_lines(tap):
    with Place() as place:
        for words, said in (
            (["replya"], ['"replya"', 'did you mean "replay"']),
            (["run"], ["expected the name of a build", "atvm-watcher run --help"]),
            (["run", "b", "--sinse", "3"], ['"--sinse"', 'did you mean "--since"?']),
            (["run", "../b"], ["../b", "begins with a letter or digit"]),
            (["run", "b", "--since", "yesterday"], ["--since yesterday", "date -d '6 hours ago'"]),
            (["status", "b", "--since", "2026-11-20"], ["--since 2026-11-20", "date -d"]),
            (["replay", "--build", "b"], ["--root is missing"]),
            (["replay", "--build", "b", "--root", "/nowhere"], ["--root /nowhere", "give the folder"]),
        ):
            says(tap, place.ask(*words), 2, said, " ".join(words))
        if os.geteuid() == 0 and nobody_can_run_it():
            closed = os.path.join(place.project, "closed")
            os.makedirs(os.path.join(closed, "project"), mode=0o700)
            os.chmod(closed, 0o700)
            os.chmod(place.path, 0o755)
            answer = place.ask("replay", "--build", "b", "--root", os.path.join(closed, "project"),
                               preexec=become_nobody)
            said = ["Permission denied", "do it as root (sudo)"]
            says(tap, answer, 2, said, "replay: a folder that only another user may enter")
        else:
            tap.skip("replay: a folder that only another user may enter", "nobody may not run it here")
        for command in ("run", "status", "explain", "list", "check-config"):
            build = [] if command in ("list", "check-config") else ["b"]
            answer = place.ask(command, *build, "-c", "/nowhere.conf")
            says(tap, answer, 2, ["/nowhere.conf", "No such file"], f"{command} -c")


def configurations(tap):
    with Place() as place:
        for more, said in (
            ('poll_intervall = "5s";', [":6:", '"poll_intervall"', 'did you mean "poll_interval"']),
            ("poll_interval = 5;", [":6:", "poll_interval", "duration in quotes"]),
            ('collectors = ( { module = "junti"; } );', [":6:", 'did you mean "junit"']),
            ('collectors = ( { module = "junit"; foldr = "x"; } );', ['"foldr"', '"folder"']),
            ('@include "other.conf"', [":6:", 'other.conf"', "its path counts from"]),
            ('settle = "3s;\n', ["open quote may stand further up"]),
        ):
            place.configure(more)
            says(tap, place.check(), 2, [place.config, *said], f"configuration: {more.strip()}")


def every_mistake_at_once(tap):
    """Settings and modules, each with its line, in the order of the file."""
    with Place() as place:
        place.configure(
            'settle = 3;\n'
            'collectors = ( { module = "runlogg"; },\n'
            '  { module = "junit"; foldr = "x"; } );\n'
            'precedence = { status = [ "runlog", "junti" ]; };\n',
            sinks='{ module = "fil"; }',
        )
        for variable in ({}, {"ATVM_WATCHER_AUTOMATION_ROOT": "/nowhere"}):
            answer = place.check(**variable)
            places = [line.split(place.config)[-1][:3] for line in answer.errors.splitlines()]
            tap.equal(places[len(variable):], [":5:", ":6:", ":7:", ":8:", ":9:", ":9:"],
                      "check-config: every mistake, in the order of the file", answer)
        says(tap, answer, 2, ["/nowhere", "duration in quotes", 'did you mean "runlog"?',
                              'did you mean "folder"?', 'did you mean "file"?'],
             "check-config: each with its remedy")
        says(tap, answer, 2, ['that of line 7 is called "runlogg", of which there is no module: did '
                              'you mean "runlog" there?', '"junti"; did you mean "junit"?'],
             "check-config: a hint leads from a wrong name to a right one")
        tap.equal(len(json.loads(place.ask("check-config", "-c", place.config, "--json").output)
                      ["problems"]), 6, "check-config --json: has them all")


def state_roots(tap):
    """What the watcher would refuse, check-config refuses in the same words; nothing is left."""
    with Place() as place:
        with open(place.inside("file"), "w", encoding="utf-8"):
            pass
        os.symlink("nowhere", place.inside("link"))
        for root, said in (
            (place.inside("file/state"), "file: Not a directory"),
            (place.inside("link"), "is a link that leads nowhere"),
            ("/proc/state", "/proc: nothing can be made there"),
        ):
            place.state_root = root
            place.configure()
            said = [f"{place.config}:2: state_root: {root}", said, "set state_root to a folder"]
            says(tap, place.check(), 2, said, f"check-config: {said[1]}")
            says(tap, place.ask("run", "b", "-c", place.config), 4, said, f"run: {said[1]}")
        place.state_root = place.inside("new/state")
        place.configure()
        before = os.listdir(place.path)
        says(tap, place.check(), 0, [], "check-config: a state root that can be made is fine")
        tap.equal(os.listdir(place.path), before, "check-config: nothing is left of the trial")


def sinks_that_cannot_work(tap):
    """A sink is asked before the run, not with the status in hand hours later."""
    with Place() as place:
        place.configure(sinks='{ module = "file"; path = "status.md"; }')
        said = [f"{place.config}:5", 'sink "file"', '"status.md"', "write an absolute path"]
        says(tap, place.check(), 2, said, "check-config: a relative path of a sink is wrong")
        says(tap, place.ask("run", "b", "-c", place.config), 2, said, "run: does not begin with it")
        place.configure(sinks='{ module = "file"; path = "status.md"; critical = false; }')
        says(tap, place.check(), 0, ["warning", *said], "a sink with critical = false is a warning")

        if os.geteuid() == 0:
            for path, said in (("/proc/new/b.md", "/proc/new"), ("/nowhere/there/b.md", "/nowhere")):
                place.configure(sinks=f'{{ module = "file"; path = "{path}"; }}')
                said = [f"{place.config}:5", 'sink "file"', f"{said}: No such file"]
                says(tap, place.check(), 2, said, f"check-config: nothing can be written to {path}")

        place.configure(sinks='{ module = "mattermost"; }')
        said = ['sink "mattermost"', "MATTERMOST_ATVM_WEBHOOK is not set"]
        says(tap, place.check(), 0, ["warning", *said], "check-config: no webhook here is a warning")
        says(tap, place.ask("run", "b", "-c", place.config), 2, said, "run: needs the webhook")
        tap.equal(
            os.listdir(os.path.join(place.state_root, "b")),
            ["lock"],
            "what did not begin has left no state",
        )
        secret = "http://127.0.0.1:9/hooks/secretsecret"
        answer = place.check(MATTERMOST_ATVM_WEBHOOK=secret)
        tap.ok(answer.status == 0 and not answer.errors, "check-config: a webhook is enough", answer)
        answer = place.check(MATTERMOST_ATVM_WEBHOOK="ftp://127.0.0.1/hooks/secretsecret")
        says(tap, answer, 0, ["warning", 'sink "mattermost"'], "a webhook of another kind is told")
        tap.ok(
            "secretsecret" not in answer.errors + answer.output.decode(), "and not its address"
        )
        place.secret_of_service(secret)
        answer = place.check()
        tap.ok(answer.status == 0 and not answer.errors,
               "check-config: a webhook where the service finds it is enough", answer)
        place.secret_of_service("ftp://127.0.0.1/hooks/secretsecret")
        says(tap, place.check(), 0, ["warning", 'sink "mattermost"'], "and it is looked at")
        if os.geteuid() == 0 and nobody_can_run_it():
            os.chmod(place.path, 0o755)
            said = ["MATTERMOST_ATVM_WEBHOOK is not set", f"{place.secrets}: Permission denied"]
            answer = place.check(preexec=become_nobody)
            says(tap, answer, 0, said, "check-config: who may not look there is told so")
        else:
            tap.skip("check-config: who may not look there is told so", "nobody may not run it here")


def environments(tap):
    with Place() as place:
        answer = place.check(ATVM_WATCHER_POL_INTERVAL="5s")
        says(
            tap,
            answer,
            0,
            ["ATVM_WATCHER_POL_INTERVAL: nothing reads it", "ATVM_WATCHER_POLL_INTERVAL?"],
            "a misspelt variable is told",
        )
        answer = place.check(ATVM_WATCHER_AUTOMATION_ROOT="/nowhere")
        says(
            tap,
            answer,
            2,
            ["environment variable ATVM_WATCHER_AUTOMATION_ROOT", "/nowhere"],
            "a wrong value names its variable",
        )
        answer = place.ask("plugins", ATVM_WATCHER_MODULE_PATH=f"/nowhere:{MODULES}")
        says(tap, answer, 0, ["/nowhere", "ATVM_WATCHER_MODULE_PATH"], "a missing module folder")
        lines = [line.split() for line in answer.output.decode().splitlines()]
        kinds = [line[0] for line in lines]
        tap.ok(
            kinds == sorted(kinds) and set(kinds) == {"collector", "sink"},
            "plugins: collectors, then sinks",
            answer,
        )


def another_user(tap):
    if os.geteuid() != 0:
        tap.skip("what another user may not do is said", "needs root")
        return
    with Place() as place:
        os.chmod(place.path, 0o755)
        if not nobody_can_run_it():
            tap.skip("what another user may not do is said", "nobody may not run the program here")
            return
        answer = place.ask("run", "b", "-c", place.config, preexec=become_nobody)
        said = [place.state_root, "Permission denied", "set state_root to a folder that is its own"]
        says(tap, answer, 4, said, "a state root that may not be made")
        os.mkdir(place.state_root)
        os.chown(place.state_root, NOBODY, NOBODY)
        log = place.inside("b.log")
        with open(log, "w", encoding="utf-8") as file:
            file.write("Extracted specPattern: ['cypress/e2e/atvm1-x.ts']\n")
        os.chmod(log, 0o600)
        with subprocess.Popen(
            [WATCHER, "run", "b", "-c", place.config],
            env=place.environment(),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            preexec_fn=become_nobody,
        ) as watcher:
            os.set_blocking(watcher.stderr.fileno(), False)
            heard = []

            def heard_of_the_log():
                heard.append((watcher.stderr.read() or b"").decode())
                return "could not look" in "".join(heard)

            try:
                wait_for(heard_of_the_log, "a word about the log that may not be read")
            finally:
                watcher.terminate()
                watcher.wait()
        text = "".join(heard)
        tap.ok(
            "warning: collector runlog: could not look: " in text and log in text,
            "a log that may not be read is told while the run goes on",
            text,
        )
        tap.ok(
            "notice: b: watching" in text and place.project in text,
            "run says at once where it looks",
            text,
        )


def recordings(tap):
    with open(os.path.join(RECORDING, "input.json"), encoding="utf-8") as file:
        given = json.load(file)
    words = ["replay", "--build", given["build"], "--root", os.path.join(RECORDING, "root")]
    with Place() as place:
        answer = place.ask(
            *words, "--run-log", "/nowhere.log", "--since", str(given["now"] + 10**8)
        )
        says(
            tap,
            answer,
            0,
            [
                "--run-log /nowhere.log: No such file or directory",
                "files do not count",
                "say when it began: --since ",
            ],
            "replay: a named log that is not there, and files from outside of the window",
        )
        answer = place.ask(*words, "--run-log", os.path.join(RECORDING, "run.log"))
        tap.ok(answer.status == 0 and not answer.errors, "replay: nothing to say otherwise", answer)


def run_that_is_long_over(tap):
    """Without --since the window begins now: what a run of last week left does not count."""
    with Place() as place:
        place.configure('start_grace = "1s"; settle = "1s"; poll_interval = "1s";')
        log = place.inside("e2e-old.log")
        shutil.copyfile(os.path.join(RECORDING, "run.log"), log)
        with open(os.path.join(RECORDING, "input.json"), encoding="utf-8") as file:
            given = json.load(file)
        os.utime(log, (given["now"], given["now"]))
        hint = [
            "1 file does not count, from before the run's window",
            f"{log}. If they are of this run",
            f"--since {given['now'] - 1} ",
        ]
        words = ["e2e-old", "--config", place.config]
        says(tap, place.ask("status", *words), 0, hint, "status of a run that is long over")
        answer = place.ask("run", *words)
        says(tap, answer, 0, hint, "run, of a run that is long over")
        says(tap, answer, 0, ["nothing of this run has been seen yet"], "and that it sees nothing")
        shutil.rmtree(place.state_root)
        answer = place.ask("run", *words, "--since", str(given["now"] - 1))
        tap.ok(b"e2e-old - FAILED" in answer.output, "run: the advised --since has its result", answer)
        tap.ok("not count" not in answer.errors, "and nothing is left to be said", answer)


def main():
    with Tap() as tap:
        for part in (
            command_lines,
            configurations,
            every_mistake_at_once,
            state_roots,
            sinks_that_cannot_work,
            environments,
            another_user,
            recordings,
            run_that_is_long_over,
        ):
            tap.part(part)


if __name__ == "__main__":
    main()
