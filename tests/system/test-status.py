#!/usr/bin/env python3
"""`status` and `list` on real runs: watched, unwatched, closed, categorized; they look, and leave
everything as it was."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

from harness import DEADLINE, FIXTURES, WATCHER, Answer, Tap, become_nobody, is_sanitized
from harness import nobody_can_run_it, wait_for
from timelapse import TimeLapse

SECONDS = 6 if is_sanitized() else 3
COLLECTORS = ["runlog", "junit", "reporter-json", "reporter-txt", "mochawesome", "spec"]


class Live:
    """A recorded run that happens again, with the watcher where one is started. A context manager."""

    def __init__(self, scenario, sinks='{ module = "stdout"; }'):
        self.scenario, self.sinks = scenario, sinks

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-status.")
        self.place = os.path.join(self.folder.name, "run")
        os.mkdir(self.place)
        self.build = f"status.{os.getpid()}.{self.scenario[:2]}"
        recording = os.path.join(FIXTURES, self.scenario)
        self.lapse = TimeLapse(recording, self.place, SECONDS, build=self.build)
        self.lapse.prepare()
        self._configure_sinks()
        self.environment = self.lapse.environment()
        self.watcher = None
        return self

    def __exit__(self, *_):
        if self.watcher and self.watcher.poll() is None:
            self.watcher.kill()
            self.watcher.wait()
        self.lapse.close()
        self.folder.cleanup()

    def _configure_sinks(self):
        with open(self.lapse.config, encoding="utf-8") as file:
            sinks = self.sinks.replace("PLACE", self.place)
            text = re.sub(r"\nsinks = .*\n", f"\nsinks = ( {sinks} );\n", file.read())
        with open(self.lapse.config, "w", encoding="utf-8") as file:
            file.write(text)

    def watch(self):
        """Starts the watcher and waits until it has begun."""
        with open(os.path.join(self.folder.name, "log"), "wb") as log:
            self.watcher = subprocess.Popen(
                self.lapse.command(WATCHER),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(lambda: os.path.exists(self.kept("state.json")), "the watcher's state")

    def finish(self):
        """Plays the rest, ends the runner and waits for the watcher's end; its exit status."""
        self.lapse.play()
        self.lapse.end_runner()
        return self.watcher.wait(timeout=DEADLINE)

    def kept(self, *names):
        return os.path.join(self.lapse.state_root, self.build, *names)

    def ask(self, *words, config=None):
        return Answer(
            [WATCHER, *words, "--config", config or self.lapse.config],
            environment={**self.environment, "TZ": "UTC"},
        )

    def status(self, *options):
        """The one element of `status BUILD --json`."""
        answer = self.ask("status", self.build, "--json", *options)
        (only,) = answer.report() or [{"failed": str(answer)}]
        return only

    def follow(self):
        return subprocess.Popen(
            [WATCHER, "status", self.build, "--follow", "--config", self.lapse.config],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def config_with_processes(self, runners=()):
        """Another configuration, whose process table holds the given builds' runners only."""
        table = os.path.join(self.folder.name, "processes")
        shutil.rmtree(table, ignore_errors=True)
        for number, build in enumerate(runners, start=4711):
            os.makedirs(os.path.join(table, str(number)))
            words = ["python3", "run-sorry-cypress.py", "--build_name", build]
            with open(os.path.join(table, str(number), "cmdline"), "wb") as file:
                file.write(b"".join(word.encode() + b"\0" for word in words))
            fields = ["S", "1"] + ["0"] * 17 + ["100"] + ["0"] * 30
            with open(os.path.join(table, str(number), "stat"), "w", encoding="ascii") as file:
                file.write(f"{number} (python3) " + " ".join(fields) + "\n")
        os.makedirs(table, exist_ok=True)
        with open(os.path.join(table, "stat"), "w", encoding="ascii") as file:
            file.write(f"btime {int(time.time()) - 100}\n")
        path = os.path.join(self.folder.name, "processes.conf")
        modules = [f'{{ module = "proc"; root = "{table}"; }}']
        modules += [f'{{ module = "{name}"; }}' for name in COLLECTORS]
        with open(self.lapse.config, encoding="utf-8") as source:
            text = source.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + f"collectors = ( {', '.join(modules)} );\n")
        return path


