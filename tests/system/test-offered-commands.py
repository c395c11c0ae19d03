#!/usr/bin/env python3
"""The commands that messages offer: pasted somewhere else, they act on the run and the post that the
message is about. And the lock that commands and watchers take in turn."""
import concurrent.futures
import json
import os

from harness import DEADLINE, Tap, commands_in, paste, wait_for
from operated_run import BATCHES, Chat, Run, ended_run

# What the first batch of the categorized run leaves.
REDHAT = ["/atvm71-redhat9.1", "-redhat.xml"]


def offered_commands_can_be_pasted(tap):
    """From another folder and another environment they act on the same run, and that message."""
    with ended_run() as run:
        status = run.ask("status")
        (resolve,) = commands_in(status.output.decode())
        answer = paste(resolve, run.environment)
        tap.equal(run.record()["state"], "delivered", f"status: `{resolve}` settles it", answer)
    with ended_run("reject") as run:
        (retry,) = commands_in(run.ask("status").output.decode())
        run.behave(chat="deliver")
        answer = paste(retry, run.environment)
        tap.equal(run.record()["state"], "delivered", f"status: `{retry}` sends it", answer)
        listed = paste(commands_in(run.ask("queue show", "--sink", "nobody").errors)[0], run.environment)
        tap.ok(b"delivered" in listed.output, "queue show: the list that it offers", listed)
    with ended_run("reject") as run:
        os.rename(run.lapse.config, run.lapse.config + "'s copy")
        run.lapse.config += "'s copy"
        shown = run.ask("queue show").output.decode().splitlines()
        retry, drop = (line.strip() for line in shown if line.startswith("    "))
        answer = paste(drop, run.environment)
        tap.ok(run.record()["dropped"], f"queue show: `{drop}` drops it", answer)
        run.behave(chat="deliver")
        answer = paste(retry, run.environment)
        tap.equal(answer.status, 0, f"queue show: `{retry}` sends it", answer)


def reset_of_a_run_whose_watcher_delivers(tap):
    """It is refused, and what it says to do does it."""
    with Run(BATCHES, sinks={"chat": "slow"}, runners=True, settle='"100ms"') as run:
        run.lapse.start_runner()
        run.leave(*REDHAT)
        run.watch()
        run.log(*run.batch(1))
        wait_for(lambda: run.arrived(), "the post of the first sub-run to leave")
        run.log(*run.batch(2)[:20])
        wait_for(lambda: run.sub_run("ubuntu").get("state") == "RUNNING", "the second sub-run")
        run.ask("cancel")
        answer = run.ask("reset", "--scope", f"{run.build}-ubuntu")
        tap.equal(answer.status, 1, "reset while it delivers: refused", answer)
        (command,) = commands_in(answer.errors)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            ended = pool.submit(run.watcher.wait, DEADLINE)  # a zombie would not be gone
            answer = paste(command, run.environment)
        tap.equal(answer.status, 0, f"reset while it delivers: `{command}` does it", answer)
        tap.equal(ended.result(), 6, "reset while it delivers: the watcher has ended")
        got = ["closed" in run.sub_run("ubuntu"), "closed" in run.state()]
        tap.equal(got, [False, False], "reset while it delivers: the sub-run is open")
        (command,) = commands_in(answer.output.decode())
        tap.ok(f"run {run.build} -c " in command, "reset: says how watching goes on", answer)
        run.open_gate()
        run.wait_for_record("sending", scope=f"{run.build}-redhat")


def a_watcher_waits_for_a_command(tap):
    with ended_run("reject") as run:
        run.behave(chat="slow")
        command = run.begin("queue retry")
        wait_for(run.arrived, "the command to send")
        watcher = run.watch()
        wait_for(lambda: "a command has it at this moment" in run.said(), "the watcher to wait")
        tap.equal(watcher.poll(), None, "a command has the build: a watcher waits")
        run.open_gate()
        tap.equal(command.wait(timeout=DEADLINE), 0, "a command has the build: it ends")
        tap.equal(watcher.wait(timeout=DEADLINE), 0, "then the watcher goes on", run.said())


def what_needs_a_secret_is_stored(tap):
    run = Run()
    run.behaviours, run.extra_sinks = {}, '{ module = "mattermost"; }'
    with Chat() as chat, run:
        run.happen()
        run.watch_to_the_end(MATTERMOST_ATVM_WEBHOOK=chat.url)
        tap.equal(len(chat.posts), 1, "without the secret: it was posted once", run.said())
        path = run.kept("outbox", "mattermost", run.build + ".json")
        record = run.record("mattermost")
        record.update(state="uncertain", explanation="the connection broke", settled=1)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(record, file)
        answer = run.ask("resolve", "--resend")
        tap.equal(answer.status, 5, "without the secret: stored, not sent", answer)
        (command,) = commands_in(answer.errors)
        tap.equal(run.record("mattermost")["state"], "pending", "without the secret: it waits")
        tap.equal(len(chat.posts), 1, "without the secret: nothing was sent")
        sent = paste(command, {**run.environment, "MATTERMOST_ATVM_WEBHOOK": chat.url})
        tap.equal((sent.status, len(chat.posts)), (0, 2), f"who has it sends it: `{command}`", sent)
        tap.ok("s3cr3t" not in answer.errors + run.said(), "without the secret: it is nowhere")


def reset_is_refused_where_it_may_be_posted(tap):
    with ended_run() as run:
        closed = run.state()
        closed.update(state="UNKNOWN")
        for name in ["state.json", "closed.json"]:
            with open(run.kept(name), "w", encoding="utf-8") as file:
                json.dump(closed, file)
        answer = run.ask("reset")
        tap.equal(answer.status, 1, "reset: refused while a post is uncertain", answer)
        tap.ok("resolve" in answer.errors, "reset: says what to do first", answer)
        run.ask("resolve", "--posted")
        answer = run.ask("reset")
        tap.equal(answer.status, 1, "reset: refused once it is posted", answer)
        tap.ok("correct" in answer.errors, "reset: says what to do instead", answer)
        tap.equal(run.state()["state"], "UNKNOWN", "reset: nothing was changed")


def main():
    with Tap() as tap:
        for part in (
            offered_commands_can_be_pasted,
            what_needs_a_secret_is_stored,
            reset_is_refused_where_it_may_be_posted,
            reset_of_a_run_whose_watcher_delivers,
            a_watcher_waits_for_a_command,
        ):
            tap.part(part)


if __name__ == "__main__":
    main()
