#!/usr/bin/env python3
"""Artifacts made on the spot by the real reporters are judged as mocha itself saw its tests: from
all of them and from one kind alone. cypress-cloud's own table printer is read back.

mocha, mochawesome, mocha-junit-reporter, cypress-terminal-report (its output processors) and
cypress-cloud (its table code) are installed with npm below the build tree. Without npm or a way to
its registry the test says so and is skipped."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

from harness import BUILD, HERE, WATCHER, Answer, Tap
from real_specs import BOOKKEEPING, CONFIG, SPECS

SETS = {
    "mocha-7": ["mocha@7.0.1", "mochawesome@7.1.4", "mocha-junit-reporter@2.0.2"],
    "mocha-10": ["mocha@10.8.2", "mochawesome@7.1.4", "mocha-junit-reporter@2.2.1"],
}
COMMON = ["cypress-terminal-report@6.2.0", "cypress-cloud@1.10.2"]
INSTALL_SECONDS = 240
# What npm says when there is no way to the registry; anything else it says is a failure.
OFFLINE = re.compile(
    "ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|"
    "ERR_SOCKET_TIMEOUT|ENOTCACHED|E40[137]|E50[0-9]|UNABLE_TO_|SELF_SIGNED"
)

BUILD_NAME = "e2e-real-reporters"
URL = "https://app.currents.dev/run/0123456789abcdef"

# -------------------------------------------------------------------- packages


def install(name, packages):
    """Returns (folder with node_modules, None) or (None, why there is none)."""
    if not shutil.which("node") or not shutil.which("npm"):
        return None, "npm is not installed"
    folder = os.path.join(BUILD, "tests", "real-reporters", name)
    note = os.path.join(folder, "installed")
    wanted = " ".join(packages)
    if os.path.exists(note) and open(note, encoding="ascii").read() == wanted:
        return folder, None
    os.makedirs(folder, exist_ok=True)
    # cypress itself, a peer of two of them, is neither wanted nor to be downloaded.
    options = "--ignore-scripts --legacy-peer-deps --no-audit --no-fund --no-update-notifier"
    argv = ["npm", "install", "--prefix", folder, "--prefer-offline", *options.split(), *packages]
    try:
        npm = subprocess.run(
            argv, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None, f"npm install did not end in {INSTALL_SECONDS} s"
    if npm.returncode != 0:
        offline = OFFLINE.search(npm.stderr)
        if not offline:
            raise RuntimeError(f"{' '.join(argv)}\n{npm.stderr}")
        return None, f"npm cannot reach its registry ({offline[0]})"
    with open(note, "w", encoding="ascii") as file:
        file.write(wanted)
    return folder, None


# -------------------------------------------------------------------- a run of them


class Run:
    """An automation root. A context manager."""

    def __init__(self, modules):
        self.modules = modules
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-real.")
        self.began = int(time.time()) - 2
        os.makedirs(self.path("no-processes"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def node(self, script, *arguments, **options):
        return subprocess.run(
            ["node", os.path.join(HERE, script), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            **options,
        ).stdout

    def write_config(self, specs):
        lines = "\n".join(f'      "{spec}",' for spec in specs)
        self.write("root/cypress.atvm-config-gold.ts", CONFIG % lines)

    def write_log(self, specs, outputs, rows, color=False):
        """A run log: what the wrapper and cypress-cloud print around the reporter's text."""
        self.write("rows.json", json.dumps(rows))
        arguments = self.modules, self.path("rows.json"), URL
        environment = {**os.environ, "FORCE_COLOR": "1" if color else "0"}
        table = self.node("cloud-table.js", *arguments, env=environment)
        rule = "\n" + "=" * 100 + "\n\n"
        text = f"Extracted specPattern: {specs!r}\n🎥 Run URL: {URL}\n"
        for i, (spec, output) in enumerate(zip(specs, outputs)):
            name = f"  Running:  {os.path.basename(spec)}"
            text += f"{rule}Running: {spec} ({i + 1}/{len(specs)})\n{rule}"
            text += f"{name:<90}({1} of {1})\n\n\n{output}\n"
        text += table + "Detected 'Recorded Run' after 'Cloud Run Finished' - results uploaded.\n"
        self.write("run.log", text)

    def report(self, *more):
        argv = [WATCHER, "replay", "--format", "json", "--build", BUILD_NAME]
        argv += ["--root", self.path("root"), "--run-log", self.path("run.log")]
        argv += ["--proc-root", self.path("no-processes")]
        argv += ["--cypress-config", "cypress.atvm-config-gold.ts"]
        argv += ["--since", str(self.began), "--now", str(int(time.time()) + 60), *more]
        answer = Answer(argv)
        report = answer.report()
        if answer.status != 0 or report is None:
            raise AssertionError(str(answer))
        return report