def snapshot(folder):
    """Path, size, time and content of everything below."""
    found = []
    for place, folders, names in os.walk(folder):
        for name in sorted(folders) + sorted(names):
            path = os.path.join(place, name)
            status = os.lstat(path)
            digest = ""
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
            found.append((path, status.st_size, status.st_mtime_ns, digest))
    return sorted(found)


def first_line(answer):
    return answer.output.decode().partition("\n")[0]


def hosts_of(status):
    return {h["name"]: h["status"] for s in status["report"]["scopes"] for h in s["hosts"]}


def watched_run(tap):
    with Live("15-late-host-rows") as live:
        live.lapse.start_runner()
        live.watch()
        live.lapse.play(until=0.6)
        answer = live.ask("status", live.build)
        text = answer.output.decode()
        tap.equal(answer.status, 0, "watched: shown", answer)
        tap.equal(
            first_line(answer),
            f"{live.build}: RUNNING, watched by process {live.watcher.pid}",
            "watched: says by whom",
        )
        tap.ok("\nPosts: none\n" in text, "watched: says that nothing is posted yet", text)
        tap.ok("atvm121-ubuntu24.04 - PASS" in text, "watched: shows the message as in chat", text)
        tap.ok("Template: cmc-e2e" in text, "watched: knows what the watcher was told", text)

        status = live.status()
        tap.equal(status["schema"], "atvm.status/1", "watched: JSON of that schema")
        tap.equal(status["judged"], "now", "watched: judged now")
        tap.equal(status["watched_by"], live.watcher.pid, "watched: JSON says by whom")
        tap.equal(status["posts"], [], "watched: JSON without posts")
        tap.equal(status["report"]["schema"], "atvm.report/1", "watched: JSON has the report")
        tap.equal(hosts_of(status)["atvm121-ubuntu24.04"], "PASS", "watched: with the hosts")

        (row,) = live.ask("list", "--json").report()
        tap.equal(
            (row["build"], row["state"], row["watched_by"], row["closed"]),
            (live.build, "RUNNING", live.watcher.pid, None),
            "watched: list says the same",
        )
        tap.equal(sum(row["hosts"].values()), 3, "watched: list counts every host", row)
        tap.equal(row["started"][:16], status["window_start"][:16], "watched: and since when")
        tap.equal(live.finish(), 0, "watched: the watcher was not disturbed")


def closed_run(tap):
    with Live("15-late-host-rows") as live:
        live.lapse.start_runner()
        live.watch()
        tap.equal(live.finish(), 0, "closed: the watcher has ended")
        before = snapshot(live.place)
        answer = live.ask("status", live.build)
        text = answer.output.decode()
        with open(live.kept("report.txt"), encoding="utf-8") as file:
            report = file.read()
        tap.equal(answer.status, 0, "closed: shown")
        tap.ok(first_line(answer).startswith(f"{live.build}: closed as FAILED, "), "closed: as what", text)
        tap.ok("\nPosts:\n  stdout: delivered " in text, "closed: the post was delivered", text)
        tap.ok(text.endswith("\n\n" + report), "closed: the stored message", text)

        status = live.status()
        with open(live.kept("report.json"), encoding="utf-8") as file:
            tap.equal(status["report"], json.load(file), "closed: the stored report as JSON")
        tap.equal(
            (status["state"], status["judged"], status["watched_by"]),
            ("FAILED", "when closed", None),
            "closed: JSON says so",
        )
        tap.equal(
            [(p["sink"], p["standing"], p["state"]) for p in status["posts"]],
            [("stdout", "delivered", "delivered")],
            "closed: JSON has the posts",
        )
        answer = live.ask("status", live.build, "--follow")
        tap.equal(answer.status, 1, "closed: --follow ends at once, and says that it failed", answer)
        tap.equal(snapshot(live.place), before, "closed: looking changed nothing")


