#!/usr/bin/env python3
"""The operator's commands, killed before each of their system calls that has an effect, asked
again, and the run watched to its end: what was asked for is done, and nothing is posted twice or
lost. Minutes long, so no part of `make check`: ./dev crash.

  crash-commands.py [STEP]   only before every STEP-th of those calls
"""
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "system")]
from crash_scene import KILLED, KILLER  # noqa: E402
from crash_sweep import SHARE, calls_with_effect, read_calls  # noqa: E402
from harness import DEADLINE, WATCHER, Tap, wait_for  # noqa: E402
from operated_run import CONTRADICTION, Run, contradict  # noqa: E402


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

    def trace(self, command, *how):
        """The exit status of the command under the tool that kills."""
        report = os.path.join(self.run.folder.name, "report")
        argv = [KILLER, "-o", report, "-t", "watcher", *how, "--", WATCHER]
        argv += [*command.split(), self.run.build, "--config", self.run.lapse.config]
        return subprocess.run(
            argv,
            env={**self.run.environment, "ASAN_OPTIONS": "detect_leaks=0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=4 * DEADLINE,
            check=False,
        ).returncode

    def calls(self, command):
        """The names of its calls that have an effect, and how many it makes."""
        listing = os.path.join(self.run.folder.name, "calls")
        self.trace(command, "-l", listing)
        self.put_back()
        return calls_with_effect(read_calls(listing))

    def sweep(self, tap, command, right, step):
        """`right()`: what is wrong with the run at the end, or nothing."""
        wrong, trials = [], 0
        self.keep()
        names, count = self.calls(command)
        for at in range(1, count + 1, step):
            status = self.trace(command, "-c", ",".join(names), "-n", str(at))
            trials += status == KILLED
            answer = self.run.ask(command)
            status = self.run.watch_to_the_end()
            problem = right()
            if problem or status != 0:
                wrong.append(f"call {at}: {problem}; run ended with {status}\n{answer}")
            self.put_back()
        enough = trials >= SHARE * count / step
        tap.ok(enough, f"{command}: was killed nearly everywhere", f"{trials} times, of {count}")
        print(f"# {command}: was killed {trials} times, of {count} places")
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
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with Tap() as tap:
        commands = [resend, cancel, reset, correct]
        tap.parts([lambda part, each=each: each(part, step) for each in commands])


if __name__ == "__main__":
    main()
