#!/usr/bin/env python3
"""`replay --explain` and `explain`: why a run was judged as it was, agreeing with the report, with
the files that did not count named and with clear words where there is nothing to explain."""
import datetime
import json
import os
import shutil
import signal
import subprocess
import tempfile

from harness import DEADLINE, FIXTURES, WATCHER, Answer, Recording, Tap, is_sanitized, wait_for
from timelapse import TimeLapse

SECONDS = 6 if is_sanitized() else 2
QUESTIONS = ["status", "counts", "step", "excerpt", "timing", "flow"]
COUNTS = ["tests", "passed", "failed", "pending", "skipped"]


def explained(recording, *options):
    """The explanation of a recording as an object."""
    answer = Answer(recording.argv + ["--explain", *options])
    if answer.status != 0 or answer.report() is None:
        raise AssertionError(f"not explained: {answer}")
    return answer.report()


def winner(host, question):
    won = [c for c in host["questions"][question]["candidates"] if c["won"]]
    return won[0] if won else None


def candidates(host, question, **members):
    """The candidates of a question that have these members."""
    return [
        c
        for c in host["questions"][question]["candidates"]
        if all(c[key] == value for key, value in members.items())
    ]


def hosts_of(explanation):
    return {h["name"]: h for s in explanation["scopes"] for h in s["hosts"]}


def source(explanation, ending):
    found = [s for s in explanation["sources"] if s["path"].endswith(ending)]
    return found[0] if len(found) == 1 else {}


# ---------------------------------------------------------------- every recorded run


def differences(report, explanation):
    """What an explanation says otherwise than the report of the same judgement."""
    wrong = []

    def same(what, got, want):
        if got != want:
            wrong.append(f"{what}: {got!r}, the report has {want!r}")

    for key in ("build", "mode", "state", "reason"):
        same(key, explanation[key], report[key])
    same("scopes", [s["name"] for s in explanation["scopes"]], [s["name"] for s in report["scopes"]])
    for mine, theirs in zip(explanation["scopes"], report["scopes"]):
        same(theirs["name"], [mine[k] for k in ("state", "reason", "flow_source")],
             [theirs[k] for k in ("state", "reason", "flow_source")])
        same("hosts", [h["name"] for h in mine["hosts"]], [h["name"] for h in theirs["hosts"]])
        for host, reported in zip(mine["hosts"], theirs["hosts"]):
            wrong += host_differences(host, reported)
    return wrong


def host_differences(host, reported):
    wrong, name = [], host["name"]
    if host["status"] != reported["status"] or host["sources"] != reported["sources"]:
        wrong.append(f"{name}: {host['status']} by {host['sources']}, not as reported")
    for question in QUESTIONS[:5]:
        won = winner(host, question)
        if won and won["collector"] not in reported["sources"]:
            wrong.append(f"{name}: {question} was won by {won['collector']}, no source")
    status, counts, step = (winner(host, q) for q in QUESTIONS[:3])
    if status and status["answer"] != reported["status"]:
        wrong.append(f"{name}: the status was won by {status['answer']}")
    if (status is None) != (reported["status"] not in ("PASS", "FAIL")):
        wrong.append(f"{name}: {reported['status']} with the winner {status}")
    if [counts["answer"][k] if counts else None for k in COUNTS] != [reported[k] for k in COUNTS]:
        wrong.append(f"{name}: counts were won by {counts}")
    if (step["answer"] if step else None) != reported["step"]:
        wrong.append(f"{name}: the step was won by {step}")
    return wrong


def unexplained(explanation):
    """Rules that are named and have no sentence."""
    ids = [explanation["rule"]]
    for scope in explanation["scopes"]:
        decisions = [scope["end"]] + [q for h in scope["hosts"] for q in h["questions"].values()]
        ids += [scope["rule"]] + [h["rule"] for h in scope["hosts"]]
        ids += [d["rule"] for d in decisions] + [c["rule"] for d in decisions for c in d["candidates"]]
    ids += [s["rule"] for s in explanation["sources"]]
    return sorted({str(i) for i in ids} - set(explanation["rules"]))


def every_recorded_run(tap):
    for scenario in sorted(os.listdir(FIXTURES)):
        if not os.path.isdir(os.path.join(FIXTURES, scenario)):
            continue
        with Recording(scenario) as recording:
            report, explanation = recording.replay().report(), explained(recording)
            tap.equal(differences(report, explanation), [], f"{scenario}: agrees with the report")
            tap.equal(unexplained(explanation), [], f"{scenario}: every rule has its sentence")