def unwatched_run(tap):
    """Nobody watches: before and after its end it is judged from what it leaves."""
    with Live("02-fail-all-sources-agree") as live:
        live.lapse.start_runner()
        live.lapse.play(until=0.5)
        before = snapshot(live.place)
        since = ["--since", str(live.lapse.since)]
        answer = live.ask("status", live.build, *since)
        text = answer.output.decode()
        tap.equal(answer.status, 0, "unwatched: shown", answer)
        tap.equal(
            first_line(answer),
            f"{live.build}: RUNNING, never watched: nothing will be posted",
            "unwatched: says that nobody watches",
        )
        tap.ok("(--since)" in text, "unwatched: says from when on it looks", text)
        tap.ok("Posts:" not in text, "unwatched: there are no posts to speak of", text)
        by_itself = live.status()
        tap.equal(
            by_itself["window_from"], "the start of its runner", "unwatched: finds the start itself"
        )
        tap.equal(snapshot(live.place), before, "unwatched: looking changed nothing")

        follower = live.follow()
        live.lapse.play()
        live.lapse.end_runner()
        output, progress = follower.communicate(timeout=DEADLINE)
        tap.equal(follower.returncode, 1, "unwatched: --follow ends with the run", progress)
        tap.ok(f"{live.build}: FAILED, never watched" in output, "unwatched: as FAILED", output)

        status = live.status(*since)
        truth = expected("02-fail-all-sources-agree")
        tap.equal(status["state"], truth["run_state"], "unwatched: judged as it was")
        tap.equal(
            hosts_of(status),
            {h["host"]: h["status"] for h in truth["hosts"]},
            "unwatched: with each host",
        )
        tap.ok(not os.listdir(live.lapse.state_root), "unwatched: no state was made")


def unwatched_run_without_its_runner(tap):
    """The start of the window is the creation of the log: what is older does not count."""
    with Live("01-pass-all-sources-agree") as live:
        live.lapse.play()
        status = live.status()
        tap.equal(
            status.get("window_from"), "the creation of its log", "no runner: the log tells", status
        )
        (host,) = status["report"]["scopes"][0]["hosts"]
        tap.equal(host["sources"], ["runlog"], "no runner: what is older than it does not count")
        os.unlink(live.lapse.run_log)
        answer = live.ask("status", live.build)
        tap.equal(answer.status, 4, "no runner, no log: not known", answer)
        answer = live.ask("status", live.build, "--since", str(live.lapse.since))
        tap.equal(answer.status, 0, "no runner, no log: with --since it is judged", answer)


def categorized_run(tap):
    with Live("16-categorized-no-fresh-specpattern") as live:
        live.lapse.start_runner()
        names = [f"{live.build}-{group}" for group in ["redhat", "ubuntu", "windows"]]
        live.watch()
        live.lapse.play(until=0.6)
        text = live.ask("status", live.build).output.decode()
        tap.ok(f"\n{names[0]} - COMPLETED\n" in text, "categorized: a sub-run that has ended", text)
        tap.ok(f"\n{names[1]} - RUNNING\n" in text, "categorized: the one that runs", text)
        tap.ok(
            f"\n{live.build}: RUNNING - " in text
            and text.splitlines()[-1].startswith(f"  {names[1]} - RUNNING, 0 of 1 host passed"),
            "categorized: last the run as a whole, with its sub-runs",
            text,
        )
        follower = live.follow()
        tap.equal(live.finish(), 0, "categorized: the watcher has ended")
        follower.communicate(timeout=DEADLINE)

        text = live.ask("status", live.build).output.decode()
        places = [text.find(f"\n{name} - ") for name in names]
        tap.ok(-1 not in places and places == sorted(places), "categorized: closed, in order", text)
        tap.ok(
            text.splitlines()[-1].startswith(f"{live.build}: FAILED - "),
            "categorized: closed, with the state of the whole",
            text,
        )
        for name in names:
            tap.ok(f"\n  stdout, {name}: delivered " in text, f"categorized: the post of {name}")
        status = live.status()
        tap.equal(
            [scope["name"] for scope in status["report"]["scopes"]],
            names,
            "categorized: the stored report holds all sub-runs",
        )
        (row,) = live.ask("list", "--json").report()
        tap.equal(row["hosts"], {"passed": 2, "failed": 1, "open": 0}, "categorized: list sums up")
        tap.equal((row["mode"], row["posts"]["delivered"]), ("categorized", 3), "categorized: posts")


