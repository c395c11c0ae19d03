#!/usr/bin/env python3
"""No artifact that is cut off at any byte, deleted, emptied or damaged turns a FAIL into a PASS,
breaks replay or takes its report away.

Every recorded run is damaged at random places and replayed. The same seed makes the same cases:

  ATVM_DAMAGE_CASES   how many, about (25 ms each)
  ATVM_DAMAGE_SEED    the seed
  ATVM_DAMAGE_ONLY    comma list of beginnings of scenario names

A case that breaks a promise is printed as a line; with such a line as its argument the program
replays only that one and prints the answer:

  test-damage.py '02-fail-all-sources-agree: cut run.log at byte 1200'
"""
import concurrent.futures
import itertools
import json
import os
import random
import re
import sys
import zlib

from damage import Bench, Case, Damage, write_no_core_files
from harness import FIXTURES, Recording, Tap, is_sanitized
from made_run import HOST, STAMPS, MadeRun, Testimony

SANITIZED = is_sanitized()
CASES = int(os.environ.get("ATVM_DAMAGE_CASES", "200" if SANITIZED else "1600"))
SEED = int(os.environ.get("ATVM_DAMAGE_SEED", "20261123"))
ONLY = tuple(os.environ.get("ATVM_DAMAGE_ONLY", "").split(","))
SECONDS = 120.0 if SANITIZED else 30.0
# Of four cases three are in runs where a host failed.
FAILED_SHARE = 0.75
# How many examples of a broken promise are printed.
SHOWN = 8

# A failure marker in the log of a host that passed: only its passing table row outweighs it, and
# without any direct result the marker decides (R5.2). There a loss may turn PASS into FAIL.
CONTRADICTED = {"47-derived-failure-against-passing-row"}

# An XML of another day lies among the artifacts, which only its own time tells: without that time
# and without all other testimonies about the host it would be believed.
STALE_WITHIN = {"23-conflict-stale-xml-vs-table"}


def read_truths():
    """{scenario: {host: its true status}}."""
    found = {}
    for scenario in sorted(os.listdir(FIXTURES)):
        path = os.path.join(FIXTURES, scenario, "expected.json")
        if scenario.startswith(ONLY) and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                found[scenario] = {h["host"]: h["status"] for h in json.load(file)["hosts"]}
    return found


# -------------------------------------------------------------------- cases


def alone(chance, path, whole, hosts):
    """The deletion of every other testimony about the host that an artifact is about."""
    mine = [host for host in hosts if host in path] or [chance.choice(sorted(hosts))]
    return [
        Damage("delete", other)
        for other in whole
        if other != path and (other == "run.log" or mine[0] in other)
    ]


def second_damage(chance, path, whole):
    """Another artifact is deleted or damaged, or the same one is damaged once more."""
    kind = "delete" if chance.random() < 0.4 else chance.choice(Damage.KINDS)
    other = chance.choice(sorted(whole))
    if other == path:
        kind = chance.choice(["noise", "byte", "blank", "cut"])
    return [Damage.drawn(chance, kind, other, whole[other])]


def cases_of(scenario, whole, hosts, count):
    """Every artifact gets every kind of damage in turn: alone, with a second damage, or as the only
    artifact that is left about its host."""
    chance = random.Random(SEED ^ zlib.crc32(scenario.encode()))
    turns = list(itertools.product(sorted(whole), Damage.KINDS))
    chance.shuffle(turns)
    for path, kind in itertools.islice(itertools.cycle(turns), count):
        damages = [Damage.drawn(chance, kind, path, whole[path])]
        more = chance.random()
        if more < 0.4:
            damages += second_damage(chance, path, whole)
        elif more < 0.6 and scenario not in STALE_WITHIN:
            damages += alone(chance, path, whole, hosts)
        yield Case(scenario, damages)


def outcomes_of(scenario, hosts, count):
    with Bench(Recording(scenario)) as bench:
        cases = cases_of(scenario, bench.whole, hosts, count) if bench.whole else []
        return [bench.outcome(case, SECONDS) for case in cases]


def all_outcomes(truths):
    failed = [s for s, hosts in truths.items() if "FAIL" in hosts.values()]
    others = [s for s in truths if s not in failed]
    counts = {s: CASES * FAILED_SHARE / len(failed) for s in failed}
    counts.update((s, CASES * (1 - FAILED_SHARE) / len(others)) for s in others)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        work = [pool.submit(outcomes_of, s, truths[s], round(counts[s])) for s in counts]
        return [outcome for part in work for outcome in part.result()]


# -------------------------------------------------------------------- promises