# ---------------------------------------------------------------- what is to be learned from some


def stale_sources(tap):
    with Recording("23-conflict-stale-xml-vs-table") as recording:
        stale = source(explained(recording), "test-result-atvm160-w2k25.xml")
        tap.equal(stale.get("standing"), "stale", "23: the old XML is stale", stale)
        tap.equal(stale.get("rule"), "embedded-time-outside-window", "23: by the time inside it")
        tap.equal(stale.get("outside"), "2026-04-01T15:00:00.000Z", "23: which is named")
        text = Answer(as_text(recording)).output.decode()
        line = [each for each in text.splitlines() if each.startswith("  stale ")]
        tap.ok(len(line) == 1 and "2026-04-01 15:00:00" in line[0], "23: also in the text", text)


def as_text(recording, *options):
    argv = list(recording.argv)
    argv[argv.index("--format") + 1] = "text"
    return argv + ["--explain", *options]


def markers_against_passes(tap):
    with Recording("46-derived-failure-against-direct-pass-no-table") as recording:
        (host,) = hosts_of(explained(recording)).values()
        tap.equal(host["rule"], "failure-marker-against-direct-pass", "46: the rule", host)
        against = candidates(host, "status", answer="FAIL", basis="derived", won=False)
        tap.ok(against, "46: the log with the marker is a candidate", host["questions"]["status"])
        tap.equal(winner(host, "status"), None, "46: nobody wins")
    with Recording("47-derived-failure-against-passing-row") as recording:
        (host,) = hosts_of(explained(recording)).values()
        row = winner(host, "status")
        tap.equal(host["rule"], "own-row-decides", "47: the rule")
        tap.equal((row["collector"], row["form"]), ("runlog", "cloud-row"), "47: the row wins", row)
        with open(row["path"], encoding="utf-8") as file:
            line = file.read().splitlines()[row["line"] - 1]
        tap.ok("✔" in line and host["name"][:20] in line, "47: and stands on that line", line)


def damage(tap):
    with Recording("49-damaged-mochawesome-blocks-log-only-pass") as recording:
        explanation = explained(recording)
        damaged = [s for s in explanation["sources"] if s["standing"] == "damaged"]
        (host,) = hosts_of(explanation).values()
        tap.equal(len(damaged), 2, "49: both forms of the report are damaged", damaged)
        tap.ok(all(s["hosts"] == [host["name"]] for s in damaged), "49: and may be the host's")
        tap.ok(all("cut off" in s["reason"] for s in damaged), "49: with the reason", damaged)
        bars = candidates(host, "status", rule="damage-bars-the-proof", answer="PASS")
        tap.equal(len(bars), 1, "49: which is why its clean log proves nothing", host)


def steps(tap):
    with Recording("13-mochawesome-step-disagrees") as recording:
        (host,) = hosts_of(explained(recording)).values()
        step, other = winner(host, "step"), candidates(host, "step", collector="mochawesome")
        tap.equal(step["collector"], "reporter-json", "13: the step is the JSON log's", step)
        tap.equal({c["rule"] for c in other}, {"lower-precedence"}, "13: before mochawesome's")
        tap.ok(step["answer"] not in {c["answer"] for c in other}, "13: which names another", other)


def hosts_that_left_nothing(tap):
    with Recording("36-missing-host-in-table") as recording:
        host = hosts_of(explained(recording))["atvm160-w2k25"]
        tap.equal(host["rule"], "never-named-in-the-log", "36: never named")
        tap.equal(host["questions"]["status"]["candidates"], [], "36: nobody speaks of it")
        tap.ok("junit" in host["lacking"], "36: what it lacks is said", host["lacking"])


def runners_that_stay(tap):
    with Recording("26-hang-after-upload") as recording:
        explanation = explained(recording)
        runner, (scope,) = explanation["runner"], explanation["scopes"]
        tap.ok(runner["alive"] and runner["defunct_child"], "26: the runner is there", runner)
        tap.equal(scope["end"]["rule"], "log-shows-the-end", "26: though the log has ended")
        forms = {c["form"] for c in scope["end"]["candidates"] if c["won"]}
        tap.ok({"recorded-run", "upload-confirmed"} <= forms, "26: by these lines", scope["end"])


def ends_that_did_not_come(tap):
    with Recording("25-killed-midway") as recording:
        (scope,) = explained(recording)["scopes"]
        tap.equal(scope["rule"], "runner-gone-without-end", "25: no end")
        tap.equal(scope["end"], {"rule": "no-end-proof", "candidates": []}, "25: nothing shows one")
    with Recording("52-interrupted-by-keyboard") as recording:
        (scope,) = explained(recording)["scopes"]
        (sign,) = scope["end"]["candidates"]
        tap.equal(sign["claim"], "interrupted", "52: the interrupt is the end", sign)