def categorized_run_that_nobody_watched(tap):
    with Live("16-categorized-no-fresh-specpattern") as live:
        live.lapse.play()
        status = live.status("--since", str(live.lapse.since))
        tap.equal(status["report"]["mode"], "categorized", "unwatched: the log shows the sub-runs")
        tap.equal(len(status["report"]["scopes"]), 3, "unwatched: all of them")


def held_posts(tap):
    """One sink is to write below a file, which never works."""
    sinks = '{ module = "stdout"; }, { module = "file"; path = "PLACE/atvm-watcher.conf/%s.md"; }'
    with Live("15-late-host-rows", sinks) as live:
        live.lapse.start_runner()
        live.watch()
        tap.equal(live.finish(), 5, "held: the watcher says that a post is held")
        text = live.ask("status", live.build).output.decode()
        tap.ok("\n  stdout: delivered " in text, "held: the other post is there", text)
        tap.ok("\n  file: HELD, quarantined: " in text, "held: this one is quarantined", text)
        tap.ok(live.kept("quarantine") in text, "held: and where it is kept", text)
        (row,) = live.ask("list", "--json").report()
        tap.equal(row["posts"], {"delivered": 1, "waiting": 0, "held": 1}, "held: list counts it")

        record = live.kept("outbox", "stdout", live.build + ".json")
        with open(record, encoding="utf-8") as file:
            content = json.load(file)
        content.update(state="uncertain", explanation="the connection broke after the request")
        with open(record, "w", encoding="utf-8") as file:
            json.dump(content, file)
        text = live.ask("status", live.build).output.decode()
        tap.ok(
            "\n  stdout: HELD, uncertain whether it was posted: the connection broke" in text,
            "held: an uncertain post",
            text,
        )
        tap.ok(f"resolve {live.build} --posted" in text, "held: and how to decide", text)

        with open(record, "w", encoding="utf-8") as file:
            file.write("{")
        before = snapshot(live.place)
        (post, _) = live.status()["posts"]
        tap.equal(post["standing"], "held", "held: a damaged record is one whose fate nobody knows")
        tap.equal(snapshot(live.place), before, "held: looking does not set it aside")


def following(tap):
    with Live("01-pass-all-sources-agree") as live:
        live.lapse.start_runner()
        live.watch()
        live.lapse.play(until=0.1)
        follower = live.follow()
        tap.equal(live.finish(), 0, "follow: the watcher has ended")
        output, progress = follower.communicate(timeout=DEADLINE)
        tap.equal(follower.returncode, 0, "follow: 0 for a run that is COMPLETED", progress)
        tap.ok(output.startswith(f"{live.build}: closed as COMPLETED, "), "follow: the end", output)
        tap.ok("\n  stdout: delivered " in output, "follow: the post was waited for", output)
        tap.ok("atvm121-ubuntu24.04 PASS" in progress, "follow: progress on the way", progress)


