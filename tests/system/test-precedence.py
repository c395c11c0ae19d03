#!/usr/bin/env python3
"""The configuration decides whom to believe, question by question: changing one order changes the
winner of that question, and nothing else. on_conflict settles direct results that disagree, and
nothing else."""
import os

from harness import BUILD, Tap
from made_run import FLOW, HOST, SOURCES, MadeRun

DEFAULTS = {
    "status": ["runlog", "mochawesome", "junit", "reporter-json", "reporter-txt"],
    "counts": ["runlog", "mochawesome", "junit", "reporter-json", "reporter-txt"],
    "step": ["runlog", "reporter-json", "mochawesome", "junit", "reporter-txt"],
    "excerpt": ["runlog", "mochawesome", "reporter-json", "reporter-txt", "junit"],
    "timing": ["runlog", "mochawesome", "junit", "reporter-json", "reporter-txt"],
}
OTHER_FLOW = ["1. Another flow", "2. Of another collector"]


def configured(order, on_conflict="worst", more=""):
    """A configuration with these orders; {} is the built-in one."""
    lines = [f"    {question} = {string_list(names)};" for question, names in order.items()]
    return "\n".join(
        [f'on_conflict = "{on_conflict}";', "precedence = {", *lines, "};", more, ""]
    )


def string_list(names):
    return "[ " + ", ".join(f'"{name}"' for name in names) + " ]"


def first(source, question):
    return {question: [source] + [name for name in DEFAULTS[question] if name != source]}


def answers(report):
    """{question: what the report says}."""
    host = report["scopes"][0]["hosts"][0]
    return {
        "state": report["state"],
        "status": host["status"],
        "counts": tuple(host[key] for key in ("tests", "passed", "failed", "pending", "skipped")),
        "step": host["step"],
        "excerpt": (host["error"] or "").removeprefix("Error: "),
        "timing": host["duration_s"],
        "flow": report["scopes"][0]["flow"],
    }


def said_by(told):
    """What the answers are where this source wins every question."""
    return {
        "counts": (told.tests, told.passes(), told.failures(), 0, 0),
        "step": told.step(),
        "excerpt": told.text if told.failed else "",
        "timing": float(told.seconds),
    }


# ---------------------------------------------------------------- sources that agree on the status


def every_question_has_its_own_order(tap):
    """All say that step 3 failed; they differ in everything else."""
    with MadeRun(dict.fromkeys(SOURCES, 3)) as run:
        usual = answers(run.report(configured({})))
        want = {"state": "FAILED", "status": "FAIL", "flow": FLOW, **said_by(run.told["runlog"])}
        tap.equal(usual, want, "by default the run log answers")
        for question in ("counts", "excerpt", "timing", "step", "status"):
            for source in SOURCES:
                got = answers(run.report(configured(first(source, question))))
                # A text log has no times: the next in the order answers.
                silent = (source, question) == ("reporter-txt", "timing")
                own = {question: said_by(run.told[source]).get(question, usual[question])}
                want = usual if silent else {**usual, **own}
                tap.equal(got, want, f"{source} first for {question}")


def the_text_follows_the_step(tap):
    """Each says that another step failed: who names the step tells its text, whatever the order of
    the texts."""
    with MadeRun({source: 1 + i for i, source in enumerate(SOURCES)}) as run:
        usual = answers(run.report(configured({})))
        for source in SOURCES:
            said = said_by(run.told[source])
            got = answers(run.report(configured(first(source, "step"))))
            want = {**usual, "step": said["step"], "excerpt": said["excerpt"]}
            tap.equal(got, want, f"{source} first for step: its step and its text")
            got = answers(run.report(configured(first(source, "excerpt"))))
            tap.equal(got, usual, f"{source} first for excerpt: the text is of the named step")


def short_orders(tap):
    """A collector that an order does not name comes after those that it names."""
    with MadeRun(dict.fromkeys(SOURCES, 3)) as run:
        usual = answers(run.report(configured({})))
        got = answers(run.report(configured({"counts": ["junit"]})))
        want = {**usual, "counts": said_by(run.told["junit"])["counts"]}
        tap.equal(got, want, "an order of one name")
    with MadeRun({"mochawesome": 3, "reporter-json": 3}) as run:
        got = answers(run.report(configured({"counts": ["junit", "reporter-json"]})))["counts"]
        want = said_by(run.told["reporter-json"])["counts"]
        tap.equal(got, want, "a name without evidence leaves its place to the next")