def filters(tap):
    with Recording("35-forty-hosts") as recording:
        all_of_it = explained(recording)
        name = list(hosts_of(all_of_it))[17]
        one = explained(recording, "--host", name, "--question", "counts")
        tap.equal(list(hosts_of(one)), [name], "filters: one host")
        tap.equal(list(hosts_of(one)[name]["questions"]), ["counts"], "filters: one question")
        tap.equal(
            hosts_of(one)[name]["questions"]["counts"],
            hosts_of(all_of_it)[name]["questions"]["counts"],
            "filters: with the same answer",
        )
        text = Answer(as_text(recording, "--host", name)).output.decode()
        tap.equal(text.count(" - PASS\n") + text.count(" - FAIL\n"), 1, "filters: in text too", text)
        wrong = Answer(recording.argv + ["--explain", "--host", name + "x"])
        tap.equal(wrong.status, 2, "filters: an unknown host is wrong use", wrong)
        tap.ok(name in wrong.errors, "filters: and the nearest one is named", wrong)
        wrong = Answer(recording.argv + ["--explain", "--question", "staus"])
        tap.ok(wrong.status == 2 and '"status"' in wrong.errors, "filters: an unknown question", wrong)
        wrong = Answer(recording.argv + ["--host", name])
        tap.ok(wrong.status == 2 and "--explain" in wrong.errors, "filters: need --explain", wrong)


# ---------------------------------------------------------------- runs that were watched


