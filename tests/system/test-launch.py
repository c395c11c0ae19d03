#!/usr/bin/env python3
"""`launch` from the question to the runner: with stand-ins for the template command and the runner,
a played service manager, and the real collect worker."""
import fcntl
import json
import os
import signal
import subprocess
import sys

from harness import DEADLINE, Tap, children, command_line, wait_for
from launch_stage import Stage, why_not

VM, OTHER = "atvm1-redhat9", "atvm2-suse15"
NAMED = ("--template", "cmc-e2e", "--hosts", VM, "--no-watcher")


def one(**more):
    """The template command generates what NAMED asks for."""
    return {"specs": [VM], "pattern": [VM], **more}


def nothing_was_run(stage):
    return not stage.template_calls() and not stage.requests() and stage.runner() is None


def expect(tap, stage, answer, status, *words):
    """The exit status, and words that must stand in what it said."""
    said = answer.stdout + answer.stderr
    missing = [word for word in words if word not in said]
    return tap.ok(
        answer.returncode == status and not missing,
        stage,
        f"status {answer.returncode}, want {status}; missing {missing}\n{said}",
    )


# ---------------------------------------------------------------- the question


def approved(tap):
    with Stage(**one()) as stage:
        answer = stage.launch(*NAMED, answers="yes\n")
        expect(tap, "an approved launch runs", answer, 0, "Run this? [y/N]", "check: 1 machine: " + VM)
        runner = wait_for(stage.runner, "the runner")
        tap.equal(
            (runner["argv"], runner["cwd"]),
            (["run-sorry-cypress.py", "--build_name", stage.build], stage.root),
            "the runner runs in the automation root and is told the build",
        )
        call = stage.template_calls()[0]
        tap.equal(
            (call["argv"], call["cwd"]),
            (
                ["cmc-templates.py", "--template", "cmc-e2e", "--specify_vms", VM]
                + ["--ignore_force_shutdown", "--test_partition"]
                + ["--use_specified_plugin", "iscsi"],
                stage.root,
            ),
            "the template command is run as it was shown",
        )
        tap.ok(
            "canary-secret" not in json.dumps([call, runner, stage.requests(), answer.stdout]),
            "neither command nor unit gets the webhook",
        )
        tap.ok("generating" in stage.read("launch.log"), "the launch log holds its output")


def watched(tap):
    with Stage(**one()) as stage:
        stage.write(f"{stage.build}.log", "of an earlier run\n")
        answer = stage.launch(*NAMED[:-1], "--yes", "--scope-description", "nightly run")
        expect(tap, "a launch starts watcher and runner", answer, 0, "atvm-watcher start --build-name")
        tap.equal(
            [(call[0], call[1]) for call in stage.requests()],
            [("systemctl", "start"), ("systemd-run", "--quiet")],
            "the watcher before the runner",
        )
        tap.ok(stage.was_asked_to("start", stage.watcher_unit), "as its unit", stage.requests())
        told = stage.read(os.path.join("state", stage.build, "run.env"))
        for word in ("nightly run", "cmc-templates.py --template cmc-e2e --specify_vms " + VM, VM):
            tap.ok(word in told, f"the watcher is told: {word}", told)
        tap.ok(
            stage.read(f"{stage.build}.log") is None and "generating" in stage.read("launch.log"),
            "an old run log is set aside, the launch log is not",
        )


def secret_of_the_template_command(tap):
    secret = "r3c0rdk3y77"
    command = f"python3 cmc-templates.py --template cmc-e2e --specify_vms {VM} --record-key {secret}"
    with Stage(**one()) as stage:
        stage.write("slow-start", "")
        process = stage.begin("--template-command", command, "--yes")
        wait_for(lambda: stage.was_asked_to("start", stage.watcher_unit), "the start of the watcher")
        started = [command_line(pid) for pid in children(process.pid)]
        os.remove(stage.path("slow-start"))
        _, said = process.communicate(timeout=DEADLINE)
        tap.ok(secret in stage.template_calls()[0]["argv"], "the template command gets its secret", said)
        (words,) = started
        tap.equal(words[1:4], ["start", "--build-name", stage.build], "while the watcher is started")
        tap.ok(
            "--record-key ***" in " ".join(words) and secret not in " ".join(words),
            "that secret is not on its command line",
            words,
        )
        told = stage.read(os.path.join("state", stage.build, "run.env"))
        tap.ok("cmc-templates.py" in told and secret not in told, "nor in what it is told", told)


