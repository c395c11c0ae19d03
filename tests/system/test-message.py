#!/usr/bin/env python3
"""What the status message says beyond the verdict: coverage, kernels, hosts left out, the fallback
of the test flow, times. From a configuration, an inventory and the environment, by replay and by
run."""
import itertools
import os
import re
import shutil
import subprocess
import tempfile

from harness import DEADLINE, FIXTURES, WATCHER, Recording, Tap
from timelapse import TimeLapse

BUILT_IN_FLOW_STEPS = 22
FALLBACK = "Fallback: the configured list of the template; no spec of this run could be read."

INVENTORY = """# Machines of the lab

| Rack | Owner |
|------|-------|
| 1    | Bob   |

VM | Operating system | Kernel version
---|---|---
`atvm71-redhat9.1` | Red Hat 9.1 | 5.14.0-162\\|rt.x86_64
atvm121-ubuntu24.04 | Ubuntu | -
atvm200-ubuntu24.04 | Ubuntu | 6.8.0-31
"""

CONFIGURATION = """
time_zone = "America/New_York";
blacklist = ( { vm = "atvm41-redhat6.0"; reason = "CMC install: can't compile"; },
              { vm = "atvm113-debian9.0.0"; reason = "support request, waiting"; },
              { vm = "atvm144-suse15.0"; reason = "crashes (bug)"; } );
templates = { cmc-systemOS = { flow = [ "1. Set up the system", "2. Look at it" ]; }; };
"""

REMOTE_COMMAND = (
    "cd /root/cdc-e2e-cyp-12.17.4 && python3 cmc-templates.py --template cmc-e2e"
    " --integration_type pure --use_specified_plugin fc --containsVm redhat"
    " --exclude_partial_match redhat6,debian9 --ignore_force_shutdown --test_partition"
    ' --record_key "s3cret word"'
)
COMMAND = f"sshpass -p 'hunter2 x' ssh -o BatchMode=no root@controller '{REMOTE_COMMAND}'"
SHOWN_COMMAND = REMOTE_COMMAND.replace('"s3cret word"', "***")
SECRETS = ("hunter2", "s3cret", "word\"")

ENVIRONMENT = {
    "ATVM_WATCHER_CONFIG_FAMILY": "gold",
    "ATVM_WATCHER_MIGRATION_STYLE": "local",
    "ATVM_WATCHER_SCOPE_DESCRIPTION": "nightly, first lab",
    "ATVM_WATCHER_TEMPLATE_COMMAND": COMMAND,
}