def watcher_gone(tap):
    with Live("02-fail-all-sources-agree") as live:
        live.lapse.start_runner()
        live.watch()
        live.lapse.play(until=0.4)
        live.watcher.kill()
        live.watcher.wait()
        line = first_line(live.ask("status", live.build))
        tap.ok(f"not watched: its watcher was stopped or has died" in line, "gone: said", line)
        tap.ok(f"atvm-watcher run {live.build} -c " in line, "gone: with what to do", line)
        tap.equal(live.status()["watched_by"], None, "gone: nobody in JSON")


def make_state(live, build, **members):
    folder = os.path.join(live.lapse.state_root, build)
    os.makedirs(folder)
    state = {
        "schema": "atvm.state/1",
        "build": build,
        "scope": build,
        "mode": "single",
        "state": "COMPLETED",
        "runner_seen": True,
        "expected_hosts": [],
        "hosts": [{"name": "atvm1-debian12", "status": "PASS"}],
        "posted": [],
        **members,
    }
    with open(os.path.join(folder, "state.json"), "w", encoding="utf-8") as file:
        json.dump(state, file)


def listing(tap):
    with Live("01-pass-all-sources-agree") as live:
        answer = live.ask("list")
        tap.equal(answer.status, 0, "list: an empty state root is no error")
        tap.ok(live.lapse.state_root in answer.output.decode(), "list: but is named", answer)
        tap.equal(live.ask("list", "--json").report(), [], "list: in JSON an empty array")

        hour = 3600 * 10**9
        now = time.time_ns()
        make_state(live, "b-old", first_seen=now - 50 * hour, closed=now - 49 * hour)
        make_state(live, "a-new", first_seen=now - 2 * hour, closed=now - hour, state="FAILED")
        make_state(live, "c-middle", first_seen=now - 3 * hour, state="RUNNING")
        make_state(live, "d-broken", mode="neither")
        os.mkdir(os.path.join(live.lapse.state_root, "lost+found"))
        os.mkdir(os.path.join(live.lapse.state_root, "somebody-elses"))

        answer = live.ask("list")
        lines = answer.output.decode().splitlines()
        tap.equal(
            [line.split()[:2] for line in lines[1:]],
            [["a-new", "FAILED"], ["c-middle", "RUNNING"], ["b-old", "COMPLETED"], ["d-broken", "unreadable"]],
            "list: newest first, what cannot be read last",
            answer,
        )
        for head in ["STATE", "STARTED", "POSTS"]:
            column = lines[0].index(head)
            tap.ok(
                all(line[column - 1] == " " != line[column] for line in lines[1:]),
                f"list: column {head} is aligned",
                answer,
            )
        tap.ok("open for 3h" in lines[2], "list: an open run has its age", answer)
        tap.ok("d-broken/state.json" in answer.errors, "list: damage is named", answer)
        rows = live.ask("list", "--json").report()
        tap.equal([row["build"] for row in rows], ["a-new", "c-middle", "b-old", "d-broken"], "list: JSON")
        tap.equal(rows[0]["hosts"], {"passed": 1, "failed": 0, "open": 0}, "list: JSON counts hosts")
        tap.ok(rows[3]["state"] is None and rows[3]["problem"], "list: JSON has the problem", rows[3])


def which_build(tap):
    """Without a name: what runs, watched or not, else the newest."""
    with Live("15-late-host-rows") as live:
        answer = live.ask("status", config=live.config_with_processes())
        tap.equal(answer.status, 4, "no name: there is nothing", answer)
        hour = 3600 * 10**9
        for age, build in enumerate(["e2e-newest", "e2e-older"]):
            first_seen = time.time_ns() - (age + 1) * hour
            make_state(live, build, first_seen=first_seen, closed=first_seen + hour)
        config = live.config_with_processes()
        answer = live.ask("status", config=config)
        tap.ok(first_line(answer).startswith("e2e-newest: closed"), "no name: the newest", answer)
        answer = live.ask("status", config=live.config_with_processes([live.build]))
        tap.ok(
            first_line(answer).startswith(f"{live.build}: RUNNING, never watched"),
            "no name: a runner that nobody watches",
            answer,
        )
        config = live.config_with_processes([live.build, "e2e-other"])
        found = live.ask("status", "--json", config=config).report()
        tap.equal(
            [status["build"] for status in found], [live.build, "e2e-other"], "no name: all that run"
        )
        answer = live.ask("status", "--follow", config=config)
        tap.equal(answer.status, 2, "no name: --follow wants one", answer)