def hosts_of(report):
    return {host["name"]: host for host in report["scopes"][0]["hosts"]}


# -------------------------------------------------------------------- artifacts of the reporters

REPORTS = "root/cypress/cmcReporter"
# Which files are left; the bookkeeping XML, which proves the end, always is.
KINDS = {
    "junit": "/xml/.*xml$",
    "mochawesome JSON": "/mochawesome/.*json$",
    "mochawesome HTML": "/mochawesome/.*html$",
    "the terminal report's JSON": "/logs/.*json$",
    "the terminal report's text": "/logs/.*txt$",
    "mocha's own JSON": "/stats/.*json$",
    "the run log": "^$",
    "all artifacts": "/(xml|mochawesome|logs)/",
}
LOGS = ("the terminal report's JSON", "the terminal report's text")


class RealRun(Run):
    """The specs of SPECS, run with the reporters. `seen`: {host: what mocha itself saw}."""

    def __init__(self, modules):
        super().__init__(modules)
        self.specs = [f"cypress/e2e/atvm/{spec.host}.ts" for spec in SPECS]
        for spec, name in zip(SPECS, self.specs):
            self.write(f"root/{name}", spec.text())
        self.write("root/cypress/e2e/check-xml-files.ts", BOOKKEEPING)
        self.write_config(self.specs)
        self.make_artifacts()
        os.rename(self.path(REPORTS), self.path("made"))

    def make_artifacts(self):
        job = {
            "modules": self.modules,
            "root": self.path("root"),
            "build": BUILD_NAME,
            "specs": [{"name": s.host, "file": f} for s, f in zip(SPECS, self.specs)],
            "bookkeeping": "cypress/e2e/check-xml-files.ts",
        }
        self.write("job.json", json.dumps(job))
        self.node("real-reporters.js", self.path("job.json"), self.path("seen.json"))
        with open(self.path("seen.json"), encoding="utf-8") as file:
            self.seen = {result["name"]: result for result in json.load(file)}

    def leave(self, kind):
        """Leaves one kind of artifacts where a run leaves them."""
        shutil.rmtree(self.path(REPORTS), ignore_errors=True)
        if os.path.exists(self.path("run.log")):
            os.remove(self.path("run.log"))
        for folder, _, names in os.walk(self.path("made")):
            for name in names:
                source = os.path.join(folder, name)
                if re.search(KINDS[kind], source) or BUILD_NAME in name:
                    # What mocha prints itself takes the place of the reporter's own log.
                    target = source.replace("/stats/", "/logs/")
                    target = target.replace(self.path("made"), self.path(REPORTS))
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    shutil.copy2(source, target)
        if kind == "the run log":
            self.write_log(self.specs, [self.seen[s.host]["output"] for s in SPECS], self.rows())

    def rows(self):
        """As Cypress counts: a hook fails the test that it ran for."""
        rows = []
        for spec, file in zip(SPECS, self.specs):
            seen = self.seen[spec.host]
            failures, pending = len(seen["failures"]), seen["pending"]
            passes = min(seen["passes"], seen["tests"] - failures - pending)
            row = {"spec": os.path.basename(file), "duration": 1234, "tests": seen["tests"]}
            row.update(passes=passes, failures=failures, pending=pending)
            rows.append({**row, "skipped": seen["tests"] - passes - failures - pending})
        return rows