class Judge:
    """Tells which promise an outcome breaks."""

    def __init__(self, truths):
        self.truths = truths

    def hosts(self, outcome, status):
        return {h for h, s in self.truths[outcome.case.scenario].items() if s == status}

    def passes(self, outcome, status):
        """A host whose true status is `status` is called a PASS."""
        return any(outcome.hosts.get(h) == "PASS" for h in self.hosts(outcome, status))

    def false_pass(self, outcome):
        return self.passes(outcome, "FAIL")

    def false_completed(self, outcome):
        failed = self.hosts(outcome, "FAIL")
        return bool(failed) and (
            outcome.state == "COMPLETED"
            or any(s == "COMPLETED" and failed & set(h) for s, h in outcome.scopes.values())
        )

    def false_fail(self, outcome):
        return any(outcome.hosts.get(h) == "FAIL" for h in self.hosts(outcome, "PASS"))

    def lost_host(self, outcome):
        """Every scope was judged to its end without a host that the run had, and the run's reason
        does not tell of it; or the run is COMPLETED all the same."""
        final = all(state in ("COMPLETED", "FAILED") for state, _ in outcome.scopes.values())
        missing = set(self.truths[outcome.case.scenario]) - set(outcome.hosts)
        if not outcome.scopes or not final or not missing:
            return False
        return outcome.state == "COMPLETED" or not tells_of(outcome.reason, missing)


def tells_of(reason, hosts):
    """Whether it names one of them and counts the others; see hosts-of-no-sub-run in
    doc/judging.md."""
    told = re.search(r"no sub-run took (\S+?)(?: and (\d+) more)?$", reason)
    return bool(told) and told[1] in hosts and 1 + int(told[2] or 0) >= len(hosts)


def check(tap, name, broken):
    examples = "\n".join(map(str, broken[:SHOWN]))
    tap.ok(not broken, name, f"{len(broken)} cases with seed {SEED}:\n{examples}")


# -------------------------------------------------------------------- a log that stands alone


def text_log_cut_at_line_ends(tap):
    """A text log that is cut at a line end still looks whole; only the known flow tells that steps
    are missing. (Inside the last step nothing tells; this host failed before that.)"""
    scenario, host = "56-text-log-custom-or-built-in", "atvm160-w2k25"
    with Bench(Recording(scenario)) as bench:
        path = next(path for path in bench.whole if host in path)
        content = bench.whole[path]
        ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
        failure = content.index(b"cy:command error")
        cases = [Case(scenario, [Damage("cut", path, end)]) for end in ends if end < failure]
        outcomes = [bench.outcome(case, SECONDS) for case in cases]
    passed = [o for o in outcomes if o.error or o.hosts.get(host) == "PASS"]
    tap.ok(len(cases) > 50, f"a text log was cut at {len(cases)} line ends before its failure")
    check(tap, "and never passes", passed)


# -------------------------------------------------------------------- two runs of one host


def newest_file_damaged(tap):
    """A host passed, ran again and failed: the damaged artifact of its second run does not bring the
    pass of the first one back. (A deleted one leaves no trace, where nothing else tells.)"""
    for source in ("junit", "mochawesome", "reporter-json"):
        run = MadeRun({})
        run.told = {0: Testimony(source, 9, 600, None, 0), 1: Testimony(source, 9, 600, 3, 1)}
        with Bench(run) as bench:
            newest = next(path for path in bench.whole if STAMPS[1] in path)
            chance = random.Random(SEED)
            kinds = [kind for kind in Damage.KINDS if kind != "delete"] * max(1, CASES // 400)
            cases = [Case("two runs", [])] + [
                Case("two runs", [Damage.drawn(chance, kind, newest, bench.whole[newest])])
                for kind in kinds
            ]
            outcomes = [bench.outcome(case, SECONDS) for case in cases]
        tap.equal(outcomes[0].hosts, {HOST: "FAIL"}, f"{source}: the second run counts")
        back = [o for o in outcomes if o.error or o.hosts.get(HOST) == "PASS"]
        check(tap, f"{source}: the first run's pass never comes back", back)


def replay_one(line):
    case = Case.read(line)
    with Bench(Recording(case.scenario)) as bench:
        outcome = bench.outcome(case, SECONDS)
    print(outcome.answer.output.decode(errors="replace"), outcome, sep="\n")


def main():
    write_no_core_files()
    if len(sys.argv) > 1:
        replay_one(sys.argv[1])
        return
    truths = read_truths()
    judge = Judge(truths)
    with Tap() as tap:
        outcomes = all_outcomes(truths)
        print(f"# {len(outcomes)} cases in {len(truths)} recorded runs, seed {SEED}")
        good = [o for o in outcomes if not o.error]
        lossy = [o for o in good if o.case.is_loss() and o.case.scenario not in CONTRADICTED]
        tap.ok(len(good) > CASES / 2, f"{len(good)} damaged runs were judged")
        check(tap, "every replay ends with a report", [o for o in outcomes if o.error])
        check(tap, "no failed host passes", [o for o in good if judge.false_pass(o)])
        check(tap, "no failed run is COMPLETED", [o for o in good if judge.false_completed(o)])
        check(tap, "no loss turns a pass into a FAIL", [o for o in lossy if judge.false_fail(o)])
        check(tap, "no loss drops a host unsaid", [o for o in lossy if judge.lost_host(o)])
        tap.part(text_log_cut_at_line_ends)
        tap.part(newest_file_damaged)
        for what, count in [
            ("a host that passed is a FAIL", sum(map(judge.false_fail, good))),
            ("a host without result is a PASS", sum(judge.passes(o, "UNKNOWN") for o in good)),
        ]:
            print(f"# noted, no promise: {what} in {count} cases")


if __name__ == "__main__":
    main()
