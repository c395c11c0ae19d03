#!/usr/bin/env python3
"""The bash completion against the program itself: every command, every option that a --help names,
and what can stand for their values; asked as bash asks it, and once on a real terminal."""
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

from harness import BUILD, DEADLINE, TOP, WATCHER, Answer, Tap

SCRIPT = os.path.join(TOP, "etc", "atvm-watcher.bash-completion")
# What bash does at TAB, without its compopt, which only works there.
ASK = """
compopt() { :; }
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_atvm_watcher "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\\n' "${COMPREPLY[@]}"
"""
SYSTEMS = ("debian12", "redhat9")
STATE = {"schema": "atvm.state/1", "mode": "single", "state": "RUNNING", "first_seen": 1, "last_seen": 1}
BUILDS = ("e2e-one-fc", "e2e-two-iscsi", "nightly")


class Shell:
    """A folder with a state root that knows BUILDS, and completing there. A context manager."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-completion.")
        self.path = self.folder.name
        for build in BUILDS:
            folder = os.path.join(self.path, "state", build)
            os.makedirs(folder)
            with open(os.path.join(folder, "state.json"), "w", encoding="utf-8") as file:
                hosts = [{"name": f"{build}-{system}", "status": "PASS"} for system in SYSTEMS]
                json.dump({**STATE, "build": build, "scope": build, "hosts": hosts}, file)
            os.makedirs(os.path.join(folder, "subruns", build + "-group"))
        self.config = os.path.join(self.path, "watcher.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f'state_root = "{self.path}/state";\n')
            file.write('sinks = ( { module = "stdout"; }, { module = "stdout"; name = "second"; } );\n')
            file.write("templates = { cmc-mine = { plugin = false; }; };\n")
        self.environment = {
            **os.environ,
            "PATH": f"{BUILD}:{os.environ['PATH']}",
            "ATVM_WATCHER_STATE_ROOT": f"{self.path}/state",
        }
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def complete(self, *words):
        """The answers to TAB behind the last of the words, sorted."""
        answer = Answer(
            ["bash", "-c", ASK, "bash", SCRIPT, "atvm-watcher", *words],
            environment=self.environment,
        )
        if answer.status or answer.errors:
            raise AssertionError(f"completion of {words}: {answer}")
        return sorted(answer.output.decode().split("\n")[:-1])


def help_of(*words):
    return Answer([WATCHER, *words, "--help"]).output.decode()


def commands_of(text):
    section = text.split("Commands:\n")[1].split("\n\n")[0]
    return sorted(line.split()[0] for line in section.splitlines() if not line.startswith("   "))


def options_of(text):
    """{long option: the word that stands for its value, or None}, of lines that begin with one."""
    found = {}
    for line in text.splitlines():
        match = re.match(r" {1,8}(?:-\w,? )? *(--[a-z-]+)(?: ([A-Z][^ ]*))?", line)
        if match:
            found[match[1]] = match[2]
    return found


def commands(tap, shell):
    known = commands_of(help_of())
    tap.ok(len(known) >= 7 and "run" in known, "--help lists the commands", known)
    tap.equal(
        shell.complete(""), sorted([*known, "--help", "--version"]), "every command is completed"
    )
    tap.equal(shell.complete("check-c"), ["check-config"], "as far as it was typed")


def options(tap, shell):
    for command in commands_of(help_of()):
        wanted = options_of(help_of(command))
        tap.ok("--help" in wanted, f"{command} --help names its options", wanted)
        tap.equal(
            shell.complete(command, "-"), sorted(wanted), f"{command}: every option is completed"
        )


def values(tap, shell):
    """What an option takes: builds, folders, files or one of few words."""
    os.makedirs(os.path.join(shell.path, "a folder"))
    here = shell.path + "/"
    files = sorted(here + name for name in os.listdir(shell.path))
    folders = [here + "a folder", here + "state"]
    checked = 0
    for command in commands_of(help_of()):
        for option, value in options_of(help_of(command)).items():
            if value in ("FILE", "DIR"):
                wanted = files if value == "FILE" else folders
                tap.equal(shell.complete(command, option, here), wanted, f"{command} {option}")
                checked += 1
    tap.ok(checked >= 7, "options with files and folders were found", checked)
    for words, wanted in (
        (["status", "-c", here + "w"], [shell.config]),
        (["status", "--config", "=", here + "w"], [shell.config]),
        (["replay", "--format", ""], ["json", "markdown", "text"]),
        (["replay", "--format", "="], ["json", "markdown", "text"]),
        (["replay", "--format", "=", "m"], ["markdown"]),
        (["run", "b", "--plugin", ""], ["both", "fc", "iscsi"]),
        (["explain", "b", "--question", "st"], ["status", "step"]),
        (["check-config", "--build", "e2e-o"], ["e2e-one-fc"]),
        (["cancel", "--build-name", "e2e-o"], ["e2e-one-fc"]),
        (["start", "--integration-plugin", "f"], ["fc"]),
        (["queue", ""], ["drop", "list", "retry", "show"]),
        (["queue", "show", "e2e-o"], ["e2e-one-fc"]),
        (["explain", "nightly", "--host", ""], ["nightly-debian12", "nightly-redhat9"]),
        (["explain", "--host", "nightly-r"], ["nightly-redhat9"]),
        (["run", "nightly", "--hosts", "a,nightly-r"], ["a,nightly-redhat9"]),
        (["reset", "nightly", "--scope", ""], ["nightly", "nightly-group"]),
        (["resolve", "nightly", "-c", shell.config, "--sink", ""], ["second", "stdout"]),
        (["start", "-c", shell.config, "--template", "cmc-m"],
         ["cmc-migrateops-compute-migration", "cmc-mine"]),
        (["run", "b", "--since", ""], []),
        (["run", "b", "-/;[", ""], sorted(BUILDS)),
    ):
        tap.equal(shell.complete(*words), wanted, " ".join(words))


def builds(tap, shell):
    """Commands whose usage has BUILD get those of `list`, in the state root that counts."""
    for command in commands_of(help_of()):
        usage = help_of(command).splitlines()[0]
        takes_build = re.match(rf"Usage: atvm-watcher {command} \[?BUILD\b", usage)
        if command not in ("plugins", "queue"):
            wanted = sorted(BUILDS) if takes_build else []
            tap.equal(shell.complete(command, ""), wanted, f"{command}: builds, if it takes them")
    del shell.environment["ATVM_WATCHER_STATE_ROOT"]
    for words in (["-c", shell.config], ["--config", "=", shell.config]):
        found = shell.complete("status", *words, "night")
        tap.equal(found, ["nightly"], f"status {words[0]}: of that one")


def modules(tap, shell):
    tap.ok(
        {"junit", "mattermost"} <= set(shell.complete("plugins", "")),
        "plugins: completes modules",
    )
    tap.equal(shell.complete("plugins", shell.path + "/w"), [shell.config], "or paths of some")


class Terminal:
    """An interactive bash with the completion loaded. A context manager."""

    def __init__(self, shell):
        self.shell = shell

    def __enter__(self):
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.chdir(self.shell.path)
            os.environ.update(self.shell.environment, TERM="dumb", PS1="$ ", HISTFILE="/dev/null")
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.end)

    def press(self, keys):
        os.write(self.end, keys.encode())

    def until(self, text):
        heard, end = "", time.monotonic() + DEADLINE
        while text not in heard:
            ready, _, _ = select.select([self.end], [], [], end - time.monotonic())
            if not ready:
                raise AssertionError(f"{text!r} did not come: {heard!r}")
            heard += os.read(self.end, 4096).decode(errors="replace")
        return heard


def terminal(tap, shell):
    """Keys pressed in an interactive bash; it then prints the line that they became."""
    with Terminal(shell) as bash:
        bash.press(f"source {SCRIPT}; echo rea''dy\n")
        bash.until("ready")
        for keys, line in (
            ("atvm-watcher repl\t--form\tmark\t", "atvm-watcher replay --format markdown"),
            (
                "atvm-watcher status --config=wat\te2e-o\t",
                "atvm-watcher status --config=watcher.conf e2e-one-fc",
            ),
            ("atvm-watcher run b -c a\\ \t", "atvm-watcher run b -c a folder/"),
        ):
            bash.press(f"{keys}\x01echo \x05 wh''ole\n")
            said = " ".join(bash.until("whole").split())
            tap.ok(f"{line} whole" in said, f"on a terminal: {line}", said)


def main():
    with Tap() as tap:
        if shutil.which("bash") is None:
            tap.skip("completion", "there is no bash")
            return
        with Shell() as shell:
            for part in (commands, options, values, terminal, modules, builds):
                tap.part(part, shell)


if __name__ == "__main__":
    main()
