#!/usr/bin/env python3
"""The operator's commands cancel, reset, resolve, correct and queue: on a run that nobody watches,
through the watcher that has it, and where that one stands still, dies or is asked nonsense."""
import contextlib
import json
import os
import signal

from harness import DEADLINE, NOBODY, WATCHER, Answer, Tap, become_nobody, nobody_can_run_it, wait_for
from operated_run import BATCHES, CONTRADICTION, Run, contradict, ended_run

# What the batches of the categorized run leave.
REDHAT = ["/atvm71-redhat9.1", "-redhat.xml"]
UBUNTU = ["/atvm121-ubuntu24.04", "-ubuntu.xml"]


def outcome(answer):
    """(exit status, outcome) of a command asked for JSON."""
    report = answer.report() or {}
    return answer.status, report.get("outcome")


# -------------------------------------------------------------------- resolve


def resolve_says_it_is_posted(tap):
    with ended_run() as run:
        tap.equal(run.record()["state"], "uncertain", "resolve: the post is uncertain", run.said())
        answer = run.ask("resolve", "--posted")
        tap.equal(answer.status, 0, "resolve --posted: done", answer)
        record = run.record()
        tap.equal(record["state"], "delivered", "resolve --posted: it counts as delivered", record)
        tap.equal(record["decisions"][0]["command"], "posted", "resolve --posted: who said so is kept")
        tap.ok(os.path.exists(run.kept("posted", "chat")), "resolve --posted: with its marker")
        tap.equal(len(run.arrived()), 1, "resolve --posted: nothing is sent")
        answer = run.ask("resolve", "--posted")
        tap.equal(answer.status, 1, "resolve again: there is nothing to settle", answer)
        tap.ok("no such message is uncertain" in answer.errors, "resolve again: it says so", answer)
        tap.equal(run.watch_to_the_end(), 0, "resolve: nothing is held any more", run.said())


def resolve_sends_again(tap):
    with ended_run() as run:
        run.behave(chat="deliver")
        answer = run.ask("resolve", "--resend", "--json")
        tap.equal(outcome(answer), (0, "done"), "resolve --resend: done and delivered", answer)
        tap.equal(run.record()["state"], "delivered", "resolve --resend: delivered by the command")
        keys = [line.split()[0] for line in run.arrived()]
        tap.equal(len(keys), 2, "resolve --resend: sent exactly once more", run.arrived())
        tap.equal(keys[0], keys[1], "resolve --resend: with the same key, so that a double shows")
        tap.ok(answer.report()["carried_out_by"] == "command", "resolve --resend: by the command")


def only_what_is_named_is_settled(tap):
    with Run(sinks={"chat": "uncertain", "other": "uncertain"}) as run:
        run.happen()
        run.watch_to_the_end()
        answer = run.ask("resolve", "--posted")
        tap.equal(answer.status, 1, "several: one has to be named", answer)
        for name in ["chat", "other"]:
            tap.ok(f"--sink {name}" in answer.errors, f"several: {name} is offered", answer)
        tap.equal(run.record()["state"], "uncertain", "several: nothing was changed")
        answer = run.ask("resolve", "--posted", "--sink", "chat")
        tap.equal(answer.status, 0, "several: the one that is named", answer)
        states = [run.record(name)["state"] for name in ["chat", "other"]]
        tap.equal(states, ["delivered", "uncertain"], "several: and only that one")
        tap.equal(run.ask("resolve", "--posted", "--all").status, 0, "several: --all settles the rest")
        tap.equal(run.record("other")["state"], "delivered", "several: the rest is settled")


# -------------------------------------------------------------------- queue