def environment(**more):
    """This one without what it says of a run, and `more`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ATVM_WATCHER_")}
    if "ATVM_WATCHER_MODULE_PATH" in os.environ:
        kept["ATVM_WATCHER_MODULE_PATH"] = os.environ["ATVM_WATCHER_MODULE_PATH"]
    return {**kept, **more}


class Scene(Recording):
    """A recorded run with a configuration and an inventory beside it."""

    def __enter__(self):
        super().__enter__()
        self.configuration, self.inventory = self.path("watcher.conf"), self.path("inventory.md")
        for path, text in ((self.configuration, CONFIGURATION), (self.inventory, INVENTORY)):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return self

    def without(self, option):
        """The command line without this option and its value."""
        at = self.argv.index(option)
        del self.argv[at : at + 2]

    def answer(self, form, *options, **more):
        argv = [*self.argv, "--format", form, *options]
        self.argv, argv = argv, self.argv
        try:
            return self.replay(environment=environment(**more))
        finally:
            self.argv = argv

    def message(self, form, *options, **more):
        return self.answer(form, *options, **more).output.decode()

    def report(self, *options, **more):
        return self.answer("json", *options, **more).report()


def section(message, heading):
    """The lines below a heading, without blanks before and behind them; text or Markdown."""
    lines = message.splitlines()
    for begin, line in enumerate(lines):
        if line.strip("* ") == heading:
            break
    else:
        return None
    rest = lines[begin + 1 :]
    end = next((i for i, line in enumerate(rest) if re.fullmatch(r"\**[A-Z ]+:\**", line)), None)
    return [line.strip() for line in rest[:end] if line.strip()]


def check_secrets(tap, message, name):
    tap.equal([s for s in SECRETS if s in message], [], f"{name}: no secret is in it", message)


# ---------------------------------------------------------------- what a template command gives


def full_text(tap):
    name = "all that is known, as text"
    with Scene("02-fail-all-sources-agree") as scene:
        options = ["--config", scene.configuration, "--inventory", scene.inventory]
        message = scene.message("text", *options, **ENVIRONMENT)
        tap.equal(
            section(message, "COVERAGE:"),
            [
                "Template: cmc-e2e",
                "Config: cypress.atvm-config-gold.ts (family gold)",
                "Plugin: fc",
                "Integration: pure",
                "Migration style: local",
                "Options: --ignore_force_shutdown, --test_partition, --record_key ***",
            ],
            f"{name}: COVERAGE",
            message,
        )
        hosts = section(message, "HOSTS:")
        tap.ok(
            hosts[0].startswith("atvm71-redhat9.1 - FAIL - 9. Trigger cmotion and do I/O test")
            and hosts[0].endswith(", 41m 7s, kernel 5.14.0-162|rt.x86_64)"),
            f"{name}: the host with its kernel",
            message,
        )
        tap.equal(
            hosts[1:],
            ["Left out on purpose:", "atvm41-redhat6.0 - SKIPPED - CMC install: can't compile"],
            f"{name}: of the blacklist only what the selector would have taken",
        )
        tap.equal(
            section(message, "TIMING:")[:3],
            [
                "Start: 2026-04-16 13:00:00 EDT (UTC-04:00)",
                "End: 2026-04-16 13:41:10 EDT (UTC-04:00)",
                "Total: 41m 9s",
            ],
            f"{name}: times in the configured zone",
        )
        tap.equal(
            section(message, "NOTES:")[-2:],
            ["Template command:", SHOWN_COMMAND],
            f"{name}: the command without its way to the controller",
            message,
        )
        tap.ok("Scope: nightly, first lab" in section(message, "SUMMARY:"), f"{name}: SUMMARY")
        tap.ok(FALLBACK not in message, f"{name}: the spec's flow is no fallback", message)
        check_secrets(tap, message, name)


def full_markdown(tap):
    name = "all that is known, as Markdown"
    with Scene("02-fail-all-sources-agree") as scene:
        options = ["--config", scene.configuration, "--inventory", scene.inventory]
        message = scene.message("markdown", *options, **ENVIRONMENT)
        tap.equal(
            section(message, "COVERAGE:")[-1],
            r"- Options: --ignore_force_shutdown, --test_partition, --record_key \*\*\*",
            f"{name}: COVERAGE is escaped",
            message,
        )
        tap.ok(
            section(message, "HOSTS:")[0].endswith(r"kernel 5.14.0-162\|rt.x86_64)"),
            f"{name}: the kernel is escaped",
            message,
        )
        tap.equal(
            section(message, "HOSTS:")[1:],
            ["Left out on purpose:", "- atvm41-redhat6.0 - SKIPPED - CMC install: can't compile"],
            f"{name}: hosts left out",
            message,
        )
        tap.equal(
            section(message, "NOTES:")[-4:],
            ["Template command:", "```", SHOWN_COMMAND, "```"],
            f"{name}: the command in a fence",
            message,
        )
        check_secrets(tap, message, name)


def options_and_environment(tap):
    """The command line stands before the environment, that before the template command."""
    with Scene("02-fail-all-sources-agree") as scene:
        scene.without("--template")
        scene.without("--plugin")
        other = {"ATVM_WATCHER_TEMPLATE": "cmc-reboot", "ATVM_WATCHER_INTEGRATION_PLUGIN": "both"}
        command = {"ATVM_WATCHER_TEMPLATE_COMMAND": COMMAND}
        for name, options, more, want in (
            ("the command alone", [], command, ["cmc-e2e", "fc"]),
            ("environment and command", [], {**other, **command}, ["cmc-reboot", "both"]),
            (
                "options, environment and command",
                ["--template", "cmc-x", "--plugin", "iscsi"],
                {**other, **command},
                ["cmc-x", "iscsi"],
            ),
        ):
            message = scene.message("text", *options, **more)
            found = re.findall(r"^  (?:Template|Plugin): (.*)$", message, re.M)
            tap.equal(found, want, f"template and plugin: {name}", message)
        answer = scene.answer("text", ATVM_WATCHER_INTEGRATION_PLUGIN="fcp")
        tap.ok(
            'INTEGRATION_PLUGIN: expected fc, iscsi or both, got "fcp"' in answer.errors
            and b"Plugin:" not in answer.output,
            "a plugin that there is not is said, and not shown",
            answer,
        )


# ---------------------------------------------------------------- flow and plugin by template


def configured_flow(tap):
    name = "forty hosts without a spec"
    with Scene("35-forty-hosts") as scene:
        more = {"ATVM_WATCHER_INTEGRATION_PLUGIN": "iscsi"}
        options = ["--config", scene.configuration, "--inventory", scene.inventory]
        without = scene.report(*options, "--template", "cmc-unknown", **more)
        report = scene.report(*options, **more)
        scope = report["scopes"][0]
        tap.equal(
            [scope["flow"], scope["flow_source"]],
            [["1. Set up the system", "2. Look at it"], "config"],
            f"{name}: the configured flow, marked as such",
        )
        tap.equal(
            [without["scopes"][0]["flow"], without["scopes"][0]["flow_source"]],
            [None, "none"],
            f"{name}: another template has none",
        )
        for other in (without, report):
            for key in ("flow", "flow_source"):
                del other["scopes"][0][key]
        tap.equal(report, without, f"{name}: the flow changes nothing else of the verdict")
        for form in ("text", "markdown"):
            message = scene.message(form, *options, **more)
            steps = [line for line in section(message, "TEST FLOW:") if line != "```"]
            tap.equal(
                steps,
                [FALLBACK, "1. Set up the system", "2. Look at it"],
                f"{name}, {form}: TEST FLOW",
                message,
            )
            coverage = " ".join(section(message, "COVERAGE:"))
            tap.ok(
                "Template: cmc-systemOS" in coverage
                and "Plugin" not in coverage
                and "Integration" not in coverage,
                f"{name}, {form}: a template without plugin shows none",
                coverage,
            )
            hosts = section(message, "HOSTS:")
            plain = [line.replace("\\", "") for line in hosts]
            kernels = [line.rpartition("kernel ")[2] for line in plain]
            tap.equal(
                [kernels[0], set(kernels[1:]), len(hosts)],
                ["6.8.0-31)", {"n/a)"}, 40],
                f"{name}, {form}: a host without a value is n/a",
                message,
            )


def built_in_flow(tap):
    name = "a spec that is gone"
    with Scene("01-pass-all-sources-agree") as scene:
        before = scene.report()
        shutil.rmtree(scene.path("root/cypress/e2e"))
        report = scene.report()
        scope = report["scopes"][0]
        tap.equal(before["scopes"][0]["flow_source"], "spec", f"{name}: before, it gave the flow")
        tap.equal(
            [scope["flow_source"], len(scope["flow"]), scope["flow"][-1]],
            ["config", BUILT_IN_FLOW_STEPS, "22. Power off"],
            f"{name}: the built-in flow of cmc-e2e",
        )
        tap.equal(report["state"], before["state"], f"{name}: the state is the same")
    name = "a log that holds every configured step"
    with Scene("08-missing-run-log-pass") as scene:
        believed = scene.report()
        flow = "".join(f'"{step}", ' for step in believed["scopes"][0]["flow"])
        with open(scene.configuration, "w", encoding="utf-8") as file:
            file.write(f"templates = {{ cmc-e2e = {{ flow = [ {flow[:-2]} ]; }}; }};\n")
        shutil.rmtree(scene.path("root/cypress/e2e"))
        shown = scene.report("--config", scene.configuration)
        tap.equal(
            [r["scopes"][0]["flow"] == believed["scopes"][0]["flow"] for r in (believed, shown)]
            + [r["scopes"][0]["hosts"][0]["status"] for r in (believed, shown)],
            [True, True, "PASS", "UNKNOWN"],
            f"{name} proves a pass only where the steps are those of the run's spec",
        )


# ---------------------------------------------------------------- the inventory


def inventories(tap):
    with Scene("02-fail-all-sources-agree") as scene:
        answer = scene.answer("text")
        tap.ok(
            answer.errors == "" and b"kernel" not in answer.output,
            "without an inventory nothing is said of kernels",
            answer,
        )
        answer = scene.answer("text", "--inventory", scene.path("nowhere.md"))
        tap.ok(
            f"VM inventory {scene.path('nowhere.md')}: No such file or directory" in answer.errors
            and answer.status == 0
            and b"FAILED" in answer.output
            and b"kernel" not in answer.output,
            "one that was named and is missing is a warning, and the status comes all the same",
            answer,
        )
        with open(scene.configuration, "a", encoding="utf-8") as file:
            file.write(f'vm_inventory = "{scene.inventory}";\n')
        answer = scene.answer("text", "--config", scene.configuration)
        tap.ok(b"kernel 5.14.0-162|rt" in answer.output, "the configuration names it, too", answer)
        os.unlink(scene.inventory)
        os.mkfifo(scene.inventory)
        answer = scene.answer("text", "--config", scene.configuration)
        tap.ok(
            "is not a regular file" in answer.errors and answer.status == 0,
            "a FIFO in its place does not hang",
            answer,
        )


# ---------------------------------------------------------------- categorized runs


def categorized(tap):
    name = "a categorized run"
    with Scene("17-grouped-batch-two-hosts") as scene:
        told = scene.report()
        scene.argv.remove("--categorize")
        told_otherwise = scene.report(ATVM_WATCHER_CATEGORIZED="yes")
        tap.equal(told_otherwise, told, f"{name}: the environment says it as well as the option")
        command = {"ATVM_WATCHER_TEMPLATE_COMMAND": "cmc-templates.py --categorize --randomize"}
        message = scene.message("text", ATVM_WATCHER_CATEGORIZED="1", **command)
        coverage = section(message, "COVERAGE:")
        tap.ok(
            coverage.count("Categorize: yes") == 1 and coverage[-1] == "Options: --randomize",
            f"{name}: said once, and not again as a flag",
            message,
        )


def asked_for_and_blacklisted(tap):
    name = "a blacklisted host that was asked for"
    with Scene("36-missing-host-in-table") as scene:
        asked = ",".join([*scene.given["requested_hosts"], "atvm144-suse15.0"])
        options = ["--config", scene.configuration, "--hosts", asked]
        plain, message = scene.report(*options), scene.message("text", *options)
        status = {h["name"]: h["status"] for h in plain["scopes"][0]["hosts"]}["atvm144-suse15.0"]
        tap.ok(status not in ("PASS", "SKIPPED"), f"{name} is not passed over", status)
        tap.ok(
            f"atvm144-suse15.0 - {status} - blacklisted: crashes (bug)"
            in section(message, "HOSTS:")
            and "Left out on purpose" not in message,
            f"{name}: the reason stands with it",
            message,
        )


# ---------------------------------------------------------------- the watcher itself


def long_failure_text(scenario):
    """The recorded run with the huge error, whose lines differ: none is left out as repeated."""
    shutil.copytree(os.path.join(FIXTURES, "33-huge-error-and-ansi"), scenario)
    path, lines = os.path.join(scenario, "run.log"), itertools.count(1000)
    with open(path, "rb") as file:
        text = re.sub(rb"multipathd\[812\]", lambda _: b"multipathd[%d]" % next(lines), file.read())
    with open(path, "wb") as file:
        file.write(text)


def watched(tap):
    """The same facts reach what `run` posts; its tag and the whole report in the state folder."""
    name = "watched live"
    with tempfile.TemporaryDirectory(prefix="atvm-message.") as place:
        scenario, live = os.path.join(place, "scenario"), os.path.join(place, "live")
        inventory = os.path.join(place, "inventory.md")
        long_failure_text(scenario)
        os.mkdir(live)
        lapse = TimeLapse(scenario, live, 2, build=f"live.{os.getpid()}.33")
        with open(inventory, "w", encoding="utf-8") as file:
            file.write(INVENTORY)
        lapse.prepare(CONFIGURATION + f'vm_inventory = "{inventory}";\n')
        lapse.start_runner()
        watcher = subprocess.Popen(
            lapse.command(WATCHER) + ["--quiet"],
            env={**lapse.environment(), **ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            lapse.play(go_on=lambda: watcher.poll() is None)
            lapse.end_runner()
            output, errors = watcher.communicate(timeout=DEADLINE)
        finally:
            if watcher.poll() is None:
                watcher.kill()
                watcher.communicate()
            lapse.close()
        message, errors = output.decode().rstrip("\n"), errors.decode()
        tag = message.splitlines()[-1]
        folder = os.path.join(lapse.state_root, lapse.build)
        with open(os.path.join(folder, "report.txt"), encoding="utf-8") as file:
            whole = file.read()
        tap.equal(watcher.returncode, 0, f"{name}: the watcher ends well", errors)
        tap.ok(
            "kernel 5.14.0-162|rt.x86_64)" in message
            and "Config: cypress.atvm-config-gold.ts (family gold)" in message
            and re.search(r"Start: .* E[DS]T \(UTC-0[45]:00\)", message),
            f"{name}: kernel, coverage and time zone",
            message,
        )
        tap.ok(SHOWN_COMMAND in message, f"{name}: the template command", message)
        tap.equal(
            [re.sub("[0-9a-f]{8}", "#", tag)],
            ["Message #, part 1/1"],
            f"{name}: the last line tells the message from others",
        )
        tap.ok(
            f"Shortened: failure text of 1 host. The full report: {folder}/report.txt" in message,
            f"{name}: what was cut is said, and where the whole is",
            message,
        )
        tap.ok(
            "Shortened:" not in whole
            and "characters left out" not in whole
            and len(whole) > len(message)
            and whole.splitlines()[-1] == tag,
            f"{name}: the report in the state folder is whole",
            whole[-3000:],
        )
        kept = []
        for path in (os.path.join(at, n) for at, _, names in os.walk(folder) for n in names):
            with open(path, errors="replace", encoding="utf-8") as file:
                kept.append(file.read())
        check_secrets(tap, message + errors + "".join(kept), f"{name}: message, log and state")


with Tap() as tap:
    for part in (
        full_text,
        full_markdown,
        options_and_environment,
        configured_flow,
        built_in_flow,
        inventories,
        categorized,
        asked_for_and_blacklisted,
        watched,
    ):
        tap.part(part)