def mistakes(tap):
    with Live("15-late-host-rows") as live:
        make_state(live, "e2e-redhat9.6-fc", first_seen=1, closed=2)
        answer = live.ask("status", "e2e-redhat9.5-fc")
        tap.equal(answer.status, 4, "mistake: an unknown build", answer)
        tap.ok("did you mean e2e-redhat9.6-fc?" in answer.errors, "mistake: the nearest", answer)
        answer = live.ask("status", "quite-different", config=live.config_with_processes())
        tap.ok("known here: e2e-redhat9.6-fc" in answer.errors, "mistake: or what there is", answer)
        os.mkdir(os.path.join(live.lapse.state_root, "empty"))
        tap.equal(live.ask("status", "empty").status, 4, "mistake: a folder without anything")
        make_state(live, "e2e-damaged", mode="neither")
        answer = live.ask("status", "e2e-damaged")
        tap.equal(answer.status, 2, "mistake: a damaged state, and no trace of the run", answer)
        tap.ok("give --since" in answer.errors, "mistake: what helps", answer)
        tap.ok(b"e2e-damaged: not judged" in answer.output, "mistake: the rest is shown", answer)
        tap.equal(live.ask("status", "../etc").status, 2, "mistake: no build's name")
        tap.equal(live.ask("status", "a", "b").status, 2, "mistake: two names")
        tap.equal(live.ask("status", "--since", "1").status, 2, "mistake: a run without a name")
        tap.equal(live.ask("list", "x").status, 2, "mistake: list takes no name")
        shutil.rmtree(live.lapse.state_root)
        answer = live.ask("list")
        tap.equal(answer.status, 4, "mistake: no state root", answer)
        tap.ok("state_root" in answer.errors, "mistake: and what to mend", answer)
        answer = live.ask("status", config=live.config_with_processes())
        tap.equal(answer.status, 4, "mistake: no state root for status", answer)


def other_user(tap):
    if os.geteuid() != 0 or not nobody_can_run_it():
        tap.skip("another user is told what to do", "nobody cannot run the program from here")
        return
    with Live("15-late-host-rows") as live:
        make_state(live, "e2e-private", first_seen=1, closed=2)
        os.chmod(live.lapse.state_root, 0o700)
        for path in [live.folder.name, live.place]:
            os.chmod(path, 0o755)
        for words in [["list"], ["status"], ["status", "e2e-private"]]:
            answer = Answer(
                [WATCHER, *words, "--config", live.lapse.config],
                preexec=become_nobody,
            )
            tap.equal(answer.status, 4, f"another user: {words}", answer)
            tap.ok("look as root" in answer.errors, f"another user: {words}: what to do", answer)


def expected(scenario):
    with open(os.path.join(FIXTURES, scenario, "expected.json"), encoding="utf-8") as file:
        return json.load(file)


def main():
    with Tap() as tap:
        tap.part(watched_run)
        tap.part(closed_run)
        tap.part(unwatched_run)
        tap.part(unwatched_run_without_its_runner)
        tap.part(categorized_run)
        tap.part(categorized_run_that_nobody_watched)
        tap.part(held_posts)
        tap.part(following)
        tap.part(watcher_gone)
        tap.part(listing)
        tap.part(which_build)
        tap.part(mistakes)
        tap.part(other_user)


if __name__ == "__main__":
    main()
