#!/usr/bin/env python3
"""The operator's commands, killed at their system calls, asked again, and the run watched to its
end: what was asked for is done, and nothing is posted twice or lost. `crash-commands.py [STEP]`:
every STEP-th call (default 7). Minutes long, so no part of `make check`: ./dev crash."""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "system")]
from harness import BUILD, DEADLINE, WATCHER, Tap, wait_for  # noqa: E402
from operated_run import CONTRADICTION, Run, contradict  # noqa: E402

KILLER = os.path.join(BUILD, "tests", "crash", "kill-at-syscall")
KILLED = 137


class Trials:
    """A run laid out once, and put back as it was for each trial. A context manager."""

    def __init__(self, **how):
        self.run = Run(**how)

    def __enter__(self):
        self.run.__enter__()
        return self

    def __exit__(self, *details):
        self.run.__exit__(*details)

    def places(self):
        return [self.run.lapse.state_root] + [self.run.journal(n) for n in self.run.behaviours]

    def keep(self):
        for place in self.places():
            if os.path.isdir(place):
                shutil.copytree(place, place + ".kept", symlinks=True)
            elif os.path.exists(place):
                shutil.copyfile(place, place + ".kept")

    def put_back(self):
        for place in self.places():
            if os.path.isdir(place):
                shutil.rmtree(place)
                shutil.copytree(place + ".kept", place, symlinks=True)
            elif os.path.exists(place):
                os.unlink(place)
            if not os.path.exists(place) and os.path.exists(place + ".kept"):
                shutil.copyfile(place + ".kept", place)

    def kill(self, at, command):
        """Whether there was such a call to be killed at."""
        report = os.path.join(self.run.folder.name, "report")
        argv = [KILLER, "-o", report, "-t", "watcher", "-k", "one", "-n", str(at), "--", WATCHER]
        argv += [*command.split(), self.run.build, "--config", self.run.lapse.config]
        ended = subprocess.run(
            argv,
            env={**self.run.environment, "ASAN_OPTIONS": "detect_leaks=0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=4 * DEADLINE,
            check=False,
        )
        return ended.returncode == KILLED

    def sweep(self, tap, command, right, step):
        """`right()`: what is wrong with the run at the end, or nothing."""
        at, wrong, trials = 1, [], 0
        self.keep()
        while self.kill(at, command):
            trials += 1
            answer = self.run.ask(command)
            status = self.run.watch_to_the_end()
            problem = right()
            if problem or status != 0:
                wrong.append(f"call {at}: {problem}; run ended with {status}\n{answer}")
            self.put_back()
            at += step
        tap.ok(trials > 5, f"{command}: was killed {trials} times", trials)
        tap.equal(wrong, [], f"{command}: killed anywhere, it is done once", "\n".join(wrong))


def resend(tap, step):
    with Trials(sinks={"chat": "uncertain"}) as trials:
        run = trials.run
        run.happen()
        run.watch_to_the_end()
        run.behave(chat="deliver")

        def right():
            got = (run.record()["state"], len(run.arrived()))
            return got != ("delivered", 2) and got

        trials.sweep(tap, "resolve --resend", right, step)


def lay_open(run):
    """The run was seen to its end, but its watcher died before it closed it."""
    run.configure(settle='"10m"')
    run.happen()
    run.watch()
    wait_for(lambda: os.path.exists(run.kept("evidence.jsonl")), "the first look")
    run.end_watcher()
    run.configure(settle='"50ms"')


def cancel(tap, step):
    with Trials() as trials:
        run = trials.run
        lay_open(run)

        def right():
            got = (run.state()["state"], len(run.arrived()))
            return got != ("CANCELLED", 0) and got

        trials.sweep(tap, "cancel", right, step)


def reset(tap, step):
    with Trials() as trials:
        run = trials.run
        lay_open(run)
        run.ask("cancel")

        def right():
            got = (run.state()["state"], len(run.arrived()))
            return got != ("COMPLETED", 1) and got

        trials.sweep(tap, "reset", right, step)


def correct(tap, step):
    with Trials(sinks={"chat": "deliver", "other": "deliver"}, **CONTRADICTION) as trials:
        run = trials.run
        run.happen()
        contradict(run)
        run.watch_to_the_end()
        run.configure(on_conflict='"worst"')

        def right():
            got = [run.state()["state"], bool(run.record(suffix="+correction-2"))]
            got += [len(run.arrived(name)) for name in ["chat", "other"]]
            return got != ["FAILED", False, 2, 2] and got

        trials.sweep(tap, "correct", right, step)


def main():
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with Tap() as tap:
        for part in [resend, cancel, reset, correct]:
            tap.part(part, step)


if __name__ == "__main__":
    main()