def another_config(tap):
    words = (*NAMED[:-1], "--yes", "--cypress-config", "other.ts")
    more = 'launch = { runner_command = [ "python3", "run-sorry-cypress.py", "--config", "%c" ]; };\n'
    with Stage(**one()) as stage:
        expect(tap, "a configuration the runner is not told of: refused", stage.launch(*words), 2, "%c")
        stage.configure(more)
        answer = stage.launch(*words)
        expect(tap, "one that is missing is named", answer, 2, "--cypress-config other.ts", "No such file")
        tap.ok(nothing_was_run(stage), "and none is looked for in its place")
    with Stage(more, **one(config="other.ts")) as stage:
        stage.write("root/other.ts", "export default defineConfig({ e2e: { specPattern: [] } });\n")
        expect(tap, "one that is there is checked and run", stage.launch(*words), 0, "1 machine")
        tap.equal(
            wait_for(stage.runner, "the runner")["argv"][1:], ["--config", "other.ts"], "the runner's"
        )
        told = stage.read(os.path.join("state", stage.build, "run.env"))
        tap.ok("other.ts" in told, "and the watcher's", told)


def refused(tap):
    for answers, words in (("n\n", ["not approved"]), ("\n", ["not approved"]), ("", ["--approve"])):
        with Stage(**one()) as stage:
            answer = stage.launch(*NAMED, answers=answers)
            expect(tap, f"{answers!r} is no approval", answer, 6, "nothing was started", *words)
            tap.ok(nothing_was_run(stage), f"{answers!r}: nothing was run", stage.requests())


def without_asking(tap):
    with Stage(**one()) as stage:
        answer = stage.launch(*NAMED, "--yes")
        expect(tap, "--yes runs without a question", answer, 0, "the template command:")
        tap.ok("[y/N]" not in answer.stderr and wait_for(stage.runner, "runner"), "and starts it")


def only_shown(tap):
    with Stage(**one()) as stage:
        answer = stage.launch(*NAMED, "--dry-run", "--json")
        plan = json.loads(answer.stdout)
        tap.equal(
            (plan["schema"], plan["runner_unit"], plan["hosts"], plan["obstacle"]),
            ("atvm.launch/1", stage.runner_unit, [VM], None),
            "--dry-run --json prints the plan",
        )
        expect(tap, "--dry-run shows it", stage.launch(*NAMED, "--dry-run"), 0, plan["plan"])
        tap.ok(nothing_was_run(stage), "--dry-run runs nothing")


def approved_by_its_name(tap):
    with Stage(**one()) as stage:
        plan = json.loads(stage.launch(*NAMED, "--dry-run", "--json").stdout)["plan"]
        answer = stage.launch(*NAMED, "--approve", plan, "--", "--randomize")
        expect(tap, "another plan than the approved one is asked about", answer, 6, "another than")
        tap.ok(nothing_was_run(stage), "and not run")
        answer = stage.launch(*NAMED, "--approve", plan)
        expect(tap, "the approved plan is run without a question", answer, 0)
        tap.ok("[y/N]" not in answer.stderr, "without a question")


def until(stream, end):
    """Reads text up to `end`; fails the test where it does not come."""
    text = ""
    while not text.endswith(end):
        letter = stream.read(1)
        if not letter:
            raise AssertionError(f"no {end!r} in {text!r}")
        text += letter
    return text


def changed_while_asked(tap):
    with Stage(**one()) as stage:
        process = stage.begin(*NAMED)
        until(process.stderr, "Run this? [y/N] ")
        stage.configure('launch = { default_options = [ "--extra" ]; };\n')
        process.stdin.write("y\n")
        process.stdin.flush()
        again = until(process.stderr, "Run this? [y/N] ")
        tap.ok("changed since it was shown" in again, "a change after approval asks again", again)
        tap.ok(nothing_was_run(stage), "and nothing is run before the new answer")
        stdout, _ = process.communicate("y\n", timeout=DEADLINE)
        tap.ok("--extra" in stdout and process.returncode == 0, "the changed plan is shown", stdout)
        tap.ok("--extra" in stage.template_calls()[0]["argv"], "and run once it is approved")


# ---------------------------------------------------------------- guards


def both_plugins(tap):
    words = ("--template", "cmc-reboot", "--integration-plugin", "both", "--hosts", VM, "--no-watcher")
    with Stage(**one()) as stage:
        answer = stage.launch(*words, answers="y\nn\n")
        expect(tap, "reboot with both is asked about twice", answer, 6, "iSCSI disks may not be")
        answer = stage.launch(*words, "--yes")
        expect(tap, "--yes does not answer the second question", answer, 6, "--confirm")
        tap.ok(nothing_was_run(stage), "without the second answer nothing is run")
        expect(tap, "both answers start it", stage.launch(*words, answers="y\ny\n"), 0)
    with Stage(**one()) as stage:
        expect(tap, "--yes --confirm starts it", stage.launch(*words, "--yes", "--confirm"), 0)


def blacklisted(tap):
    with Stage(**one()) as stage:
        answer = stage.launch("--template", "cmc-e2e", "--hosts", f"{VM},atvm6-centos6.0", "--yes")
        expect(tap, "a named machine of the blacklist stops it", answer, 6, "cannot compile")
        tap.ok(nothing_was_run(stage), "and nothing is run")