def wanted_status(name, kind, spec):
    """PASS, FAIL or None: nothing final."""
    if kind in LOGS and spec.status == "PASS":
        return None  # the built-in logs hold no states: they show a fail, never prove a pass
    if kind.startswith("mochawesome") and has_lost_attempts(name, kind, spec):
        return None if spec.status == "PASS" else spec.status
    return None if spec.status == "UNKNOWN" else spec.status


def has_lost_attempts(name, kind, spec):
    """With mocha 7, mochawesome knows only the first attempt at a retried test, without its end."""
    return name == "mocha-7" and spec.is_retried and kind.startswith(("mochawesome", "all"))


def wanted_step(kind, spec, seen):
    if not seen["failures"]:
        return None
    title = seen["failures"][0]["title"]
    if kind not in LOGS:
        return {title}
    around = re.match('"(before|after) all" hook', title)
    test = re.search(' hook for "(.*)"$', title)
    return {f"[[ {around[1]} all #1 ]]" if around else test[1] if test else title}


def squash(text):
    return re.sub(r"\s+", " ", text or "")


def text_of(host):
    return squash(f'{host["error"] or ""} {host["excerpt"] or ""}')


def wrong_text(kind, spec, host):
    """Words of the failure's own text are told, and none of another host's."""
    text = text_of(host)
    wanted = "" if kind in LOGS else spec.error
    foreign = [s.error for s in SPECS if s.error and s is not spec and s.error in text]
    if wanted not in text or foreign:
        return [f"{spec.host}: {text!r} should hold {wanted!r}, and not {foreign}"]
    return []


def compare(name, kind, run, hosts):
    """What is wrong, by question: {"status": [...], ...}."""
    wrong = {"status": [], "step": [], "text": [], "counts": []}
    for spec in SPECS:
        host, want = hosts[spec.host], wanted_status(name, kind, spec)
        got = host["status"] if host["status"] in ("PASS", "FAIL", "SKIPPED") else None
        if got != want:
            wrong["status"].append(f"{spec.host}: {host['status']}, want {want}")
        if want == "FAIL" and not has_lost_attempts(name, kind, spec):
            steps = wanted_step(kind, spec, run.seen[spec.host])
            if kind == "all artifacts":
                steps |= wanted_step(LOGS[0], spec, run.seen[spec.host])
            if host["step"] not in steps:
                wrong["step"].append(f"{spec.host}: {host['step']!r}, want {steps}")
            wrong["text"] += wrong_text(kind, spec, host)
        lost = (None,) * 4 if has_lost_attempts(name, kind, spec) else spec.counts
        counts = tuple(host[key] for key in ("tests", "passed", "failed", "pending"))
        if spec.counts and kind not in LOGS and want and counts not in (spec.counts, lost):
            wrong["counts"].append(f"{spec.host}: {counts}, want {spec.counts}")
    return wrong


def judged_as_seen(tap, name, run):
    for kind in KINDS:
        run.leave(kind)
        report = run.report()
        for question, problems in compare(name, kind, run, hosts_of(report)).items():
            tap.ok(not problems, f"{name}, {kind}: {question}", "\n".join(problems))
        tap.ok(report["state"] == "UNKNOWN", f"{name}, {kind}: the run without result", report)


def ended_runs(tap, name, run):
    """The passing hosts alone are a passed run, with a failing one it is a failed run."""
    passing = [s.host for s in SPECS if s.status == "PASS" and not s.is_retried]
    failing = [s.host for s in SPECS if s.status == "FAIL"]
    for kind in [kind for kind in KINDS if kind not in LOGS and kind != "the run log"]:
        run.leave(kind)
        state = run.report("--hosts", ",".join(passing))["state"]
        tap.equal(state, "COMPLETED", f"{name}, {kind}: hosts that passed")
        state = run.report("--hosts", ",".join(passing + failing[-1:]))["state"]
        tap.equal(state, "FAILED", f"{name}, {kind}: one that failed beside them")