def queue_of_quarantined(tap):
    with ended_run("reject") as run:
        answer = run.ask("queue list", build="")
        tap.equal(answer.status, 0, "queue list: shown", answer)
        tap.ok(f"{run.build}" in answer.output.decode(), "queue list: has the build", answer)
        (row,) = run.ask("queue list", "--json", build="").report()
        wanted = ("quarantined", "held", "no such channel", "ask somebody")
        got = tuple(row[key] for key in ["state", "standing", "last_reason", "remedy"])
        tap.equal(got, wanted, "queue list --json: state, reason and remedy", row)
        answer = run.ask("queue show", "--json")
        shown = answer.report()
        tap.equal(len(shown["attempt_list"]), 1, "queue show --json: its attempts", answer)
        tap.ok("SUMMARY:" in shown["body"], "queue show --json: and its text", shown["body"])
        text = run.ask("queue show").output.decode()
        for words in ["no such channel; ask somebody", "queue retry", "SUMMARY:"]:
            tap.ok(words in text, f"queue show: says '{words}'", text)

        answer = run.ask("queue retry", "--json")
        tap.equal(outcome(answer), (5, "done"), "queue retry: tried, and refused again", answer)
        tap.equal(answer.errors.count("taken up"), 1, "queue retry: it is told once", answer)
        tap.equal(run.record()["attempt_count"], 2, "queue retry: one more attempt", run.record())
        answer = run.ask("queue drop")
        tap.equal(answer.status, 2, "queue drop: wants a reason", answer)
        answer = run.ask("queue drop", "--reason", "the channel is gone")
        tap.equal(answer.status, 0, "queue drop: done", answer)
        record = run.record()
        tap.ok(record["dropped"] and record["message"]["body"], "queue drop: it is kept", record)
        decision = record["decisions"][-1]
        got = (decision["command"], decision["reason"], bool(decision["by"]))
        tap.equal(got, ("drop", "the channel is gone", True), "queue drop: with who and why")
        tap.equal(run.watch_to_the_end(), 0, "queue drop: nothing is held any more", run.said())
        answer = run.ask("queue list")
        tap.ok("Nothing waits" in answer.output.decode(), "queue list: empty", answer)
        tap.equal(len(run.ask("queue list", "--all", "--json").report()), 1, "queue list --all: has it")
        tap.ok("not posted: dropped by" in run.ask("status").output.decode(), "status: shows it so")

        run.behave(chat="deliver")
        answer = run.ask("queue retry")
        tap.equal((answer.status, len(run.arrived())), (0, 1), "queue retry: takes a drop back", answer)
        answer = run.ask("queue retry")
        tap.equal(answer.status, 1, "queue retry: not what is delivered", answer)


# -------------------------------------------------------------------- cancel