def broad(tap):
    with Stage(specs=[VM, "atvm3-redhat8"], pattern=[VM, "atvm3-redhat8"]) as stage:
        answer = stage.launch("--template", "cmc-e2e", "--contains", "redhat", "--no-watcher", "--yes")
        expect(tap, "a broad choice is launched", answer, 0, "2 machines", "cannot compile")
        argv = stage.template_calls()[0]["argv"]
        tap.equal(
            argv[argv.index("--exclude_partial_match") + 1],
            "atvm6-centos6.0",
            "without the machines of the blacklist",
        )


# ---------------------------------------------------------------- what is missing, what is there


def missing_files(tap):
    for name, words in (
        ("cypress.ts", ["cypress_config", "root/cypress.ts: No such file", "no other file is looked for"]),
        ("cmc-templates.py", ["root/cmc-templates.py: No such file"]),
        ("run-sorry-cypress.py", ["root/run-sorry-cypress.py: No such file"]),
    ):
        with Stage(**one()) as stage:
            os.rename(stage.path("root", name), stage.path("root", name + ".old"))
            expect(tap, f"without {name} it stops and names it", stage.launch(*NAMED, "--yes"), 2, *words)
            tap.ok(nothing_was_run(stage), f"without {name} nothing is run")


def obstacles(tap):
    for what in ("runner", "watcher"):
        with Stage(**one()) as stage:
            unit = getattr(stage, what + "_unit")
            stage.set_unit(unit, "active")
            answer = stage.launch(*NAMED, "--yes")
            expect(tap, f"the {what}'s unit is there: refused", answer, 3, f"{unit} is active")
            tap.ok(nothing_was_run(stage), f"the {what}'s unit is there: nothing is run")
    with Stage(**one()) as stage:
        record = stage.path("state", stage.build, "outbox", "stdout")
        os.makedirs(record)
        with open(os.path.join(record, f"{stage.build}.json"), "w", encoding="utf-8") as file:
            file.write("{")
        answer = stage.launch(*NAMED, "--yes")
        expect(tap, "a post that nobody knows of is not settled", answer, 3, "nobody knows whether")
    with Stage(**one()) as stage:
        folder = os.open(stage.root, os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        answer = stage.launch(*NAMED, "--yes")
        os.close(folder)
        expect(tap, "two launches at once in one root: refused", answer, 3, "another launch is at work")
        tap.ok(nothing_was_run(stage), "and the second one runs nothing")
    with Stage(**one()) as stage:
        stage.set_unit(stage.runner_unit, "active")
        plan = json.loads(stage.launch(*NAMED, "--dry-run", "--json").stdout)
        tap.ok(stage.runner_unit in plan["obstacle"], "a dry run says what is in the way", plan)


# ---------------------------------------------------------------- the template command


def template_fails(tap):
    with Stage(**one(status=3, lines=30)) as stage:
        answer = stage.launch(*NAMED, "--yes")
        expect(
            tap,
            "a template command that fails stops it, with its last lines and where the rest is",
            answer,
            7,
            "ended with status 3",
            "  | line 29",
            "  | token=*** last words",
            f"all it said: {stage.path('launch.log')}",
            "template command: was begun, and did not come to its end",
            "runner: was not started",
        )
        tap.ok("line 0\n" not in answer.stderr, "only the last lines", answer.stderr)
        tap.ok(stage.runner() is None and not stage.requests(), "nothing is started")
        stage.set_play(**one())
        expect(tap, "the next launch works", stage.launch(*NAMED, "--yes"), 0)
        tap.ok("line 29" in stage.read("launch.log.previous"), "the log before it is kept")


def template_hangs(tap):
    with Stage('launch = { template_timeout = "1s"; };\n', **one(hang=True)) as stage:
        expect(tap, "one that hangs is ended", stage.launch(*NAMED, "--yes"), 7, "template_timeout")
        tap.ok(stage.runner() is None and not stage.requests(), "nothing is started after it")


def mismatches(tap):
    two = ("--template", "cmc-e2e", "--hosts", f"{VM},{OTHER}", "--no-watcher", "--yes")
    with Stage(specs=[VM], pattern=[VM, OTHER]) as stage:
        answer = stage.launch(*two)
        expect(tap, "a machine without a spec is named", answer, 8, f"{OTHER}: has no spec")
        tap.ok(stage.runner() is None and not stage.requests(), "and no runner is started")
    with Stage(specs=[VM, OTHER], pattern=[VM]) as stage:
        answer = stage.launch(*two)
        expect(tap, "so is one that specPattern lacks", answer, 8, f"{OTHER}: was asked for, but")
    with Stage(specs=[VM], pattern=[OTHER]) as stage:
        stage.launch(*NAMED, "--yes")
        stage.set_play(specs=[VM], pattern=None)
        stage.age("cypress.ts")
        answer = stage.launch(*NAMED, "--yes")
        expect(
            tap,
            "the specPattern of an earlier run is noticed",
            answer,
            8,
            "the template command did not write it",
            f"{VM}: was asked for, but does not stand in the specPattern",
            f"{OTHER}: stands in the specPattern",
            "nothing was started",
        )
        tap.ok(stage.runner() is None, "and not run")
    with Stage(**one()) as stage:
        subprocess.run([sys.executable, "cmc-templates.py"], cwd=stage.root, check=True, capture_output=True)
        stage.set_play(specs=[], pattern=None)
        stage.age("cypress.ts", f"cypress/e2e/atvm/{VM}.ts")
        answer = stage.launch(*NAMED, "--yes")
        expect(tap, "specs of an earlier run are, too", answer, 8, "its spec is that of an earlier run")
    with Stage(specs=[VM], pattern=None) as stage:
        stage.write("root/cypress.ts", "export default defineConfig({ e2e: { specPattern: [")
        answer = stage.launch(*NAMED, "--yes")
        expect(tap, "so is a configuration that is cut off", answer, 8, "cannot be read whole")


# ---------------------------------------------------------------- what goes wrong later


def manager_refuses(tap):
    with Stage(**one()) as stage:
        stage.write("refuse-start", "")
        answer = stage.launch(*NAMED[:-1], "--yes")
        expect(tap, "without a watcher no runner is started", answer, 1, "runner: was not started")
        tap.ok(stage.runner() is None, "really not", stage.requests())
    with Stage(**one()) as stage:
        stage.write("refuse-run", "")
        answer = stage.launch(*NAMED, "--yes")
        expect(tap, "a runner that does not start is told", answer, 1, "runner could not be started")


def interrupted(tap):
    with Stage(**one()) as stage:
        process = stage.begin(*NAMED)
        until(process.stderr, "Run this? [y/N] ")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=DEADLINE)
        tap.ok(
            process.returncode == 130 and "template command: was not started" in said,
            "interrupted at the question, it says that nothing was started",
            said,
        )
        tap.ok(nothing_was_run(stage), "and nothing was")
    with Stage(**one(hang=True)) as stage:
        process = stage.begin(*NAMED, "--yes")
        wait_for(lambda: os.path.exists(stage.path("root/hanging")), "the template command")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=DEADLINE)
        tap.ok(
            process.returncode == 130
            and "was interrupted" in said
            and "template command: was begun" in said
            and "runner: was not started" in said,
            "interrupted in the template command, it says how far it came",
            said,
        )
        tap.ok(stage.runner() is None and not stage.requests(), "and starts nothing more")
    with Stage(**one()) as stage:
        stage.write("slow-start", "")
        process = stage.begin(*NAMED[:-1], "--yes")
        wait_for(lambda: stage.was_asked_to("start", stage.watcher_unit), "the start of the watcher")
        process.send_signal(signal.SIGINT)
        os.remove(stage.path("slow-start"))
        _, said = process.communicate(timeout=DEADLINE)
        tap.ok(
            process.returncode == 130
            and "watcher: was started, and runs" in said
            and "runner: was not started" in said
            and f"atvm-watcher cancel --build-name {stage.build}" in said,
            "interrupted while the watcher starts, it says that this runs, and how to end it",
            said,
        )
        tap.ok(stage.runner() is None, "and starts no runner")