# -------------------------------------------------------------------- the table

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
DURATIONS = [0, 1, 850, 999, 1000, 1049, 9_999, 59_999, MINUTE, MINUTE + 100, 10 * MINUTE + 5000,
             16 * MINUTE + 13_900, HOUR - 1, HOUR, HOUR + 5000, HOUR + MINUTE + 1000,
             HOUR + 13 * MINUTE + 5_200, 2 * HOUR + 29 * MINUTE + 24_900, DAY - 1, DAY + 1,
             DAY + HOUR + MINUTE + 1_100, 3 * DAY + 15 * HOUR + 50 * MINUTE + 19_900]  # fmt: skip
ODD_NAMES = [
    "atvm1-redhat9.1",
    "atvm12345-ubuntu24.04.99999",  # with ".ts" exactly 30 characters, the width of the cell
    "atvm123456-ubuntu24.04.99999",  # one more
    "atvm7-windowsserver2025datacenterazureeditioncorewithoutgui",
    "atvm8-a",
]


def table_rows():
    """Every duration, with the odd names in turn; one in four failed."""
    rows = []
    for i, duration in enumerate(DURATIONS):
        base = ODD_NAMES[i % len(ODD_NAMES)]
        name = base.replace("atvm", f"atvm{i // len(ODD_NAMES)}" if i >= len(ODD_NAMES) else "atvm")
        failures, skipped = (1, i % 3) if i % 4 == 3 else (0, 0)
        row = {"spec": f"{name}.ts", "duration": duration, "tests": 9, "failures": failures}
        row.update(pending=i % 2, skipped=skipped, passes=9 - failures - skipped - i % 2)
        rows.append(row)
    return rows


def compare_rows(rows, hosts):
    wrong = []
    names = [os.path.basename(row["spec"])[: -len(".ts")] for row in rows]
    if list(hosts) != names:
        wrong.append(f"hosts {list(hosts)}, want {names}")
    for name, row in zip(names, rows):
        host = hosts.get(name, {})
        want = ["FAIL" if row["failures"] else "PASS"]
        want += [row[key] for key in ("tests", "passes", "failures", "pending", "skipped")]
        keys = ("status", "tests", "passed", "failed", "pending", "skipped")
        got = [host.get(key) for key in keys]
        # pretty-ms shows one decimal of the seconds, cut off and not rounded.
        shown = row["duration"] / 1000 if row["duration"] < 1000 else row["duration"] // 100 / 10
        if got != want or host["duration_s"] is None or abs(host["duration_s"] - shown) > 0.001:
            wrong.append(f"{name}: {got} {host.get('duration_s')}, want {want} {shown}")
    return wrong


def table_is_read_back(tap, modules):
    for color in (False, True):
        for folder in ("", "some/folder/"):
            rows = [{**row, "spec": folder + row["spec"]} for row in table_rows()]
            specs = [f"cypress/e2e/atvm/{row['spec']}" for row in rows]
            with Run(modules) as run:
                run.write_config(specs)
                run.write_log(specs, [""] * len(specs), rows, color)
                report = run.report()
            wrong = compare_rows(rows, hosts_of(report))
            what = f"{'coloured' if color else 'plain'}, specs below {folder or '.'}"
            tap.ok(not wrong, f"cypress-cloud's table, {what}: every row", "\n".join(wrong))
            tap.equal(report["state"], "FAILED", f"cypress-cloud's table, {what}: the run")


def main():
    with Tap() as tap:
        for name, packages in SETS.items():
            modules, reason = install(name, packages + COMMON)
            if not modules:
                tap.skip(f"artifacts of the real reporters, {name}", reason)
                continue
            with RealRun(modules) as run:
                tap.part(judged_as_seen, name, run)
                tap.part(ended_runs, name, run)
            if name == "mocha-7":
                tap.part(table_is_read_back, modules)


if __name__ == "__main__":
    main()