def cancel_without_a_watcher(tap):
    with Run() as run:
        run.leave("cmcReporter")
        run.log(*run.lines[: len(run.lines) // 2])
        run.configure(settle='"10m"')
        run.watch()
        wait_for(lambda: os.path.exists(run.kept("evidence.jsonl")), "the first look")
        run.end_watcher()
        answer = run.ask("cancel", "--json")
        tap.equal(outcome(answer), (0, "done"), "cancel: done by the command", answer)
        state = run.state()
        tap.equal(state["state"], "CANCELLED", "cancel: the run is CANCELLED", state)
        tap.ok("closed" in state and "cancelled" in state, "cancel: and closed", state)
        run.configure(settle='"50ms"')
        run.log(*run.lines[len(run.lines) // 2 :])
        tap.equal(run.watch_to_the_end(), 0, "cancel: a watcher finds it closed", run.said())
        tap.equal(run.arrived(), [], "cancel: nothing is posted, ever")
        answer = run.ask("cancel", "--build-name", run.build, build="")
        tap.equal(answer.status, 0, "cancel twice: is fine", answer)
        tap.ok("cancelled already" in answer.output.decode(), "cancel twice: it says so", answer)

        answer = run.ask("reset", "--json")
        tap.equal(outcome(answer), (0, "done"), "reset: reopened", answer)
        kept = run.kept("history")
        names = {name for _, _, files in os.walk(kept) for name in files}
        tap.ok({"state.json", "closed.json", "cancelled"} <= names, "reset: what was there is kept", names)
        tap.ok("closed" not in run.state(), "reset: the run is open", run.state())
        tap.equal(run.watch_to_the_end(), 0, "reset: it is watched again", run.said())
        tap.equal((run.state()["state"], len(run.arrived())), ("COMPLETED", 1), "reset: and posted")
        answer = run.ask("reset")
        tap.equal(answer.status, 1, "reset: not what has a result", answer)
        tap.ok("correct" in answer.errors, "reset: says what to use", answer)


def cancel_after_the_post(tap):
    with ended_run("deliver") as run:
        answer = run.ask("cancel", "--json")
        tap.equal(outcome(answer), (6, "left"), "cancel too late: a status of its own", answer)
        text = " ".join(answer.report()["messages"])
        tap.ok("too late" in text and "was posted before" in text, "cancel too late: says so", text)
        tap.equal(run.state()["state"], "COMPLETED", "cancel too late: the run stays what it is")


def cancel_what_waits_to_be_sent(tap):
    with Run(sinks={"chat": "retry"}, retry='{ first = "1h"; max = "1h"; give_up = "2h"; }') as run:
        run.happen()
        run.watch()
        wait_for(lambda: run.record().get("attempt_count") == 1, "the first attempt")
        run.wait_for_record("pending")
        run.behave(chat="deliver")
        answer = run.ask("cancel", "--json")
        tap.equal(outcome(answer), (0, "done"), "cancel a waiting post: done", answer)
        tap.equal(answer.report()["carried_out_by"], "watcher", "cancel a waiting post: by the watcher")
        tap.equal(run.watcher.wait(timeout=DEADLINE), 0, "cancel a waiting post: it ends", run.said())
        record = run.record()
        tap.ok(record["dropped"], "cancel a waiting post: it is withdrawn", record)
        tap.equal(run.watch_to_the_end(), 0, "cancel a waiting post: also later", run.said())
        tap.equal(run.arrived(), [], "cancel a waiting post: nothing arrives")
        for words in [["queue retry"], ["correct"]]:
            answer = run.ask(*words)
            tap.equal(answer.status, 1, f"cancelled: {words[0]} is refused", answer)
            tap.ok("was cancelled" in answer.errors, f"cancelled: {words[0]} says why", answer)


def cancel_while_it_is_sent(tap):
    with Run(sinks={"chat": "slow"}) as run:
        run.happen()
        run.watch()
        wait_for(lambda: run.arrived(), "the post to leave")
        answer = run.ask("cancel", "--json")
        tap.equal(outcome(answer), (6, "left"), "cancel while it is sent: a status of its own", answer)
        text = " ".join(answer.report()["messages"])
        tap.ok("being sent at this moment" in text, "cancel while it is sent: says so", text)
        run.open_gate()
        tap.equal(run.watcher.wait(timeout=DEADLINE), 0, "cancel while it is sent: ends", run.said())
        tap.equal(run.record()["state"], "delivered", "cancel while it is sent: what came of it is kept")


def cancel_a_categorized_run(tap):
    with Run(BATCHES, runners=True, settle='"100ms"') as run:
        run.lapse.start_runner()
        run.leave(*REDHAT)
        run.watch()
        run.log(*run.batch(1))
        wait_for(lambda: len(run.arrived()) == 1, "the post of the first sub-run")
        run.log(*run.batch(2)[:20])
        wait_for(lambda: run.sub_run("ubuntu").get("state") == "RUNNING", "the second sub-run")
        answer = run.ask("cancel")
        tap.equal(answer.status, 6, "cancel sub-runs: one had been posted", answer)
        tap.equal(run.watcher.wait(timeout=DEADLINE), 0, "cancel sub-runs: the watcher ends", run.said())
        got = [run.sub_run("redhat")["state"], run.sub_run("ubuntu")["state"], run.state()["state"]]
        tap.equal(got, ["COMPLETED", "CANCELLED", "CANCELLED"], "cancel sub-runs: what had ended stays")
        tap.equal(len(run.arrived()), 1, "cancel sub-runs: nothing more is posted")

        answer = run.ask("reset", "--scope", f"{run.build}-redhat")
        tap.equal(answer.status, 1, "reset a sub-run: not what was posted", answer)
        answer = run.ask("reset", "--scope", f"{run.build}-ubunt")
        tap.equal(answer.status, 1, "reset a sub-run: not what is not there", answer)
        tap.ok(f'did you mean "{run.build}-ubuntu"' in answer.errors, "and the nearest is named", answer)
        answer = run.ask("reset", "--scope", f"{run.build}-ubuntu")
        tap.equal(answer.status, 0, "reset a sub-run: reopened", answer)
        got = ["closed" in run.sub_run("redhat"), "closed" in run.sub_run("ubuntu"), "closed" in run.state()]
        tap.equal(got, [True, False, False], "reset a sub-run: with the run, and no other")
        run.watch()
        run.leave(*UBUNTU)
        run.log(*run.batch(2)[20:])
        wait_for(lambda: len(run.arrived()) == 2, "the post of the second sub-run")
        tap.equal(len(run.arrived()), 2, "reset a sub-run: it is posted, the first not again", run.said())


# -------------------------------------------------------------------- correct


@contextlib.contextmanager
def contradicted_run():
    """Posted as COMPLETED, though one source says otherwise."""
    with Run(sinks={"chat": "deliver", "other": "deliver"}, **CONTRADICTION) as run:
        run.happen()
        contradict(run)
        run.watch_to_the_end()
        yield run


def correct_posts_what_differs(tap):
    with contradicted_run() as run:
        tap.equal(run.state()["state"], "COMPLETED", "correct: it was posted as COMPLETED", run.said())
        answer = run.ask("correct", "--json")
        tap.equal(outcome(answer), (0, "done"), "correct: nothing differs", answer)
        tap.ok("nothing differs" in answer.report()["messages"][0], "correct: it says so", answer)
        tap.equal(len(run.arrived()), 1, "correct: and posts nothing")

        run.configure(on_conflict='"worst"')
        answer = run.ask("correct", "--json")
        tap.equal(outcome(answer), (0, "done"), "correct: what differs is posted", answer)
        text = answer.report()["messages"][0]
        for words in ["FAILED instead of COMPLETED", "atvm121-ubuntu24.04: FAIL"]:
            tap.ok(words in text, f"correct: names what differs: {words}", text)
        first, second = run.record(), run.record(suffix="+correction-1")
        tap.equal(second["message"]["supersedes"], first["message"]["key"], "correct: it supersedes the first")
        tap.ok("(correction: replaces the earlier message)" in second["message"]["body"], "correct: and says so", second["message"]["body"])
        got = [len(run.arrived(name)) for name in ["chat", "other"]]
        tap.equal(got, [2, 2], "correct: once to each sink", run.said())
        tap.equal(run.state()["state"], "FAILED", "correct: the state is corrected", run.state())
        with open(run.kept("report.txt"), encoding="utf-8") as file:
            tap.ok(" - FAILED" in file.read().splitlines()[0], "correct: the report as well")
        answer = run.ask("correct")
        tap.equal((answer.status, len(run.arrived())), (0, 2), "correct again: nothing differs", answer)

        run.configure(on_conflict='"precedence"')
        tap.equal(run.ask("correct").status, 0, "corrected back: posted")
        third = run.record(suffix="+correction-2")
        tap.equal(third["message"]["supersedes"], second["message"]["key"], "corrected back: supersedes the last")
        tap.equal(len(run.arrived()), 3, "corrected back: once")


def correct_keeps_what_it_looked_at(tap):
    """What --look found counts from then on; the message has the form that its sink asks for."""
    with Run() as run:
        path = os.path.join(run.folder.name, "posts.md")
        run.extra_sinks = f', {{ module = "file"; path = "{path}"; }}'
        run.configure()
        run.happen()
        run.watch_to_the_end()
        contradict(run)
        tap.equal(run.ask("correct").status, 0, "correct: what lies there since is not looked at")
        tap.equal(run.state()["state"], "COMPLETED", "correct: so nothing differs")
        answer = run.ask("correct", "--look")
        tap.equal((answer.status, run.state()["state"]), (0, "FAILED"), "correct --look: sees it", answer)
        answer = run.ask("correct")
        tap.equal((answer.status, run.state()["state"]), (0, "FAILED"), "then correct: so it stays", answer)
        tap.equal(len(run.arrived()), 2, "then correct: nothing more is posted", run.said())
        with open(path, encoding="utf-8") as file:
            title = next(line for line in file if " - FAILED" in line)
        tap.ok(title.startswith("#### "), "correct --look: in Markdown, as the sink asks for", title)
        told = run.ask("explain")
        first = told.output.splitlines()[0]
        tap.ok(b" - FAILED" in first, "explain: judges by what was looked at", told)


def correct_knows_by_the_state(tap):
    """Where a record does not say what was told, the state does: the same is no correction."""
    with contradicted_run() as run:
        message = {k: v for k, v in run.record()["message"].items() if k != "says"}
        run.change_record(message=message)
        answer = run.ask("correct")
        tap.equal((answer.status, len(run.arrived())), (0, 1), "correct, by the state: the same", answer)
        run.configure(on_conflict='"worst"')
        answer = run.ask("correct")
        tap.equal((answer.status, len(run.arrived())), (0, 2), "correct, by the state: another", answer)


def correct_is_posted_once(tap):
    """The correction of one sink was stored when the command died, the rest was not."""
    with contradicted_run() as run:
        run.configure(on_conflict='"worst"')
        run.behave(chat="retry", other="retry")
        answer = run.ask("correct", "--json")
        tap.equal(answer.status, 5, "correct, cut short: stored and not there yet", answer)
        os.unlink(run.kept("outbox", "other", run.build + "+correction-1.json"))
        for name in ["state.json", "closed.json", "report.txt"]:
            (old,) = [os.path.join(p, name) for p, _, n in os.walk(run.kept("history")) if name in n]
            os.replace(old, run.kept(name))
        run.behave(chat="deliver", other="deliver")
        answer = run.ask("correct")
        tap.equal(answer.status, 0, "correct, cut short: asked again, it is finished", answer)
        got = [len(run.arrived(name)) for name in ["chat", "other"]]
        tap.equal(got, [2, 2], "correct, cut short: each sink has it once", run.said())
        tap.ok(not run.record(suffix="+correction-2"), "correct, cut short: there is no second one")
        tap.equal(run.state()["state"], "FAILED", "correct, cut short: and the state says so")


def correct_of_another_step(tap):
    """Only the failing step differs."""
    steps = '[ "%s", "reporter-json", "junit", "reporter-txt" ]'
    with Run("13-mochawesome-step-disagrees") as run:
        run.configure(precedence=f'{{ step = {steps % "reporter-json"}; }}'.replace('"reporter-json", "reporter-json"', '"reporter-json"'))
        run.happen()
        run.watch_to_the_end()
        tap.equal(run.state()["state"], "FAILED", "another step: it failed", run.said())
        run.configure(precedence='{ step = [ "mochawesome", "junit", "runlog", "reporter-json" ]; }')
        answer = run.ask("correct", "--json")
        tap.equal(outcome(answer), (0, "done"), "another step: done", answer)
        tap.ok("FAIL at " in answer.report()["messages"][0], "another step: both are named", answer)
        tap.equal(len(run.arrived()), 2, "another step: is a correction")


def correct_is_refused(tap):
    with ended_run() as run:
        answer = run.ask("correct")
        tap.equal(answer.status, 1, "correct: not while the post is uncertain", answer)
        tap.ok("resolve" in answer.errors, "correct: says what to do first", answer)
    with ended_run("reject") as run:
        answer = run.ask("correct")
        tap.equal(answer.status, 1, "correct: not what was never posted", answer)
    with ended_run("deliver") as run:
        with open(run.kept("evidence.jsonl"), "w", encoding="utf-8"):
            pass
        answer = run.ask("correct")
        tap.equal(answer.status, 1, "correct: never posts what is no result", answer)
        tap.ok("never posted" in answer.errors, "correct: says so", answer)
        tap.equal((run.state()["state"], len(run.arrived())), ("COMPLETED", 1), "correct: nothing changes")


# -------------------------------------------------------------------- through the watcher


def watched_batches(run):
    """The first of several sub-runs is over and its post held; the run goes on."""
    run.lapse.start_runner()
    run.leave(*REDHAT)
    run.watch()
    run.log(*run.batch(1))
    run.wait_for_record("uncertain", scope=f"{run.build}-redhat")
    return f"{run.build}-redhat"


def through_the_watcher(tap):
    with Run(BATCHES, sinks={"chat": "uncertain"}, runners=True, settle='"100ms"') as run:
        scope = watched_batches(run)
        answer = run.ask("resolve", "--posted", "--json", "--scope", scope)
        tap.equal(outcome(answer), (0, "done"), "watcher: resolves", answer)
        tap.equal(answer.report()["carried_out_by"], "watcher", "watcher: it was the watcher")
        tap.equal(run.record(scope=scope)["state"], "delivered", "watcher: the post is settled")
        tap.equal(run.requests(), [], "watcher: nothing is left of the request")
        answer = run.ask("correct", "--json")
        tap.equal(outcome(answer), (0, "done"), "watcher: judges again", answer)
        answer = run.ask("reset", "--scope", scope)
        tap.equal(answer.status, 1, "watcher: refuses with the same words", answer)
        tap.ok("correct" in answer.errors, "watcher: refuses with the same words: correct", answer)
        answer = run.ask("resolve", "--posted", "--scope", scope + "x")
        tap.ok("did you mean" in answer.errors, "watcher: offers the nearest scope", answer)
        run.leave(*UBUNTU)
        run.log(*run.batch(2))
        second = f"{run.build}-ubuntu"
        run.wait_for_record("uncertain", scope=second)
        answer = run.ask("resolve", "--resend", "--scope", second)
        tap.equal(answer.status, 0, "watcher: sends again", answer)
        wait_for(lambda: run.record(scope=second)["attempt_count"] == 2, "the second attempt")
        run.wait_for_record("uncertain", scope=second)
        tap.equal(len(run.arrived()), 3, "watcher: exactly once more", run.arrived())
        answer = run.ask("queue drop", "--reason", "seen", "--scope", second)
        tap.equal(answer.status, 0, "watcher: drops", answer)
        run.end_watcher(signal.SIGTERM)


def stopped_watcher(tap):
    with Run(BATCHES, sinks={"chat": "uncertain"}, runners=True, settle='"100ms"') as run:
        scope = watched_batches(run)
        run.watcher.send_signal(signal.SIGSTOP)
        answer = run.ask("resolve", "--resend", "--scope", scope, "--wait", "300ms")
        tap.equal(answer.status, 3, "no answer: a status of its own", answer)
        tap.ok("withdrawn: nothing was changed" in answer.errors, "no answer: says what became of it", answer)
        tap.equal(run.requests(), [], "no answer: the request is gone")

        waiting = run.begin("resolve", "--resend", "--scope", scope)
        wait_for(lambda: run.requests(".json"), "the request")
        waiting.send_signal(signal.SIGINT)
        tap.equal(waiting.wait(timeout=DEADLINE), 3, "interrupted: it is withdrawn", waiting.stdout.read())
        tap.equal(run.requests(), [], "interrupted: the request is gone")

        waiting = run.begin("resolve", "--posted", "--scope", scope, "--json")
        wait_for(lambda: run.requests(".json"), "the request")
        (path,) = run.requests(".json")
        os.rename(path, path.replace(".json", ".taken"))
        tap.equal(run.record(scope=scope)["state"], "uncertain", "watcher dies: nothing was done yet")
        run.end_watcher()
        output = waiting.communicate(timeout=DEADLINE)[0]
        tap.equal(waiting.returncode, 0, "watcher dies: the command finishes what was taken up", output)
        tap.equal(json.loads(output)["carried_out_by"], "command", "watcher dies: itself", output)
        tap.equal(run.record(scope=scope)["state"], "delivered", "watcher dies: and once")
        tap.equal(run.requests(), [], "watcher dies: nothing is left of the request")


def watcher_killed_before_its_answer(tap):
    """It had done what was asked, and died before it could say so: the next one does not repeat
    it."""
    with ended_run() as run:
        run.ask("resolve", "--resend")
        record = run.record()
        tap.equal(record["attempt_count"], 2, "killed before the answer: it was sent again", record)
        identity = record["decisions"][0]["request"]
        run.request(identity, "resend", ending=".taken")
        run.watch_to_the_end()
        answer = run.answer(identity)
        tap.equal(answer["outcome"], "done", "killed before the answer: the next one answers", answer)
        tap.equal(run.record()["attempt_count"], 2, "killed before the answer: nothing is sent twice")
        tap.equal(run.requests(".taken"), [], "killed before the answer: the request is settled")


def requests_at_the_start(tap):
    with Run() as run:
        run.happen()
        os.makedirs(run.kept())
        run.request("r1", "cancel")
        tap.equal(run.watch_to_the_end(), 0, "at the start: a request is carried out", run.said())
        tap.equal(run.answer("r1")["outcome"], "done", "at the start: and answered")
        tap.equal((run.state()["state"], run.arrived()), ("CANCELLED", []), "at the start: cancelled")


def hostile_requests(tap):
    with Run(runners=True) as run:
        run.lapse.start_runner()
        run.watch()
        wait_for(lambda: os.path.isdir(run.kept("requests")), "the folder of requests")
        folder = run.kept("requests")
        run.request("other-id", "cancel", id="another")
        run.request("newer", "cancel", schema="atvm.request/2")
        run.request("unknown", "destroy")
        run.request("wrong-type", "cancel", part="one")
        run.request("huge", "cancel", reason="x" * 100000)
        with open(os.path.join(folder, "half.json"), "w", encoding="utf-8") as file:
            file.write('{"schema": "atvm.req')
        os.mkfifo(os.path.join(folder, "pipe.json"))
        os.symlink("/etc/passwd", os.path.join(folder, "link.json"))
        os.mkdir(os.path.join(folder, "folder.json"))
        names = ["other-id", "newer", "unknown", "wrong-type", "huge", "half", "pipe", "link", "folder"]
        for name in names:
            answer = run.answer(name)
            tap.equal(answer["outcome"], "refused", f"hostile: {name} is refused", answer)
            tap.ok(run.requests(f"{name}.json.refused-*"), f"hostile: {name} is set aside", run.requests())
        tap.equal(run.requests(".json"), [], "hostile: none is left", run.requests())
        # One look answers all of them, and then says what it found.
        wait_for(lambda: "no such request is carried out" in run.said(), "the log to say so")
        tap.ok(True, "hostile: the log says so")
        tap.ok(run.watcher.poll() is None, "hostile: the watcher goes on")
        tap.equal(run.ask("cancel").status, 0, "hostile: and answers who asks properly", run.said())


# -------------------------------------------------------------------- mistakes


def mistakes(tap):
    with ended_run("deliver") as run:
        for command in ["cancel", "reset", "resolve", "correct", "queue", "queue list"]:
            answer = Answer([WATCHER, *command.split(), "--help"])
            tap.equal(answer.status, 0, f"{command} --help", answer)
            tap.ok("Exit status" in answer.output.decode(), f"{command} --help: exit statuses", answer)
        near = run.build[:-1] + "x"
        for command in ["cancel", "reset", "resolve --posted", "correct", "queue retry", "queue show"]:
            answer = run.ask(command, build=near)
            tap.equal(answer.status, 4, f"{command}: an unknown build", answer)
            tap.ok(f"did you mean {run.build}" in answer.errors, f"{command}: the nearest", answer)
            tap.ok(not os.path.exists(os.path.join(run.lapse.state_root, near)), f"{command}: makes no folder")
        for words in [
            ["cancel", "a", "b"],
            ["cancel"],
            ["cancel", "../x"],
            ["cancel", "--build-name", "a", "b"],
            ["cancel", "a", "--sink", "b"],
            ["resolve", run.build],
            ["resolve", run.build, "--posted", "--resend"],
            ["resolve", run.build, "--posted", "--part", "0"],
            ["resolve", run.build, "--posted", "--wait", "soon"],
            ["queue"],
            ["queue", "burn"],
            ["queue", "retry"],
            ["queue", "retry", run.build, "--reason", "x"],
        ]:
            answer = Answer([WATCHER, *words])
            tap.equal(answer.status, 2, f"{' '.join(words)}: is no such command line", answer)
        answer = run.ask("queue show", "--sink", "nobody")
        tap.equal(answer.status, 1, "queue show: no such message", answer)
        answer = run.ask("queue retry", "--sink", "chta")
        tap.ok('did you mean "chat"' in answer.errors, "queue retry: the nearest sink", answer)


def other_user(tap):
    if os.geteuid() != 0:
        tap.skip("another user is told what to do", "not run by root")
        return
    with ended_run("reject") as run:
        if not nobody_can_run_it():
            tap.skip("another user is told what to do", "nobody cannot run the program from here")
            return
        for command in ["cancel", "queue retry"]:
            answer = run.ask(command, preexec=become_nobody)
            tap.equal(answer.status, 4, f"another user: {command}", answer)
            tap.ok("needs to be root" in answer.errors, f"another user: {command}: what to do", answer)

        for path, folders, names in os.walk(run.folder.name):
            for name in [path, *(os.path.join(path, n) for n in folders + names)]:
                os.lchown(name, NOBODY, NOBODY)
        # A program that has taken another user's rights cannot be traced, which a leak check does.
        answer = run.ask("queue drop", "--reason", "x", ASAN_OPTIONS="detect_leaks=0")
        tap.equal(answer.status, 0, "a folder of another user: root changes it", answer)
        owners = {os.lstat(os.path.join(p, n)).st_uid for p, d, f in os.walk(run.kept()) for n in d + f}
        tap.equal(owners, {NOBODY}, "a folder of another user: all in it stays theirs")


def main():
    with Tap() as tap:
        for part in [
            resolve_says_it_is_posted,
            resolve_sends_again,
            only_what_is_named_is_settled,
            queue_of_quarantined,
            cancel_without_a_watcher,
            cancel_after_the_post,
            cancel_what_waits_to_be_sent,
            cancel_while_it_is_sent,
            cancel_a_categorized_run,
            correct_posts_what_differs,
            correct_keeps_what_it_looked_at,
            correct_knows_by_the_state,
            correct_is_posted_once,
            correct_of_another_step,
            correct_is_refused,
            through_the_watcher,
            stopped_watcher,
            watcher_killed_before_its_answer,
            requests_at_the_start,
            hostile_requests,
            mistakes,
            other_user,
        ]:
            tap.part(part)


if __name__ == "__main__":
    main()