def terminal_is_lost(tap):
    with Stage(**one(hang=True)) as stage:
        process = stage.begin(*NAMED)
        until(process.stderr, "Run this? [y/N] ")
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=DEADLINE)
        tap.ok(nothing_was_run(stage), "before the answer, a lost terminal ends the launch")
    with Stage(**one(hang=True)) as stage:
        process = stage.begin(*NAMED, "--yes")
        wait_for(lambda: os.path.exists(stage.path("root/hanging")), "the template command")
        process.send_signal(signal.SIGHUP)
        process.stdout.close()
        process.stderr.close()
        stage.write("root/go", "")
        tap.ok(wait_for(stage.runner, "the runner"), "after it, the launch goes on without anybody")
        process.wait(timeout=DEADLINE)


PARTS = (
    approved,
    watched,
    secret_of_the_template_command,
    another_config,
    refused,
    without_asking,
    only_shown,
    approved_by_its_name,
    changed_while_asked,
    both_plugins,
    blacklisted,
    broad,
    missing_files,
    obstacles,
    template_fails,
    template_hangs,
    mismatches,
    manager_refuses,
    interrupted,
    terminal_is_lost,
)

with Tap() as tap:
    reason = why_not()
    if reason:
        tap.skip("a launch", reason)
    else:
        for part in PARTS:
            tap.part(part)
