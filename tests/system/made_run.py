"""A run made up so that every source about its one host says something else: other counts, another
duration, another text, and, where wanted, another failing step."""
import json
import os
import tempfile
import time

from harness import WATCHER, Answer

HOST = "atvm71-redhat9.1"
BUILD_NAME = "e2e-made-up"
SPEC = f"cypress/e2e/atvm/{HOST}.ts"
SUITE = f"cmc-e2e {HOST}"
BEGAN = 1776358800  # 2026-04-16T17:00:00Z
NOW = BEGAN + 3600
STAMP = "2026-04-16T17-00-00"
REPORTS = "root/cypress/cmcReporter"
FLOW = [f"{n}. Step {n}" for n in (1, 2, 3)]


class Testimony:
    """What one source says of the host: the number of its tests, which of them failed (None: none),
    and the seconds it took."""

    def __init__(self, source, tests, seconds, failed):
        self.source, self.tests, self.seconds, self.failed = source, tests, seconds, failed
        self.text = f"told by {source}"

    def titles(self):
        return [f"{n}. Step {n}" for n in range(1, self.tests + 1)]

    def step(self):
        return None if self.failed is None else self.titles()[self.failed - 1]

    def failures(self):
        return 0 if self.failed is None else 1

    def passes(self):
        return self.tests - self.failures()


def iso(seconds, end):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + end


# -------------------------------------------------------------------- one artifact a source


def run_log(told):
    lines = [f"Extracted specPattern: ['{SPEC}']", "", "=" * 100, "", f"Running: {SPEC} (1/1)", ""]
    lines += [f"  Running:  {HOST}.ts{'':>60}(1 of 1)", "", "", f"  {SUITE}"]
    for title in told.titles():
        lines.append(f"    1) {title}" if title == told.step() else f"    ✓ {title}")
    lines += ["", "", f"  {told.passes()} passing (16m)"]
    if told.failed is not None:
        lines += ["  1 failing", "", f"  1) {SUITE}", f"       {told.step()}:"]
        lines += [f"     Error: {told.text}", "      at f (a.ts:1:2)"]
    mark = "✖" if told.failed is not None else "✔"
    totals = "1 of 1 failed" if told.failed is not None else "All specs passed!"
    numbers = f"{told.seconds}s", told.tests, told.passes() or "-", told.failures() or "-", "-", "-"
    cells = "".join(f"{number:>8}  " for number in numbers)
    rule = "─" * 96
    lines += ["", "", "=" * 100, "", "", "  Cloud Run Finished  ", "", f"  ┌{rule}┐"]
    head = "   Tests   Passing   Failing   Pending   Skipped"
    lines += [f"  │ {'':2}  {'Spec':30}  {'':8}  {head} │"]
    lines += [f"  ├{rule}┤", f"  │ {mark:2}  {HOST + '.ts':30}  {cells[:-1]}│", f"  ├{rule}┤"]
    lines += [f"  │ {mark:2}  {totals:30}  {cells[:-1]}│", f"  └{rule}┘", "", ""]
    lines += ["🏁 Recorded Run: https://app.currents.dev/run/0123456789abcdef", ""]
    return {"run.log": "\n".join(lines)}


def junit(told):
    cases = "".join(
        f'<testcase name="{SUITE} {title}" classname="{title}" time="1">'
        + (
            f'<failure message="{told.text}" type="Error">Error: {told.text}</failure>'
            if title == told.step()
            else ""
        )
        + "</testcase>\n"
        for title in told.titles()
    )
    totals = f'tests="{told.tests}" failures="{told.failures()}" time="{told.seconds}"'
    xml = (
        f'<?xml version="1.0"?>\n<testsuites name="Mocha Tests" {totals}>\n'
        f'<testsuite name="{SUITE}" file="{SPEC}" timestamp="{iso(BEGAN, "")}" {totals}>\n'
        f"{cases}</testsuite></testsuites>\n"
    )
    return {f"{REPORTS}/xml/test-result-{HOST}.xml": xml}


def stats(told):
    times = {"start": iso(BEGAN, ".000Z"), "end": iso(BEGAN + told.seconds, ".000Z")}
    return {
        "suites": 1,
        "tests": told.tests,
        "passes": told.passes(),
        "pending": 0,
        "failures": told.failures(),
        "duration": told.seconds * 1000,
        **times,
    }