class Watched:
    """A recorded run that `run` watches in fast motion, and `explain` of it. A context manager."""

    def __init__(self, scenario, *options):
        self.scenario, self.options = scenario, options

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-explain.")
        self.lapse = TimeLapse(
            os.path.join(FIXTURES, self.scenario),
            self.folder.name,
            SECONDS,
            build=f"explain.{os.getpid()}.{self.scenario[:2]}",
        )
        self.lapse.prepare()
        self.lapse.start_runner()
        self.errors = os.path.join(self.folder.name, "errors")
        self.process = self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.lapse.close()
        self.folder.cleanup()

    def start(self):
        with open(self.errors, "ab") as log:
            return subprocess.Popen(
                self.lapse.command(WATCHER) + list(self.options),
                env=self.lapse.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def finish(self):
        self.lapse.play(go_on=lambda: self.process.poll() is None)
        self.lapse.end_runner()
        return self.process.wait(timeout=DEADLINE)

    def kept(self, *names):
        return os.path.join(self.lapse.state_root, self.lapse.build, *names)

    def state(self):
        with open(self.kept("state.json"), encoding="utf-8") as file:
            return json.load(file)

    def report(self):
        with open(self.kept("report.json"), encoding="utf-8") as file:
            return json.load(file)

    def explain(self, *options, build=None):
        argv = [WATCHER, "explain", build or self.lapse.build, "--config", self.lapse.config]
        return Answer(argv + ["--format", "json", *options], environment=self.lapse.environment())


def contents(folder):
    """{path: (content, time of change)} of a folder tree."""
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                found[path] = (file.read(), os.stat(path).st_mtime_ns)
    return found


def a_watched_run(tap):
    with Watched("15-late-host-rows", "--template", "cmc-e2e") as watched:
        wait_for(lambda: os.path.exists(watched.kept("evidence.jsonl")), "the first evidence")
        live = watched.explain()
        tap.equal(live.status, 0, "live: it is explained while it is watched", live)
        tap.equal((live.report() or {}).get("state"), "RUNNING", "live: as running", live)
        tap.equal(live.report()["closed"], None, "live: and not closed")
        tap.equal(watched.finish(), 0, "watched: the watcher ends", open(watched.errors).read())

        before = contents(watched.lapse.state_root)
        answer = watched.explain()
        tap.equal(answer.status, 0, "watched: explained", answer)
        explanation = answer.report()
        tap.equal(differences(watched.report(), explanation), [], "watched: as report.json has it")
        tap.equal(explanation["closed"]["state"], "FAILED", "watched: closed as FAILED")
        since = explanation["window"]["since"]
        tap.ok(since.startswith(utc(watched.lapse.since)), "watched: in the same window", since)
        tap.equal(contents(watched.lapse.state_root), before, "watched: nothing was written")

        # The artifacts are not needed any more, and a marker that comes too late changes nothing.
        shutil.rmtree(watched.lapse.root)
        os.remove(watched.lapse.run_log)
        with open(watched.kept("cancelled"), "w", encoding="utf-8") as file:
            json.dump({"by": "test", "time": 1}, file)
        again = watched.explain()
        tap.equal(again.output, answer.output, "watched: the same bytes without them", again)

        for path, text in (("evidence.jsonl", '{"t":"begin"\n'), ("evidence.jsonl", None)):
            os.remove(watched.kept(path))
            if text:
                with open(watched.kept(path), "w", encoding="utf-8") as file:
                    file.write(text)
            wrong = watched.explain()
            tap.equal(wrong.status, 1, "no evidence: status 1", wrong)
            expected = "evidence.jsonl:1: " if text else "no evidence was kept yet"
            tap.ok(expected in wrong.errors, f"no evidence: says {expected}", wrong)


def a_categorized_run(tap):
    with Watched("16-categorized-no-fresh-specpattern") as watched:
        tap.equal(watched.finish(), 0, "categorized: the watcher ends", open(watched.errors).read())
        explanation = watched.explain().report()
        tap.equal(watched.state()["mode"], "categorized", "categorized: the mode is kept")
        tap.equal(explanation["mode"], "categorized", "categorized: explained as such")
        closed = {s["name"]: s["closed"]["state"] for s in explanation["scopes"]}
        judged = {s["name"]: s["state"] for s in explanation["scopes"]}
        tap.equal(judged, closed, "categorized: each sub-run as it was closed")
        tap.equal(len(judged), 3, "categorized: all of them")
        tap.equal(explanation["state"], explanation["closed"]["state"], "categorized: the run too")


def a_run_that_nobody_watches_any_more(tap):
    """It is judged as of its last evidence: what was not looked at is not silence."""
    with Watched("15-late-host-rows") as watched:
        wait_for(lambda: os.path.exists(watched.kept("evidence.jsonl")), "the first evidence")
        watched.process.send_signal(signal.SIGKILL)
        watched.process.wait()
        an_hour_ago = os.stat(watched.kept("evidence.jsonl")).st_mtime - 3600
        os.utime(watched.kept("evidence.jsonl"), (an_hour_ago, an_hour_ago))
        answer = watched.explain()
        tap.equal(answer.status, 0, "abandoned: explained", answer)
        until = (answer.report() or {}).get("window", {}).get("until", "")
        tap.ok(until.startswith(utc(an_hour_ago)), "abandoned: as of its evidence", until)
        tap.ok(watched.state().get("since"), "abandoned: the window was kept from the beginning")


def utc(seconds):
    moment = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def wrong_use(tap):
    with tempfile.TemporaryDirectory() as place:
        config = os.path.join(place, "watcher.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f'state_root = "{place}";\n')

        def refused(name, status, words, *arguments):
            answer = Answer([WATCHER, "explain", *arguments])
            tap.equal(answer.status, status, f"{name}: status {status}", answer)
            tap.ok(words in answer.errors, f"{name}: says \"{words}\"", answer)
            tap.equal(answer.output, b"", f"{name}: prints nothing else", answer)

        with_config = ["--config", config]
        refused("no such build", 1, "no run of that name was watched", "e2e-none", *with_config)
        refused(
            "a run that nobody watched", 1, "atvm-watcher replay --explain --build e2e-none", "e2e-none", *with_config
        )
        refused("no build", 2, "expected the name of a build", *with_config)
        refused("two builds", 2, 'unexpected argument "b"', "a", "b", *with_config)
        refused("no name for a build", 2, "cannot be the name of a build", "../etc", *with_config)
        refused("no such format", 2, "expected text or json", "a", "--format", "markdown")
        refused("no such config", 2, "nowhere.conf", "a", "--config", place + "/nowhere.conf")
        helped = Answer([WATCHER, "explain", "--help"])
        tap.ok(helped.status == 0 and b"Exit status" in helped.output, "help", helped)


def main():
    with Tap() as tap:
        tap.part(every_recorded_run)
        tap.part(stale_sources)
        tap.part(markers_against_passes)
        tap.part(damage)
        tap.part(steps)
        tap.part(hosts_that_left_nothing)
        tap.part(runners_that_stay)
        tap.part(ends_that_did_not_come)
        tap.part(filters)
        tap.part(a_watched_run)
        tap.part(a_categorized_run)
        tap.part(a_run_that_nobody_watches_any_more)
        tap.part(wrong_use)


if __name__ == "__main__":
    main()