# -------------------------------------------------------------------- sources that disagree

CONFLICT = {"runlog": None, "mochawesome": 3, "junit": None, "reporter-json": 3}


def settled(on_conflict, leader):
    """The status of the host of CONFLICT when `leader` is first in the order."""
    if on_conflict == "unknown":
        return "UNKNOWN"
    return "PASS" if on_conflict == "precedence" and CONFLICT[leader] is None else "FAIL"


def conflicts(tap):
    states = {"PASS": "COMPLETED", "FAIL": "FAILED", "UNKNOWN": "UNKNOWN"}
    with MadeRun(CONFLICT) as run:
        for on_conflict in ("worst", "precedence", "unknown"):
            for leader in CONFLICT:
                order = configured(first(leader, "status"), on_conflict)
                report = run.report(order)
                got, status = answers(report), settled(on_conflict, leader)
                name = f'on_conflict = "{on_conflict}", {leader} first for status'
                tap.equal((got["status"], got["state"]), (status, states[status]), name)
                want = said_by(run.told["runlog"])
                same = got["counts"] == want["counts"] and got["timing"] == want["timing"]
                tap.ok(same, f"{name}: counts and timing stay", got)
                noted = [c["host"] for c in report["scopes"][0]["conflicts"]]
                tap.equal(noted, [HOST], f"{name}: the conflict is recorded")
        # The status has an order of its own.
        for question in ("counts", "step", "excerpt", "timing"):
            got = answers(run.report(configured(first("mochawesome", question), "precedence")))
            tap.equal(got["status"], "PASS", f"the order for {question} does not settle the status")


def agreement_is_no_conflict(tap):
    for number, status in ((3, "FAIL"), (None, "PASS")):
        with MadeRun(dict.fromkeys(SOURCES, number)) as run:
            for on_conflict in ("worst", "precedence", "unknown"):
                report = run.report(configured({}, on_conflict))
                tap.equal(
                    (answers(report)["status"], report["scopes"][0]["conflicts"]),
                    (status, []),
                    f'on_conflict = "{on_conflict}": all say {status}',
                )


def basis_stands_before_precedence(tap):
    """A text log is a hint: first in the order, it is still no match for a direct result."""
    failed = {"runlog": None, "junit": None, "mochawesome": None, "reporter-txt": 3}
    for on_conflict in ("worst", "precedence", "unknown"):
        order = configured(first("reporter-txt", "status"), on_conflict)
        with MadeRun(failed) as run:
            got = answers(run.report(order))["status"]
            name = f'on_conflict = "{on_conflict}": a failure marker'
            tap.equal(got, "PASS", f"{name} against the host's passing row")
        with MadeRun({"junit": None, "reporter-txt": 3}) as run:
            got = answers(run.report(order))["status"]
            tap.equal(got, "UNKNOWN", f"{name} against a direct pass without a row")
        with MadeRun({"junit": 3, "reporter-txt": None}) as run:
            got = answers(run.report(order))["status"]
            tap.equal(got, "FAIL", f'on_conflict = "{on_conflict}": a clean log, a direct failure')


# -------------------------------------------------------------------- the flow


def flows(tap):
    """Two collectors that give a flow: the one that stands first, and never both."""
    module = os.path.join(BUILD, "tests", "system", ".libs", "flow-collector.so")
    names = ["proc", *SOURCES, "spec"]
    entries = [f'{{ module = "{name}"; }}' for name in names]
    options = f'name = "other"; host = "{HOST}"; steps = {string_list(OTHER_FLOW)};'
    entries.append(f'{{ module = "{module}"; {options} }}')
    collectors = f"collectors = ( {', '.join(entries)} );"
    with MadeRun(dict.fromkeys(SOURCES, 3)) as run:
        usual = answers(run.report(configured({})))
        for order, flow in [
            (["spec", "other"], FLOW),
            (["other", "spec"], OTHER_FLOW),
            (["spec"], FLOW),
            (["other"], OTHER_FLOW),
        ]:
            got = answers(run.report(configured({"flow": order}, more=collectors)))
            tap.equal(got, {**usual, "flow": flow}, f"flow = {string_list(order)}")


def main():
    with Tap() as tap:
        tap.part(every_question_has_its_own_order)
        tap.part(the_text_follows_the_step)
        tap.part(short_orders)
        tap.part(conflicts)
        tap.part(agreement_is_no_conflict)
        tap.part(basis_stands_before_precedence)
        tap.part(flows)


if __name__ == "__main__":
    main()