def mochawesome(told):
    tests = [
        {
            "title": title,
            "fullTitle": f"{SUITE} {title}",
            "pass": title != told.step(),
            "fail": title == told.step(),
            "pending": False,
            "skipped": False,
            "err": {"message": f"Error: {told.text}"} if title == told.step() else {},
        }
        for title in told.titles()
    ]
    suite = {"title": SUITE, "tests": tests, "suites": []}
    root = {"title": "", "file": SPEC, "fullFile": SPEC, "tests": [], "suites": [suite]}
    report = {"stats": {**stats(told), "testsRegistered": told.tests}, "results": [root]}
    return {f"{REPORTS}/mochawesome/{HOST}_{STAMP}.json": json.dumps(report)}


def reporter_json(told):
    tests = [
        {
            "title": title,
            "fullTitle": f"{SUITE} {title}",
            "err": {"message": told.text, "stack": f"Error: {told.text}"}
            if title == told.step()
            else {},
        }
        for title in told.titles()
    ]
    report = {
        "stats": stats(told),
        "tests": tests,
        "pending": [],
        "failures": [test for test in tests if test["err"]],
        "passes": [test for test in tests if not test["err"]],
    }
    return {f"{REPORTS}/logs/{HOST}/{HOST}_{STAMP}.json": json.dumps(report)}


def reporter_txt(told):
    text = SPEC + "\n"
    for title in told.titles():
        text += f"\n{SUITE} -> {title}\n  cy:log success: {title}\n"
        if title == told.step():
            text += f"  cy:command error: task\tatvmStep\n      Error: {told.text}\n"
    return {f"{REPORTS}/logs/{HOST}/{HOST}_{STAMP}.txt": text}


WRITERS = {
    "runlog": run_log,
    "mochawesome": mochawesome,
    "junit": junit,
    "reporter-json": reporter_json,
    "reporter-txt": reporter_txt,
}
SOURCES = list(WRITERS)

BOOKKEEPING = (
    '<?xml version="1.0"?>\n<testsuites tests="1" failures="0" time="1">\n'
    '<testsuite name="Check XML files" file="cypress/e2e/check-xml-files.ts" timestamp="{}" '
    'tests="1" failures="0" time="1">\n'
    '<testcase name="Check XML files check" classname="check" time="1"/></testsuite></testsuites>\n'
)


def generated_spec():
    steps = "".join(f'  it("{title}", () => {{}});\n' for title in FLOW)
    return f'describe("{SUITE}", () => {{\n{steps}}});\n'


class MadeRun:
    """The run in a folder of its own. A context manager. failed: {source: number of the test that
    it says has failed; None: it says that all passed}; other sources leave nothing."""

    def __init__(self, failed):
        self.told = {
            source: Testimony(source, 10 + i, 1000 + 100 * i, failed[source])
            for i, source in enumerate(SOURCES)
            if source in failed
        }

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-made.")
        for source, told in self.told.items():
            for name, text in WRITERS[source](told).items():
                self.write(name, text, BEGAN + 2000)
        self.write(f"root/{SPEC}", generated_spec(), BEGAN - 60)
        config = f'export default {{ e2e: {{ specPattern: ["{SPEC}"] }} }};\n'
        self.write("root/cypress.atvm-config-gold.ts", config, BEGAN - 60)
        end = BOOKKEEPING.format(iso(BEGAN + 2100, ""))
        self.write(f"{REPORTS}/xml/test-result-{BUILD_NAME}.xml", end, BEGAN + 2101)
        os.mkdir(self.path("no-processes"))
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text, when):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.utime(self.path(name), (when, when))

    def report(self, configuration):
        """The report that the watcher makes of it with this text as its configuration file."""
        self.write("watcher.conf", configuration, NOW)
        argv = [WATCHER, "replay", "--format", "json", "--build", BUILD_NAME]
        argv += ["--config", self.path("watcher.conf"), "--root", self.path("root")]
        argv += ["--run-log", self.path("run.log"), "--proc-root", self.path("no-processes")]
        argv += ["--cypress-config", "cypress.atvm-config-gold.ts"]
        argv += ["--since", str(BEGAN - 10), "--now", str(NOW)]
        answer = Answer(argv)
        report = answer.report()
        if answer.status != 0 or report is None:
            raise AssertionError(f"{configuration}\n{answer}")
        return report
