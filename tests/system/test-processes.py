#!/usr/bin/env python3
"""What the processes of a running watcher can and cannot do, seen from outside."""
import os
import resource
import stat
import subprocess
import tempfile

from harness import DEADLINE, FIXTURES, WATCHER, Tap, collect_worker, is_sanitized, wait_for
from timelapse import TimeLapse

SECRET = "http://127.0.0.1:9/hooks/n0b0dym4yr34dth1s"
CAP_SYS_PTRACE = 19


def status_field(pid, name):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith(name + ":"):
                return line.split()[1]
    return None


def mapped_files(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        return {line.split(maxsplit=5)[5].strip() for line in file if "/" in line}


def environment_of(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:
        return file.read()


def writable_files(pid):
    """Regular files that a process holds open for writing, and its sockets."""
    found = []
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            mode = os.stat(f"/proc/{pid}/fd/{descriptor}").st_mode
            with open(f"/proc/{pid}/fdinfo/{descriptor}", encoding="ascii") as file:
                flags = int([line.split()[1] for line in file if line.startswith("flags:")][0], 8)
        except FileNotFoundError:
            continue
        if stat.S_ISSOCK(mode) or stat.S_ISREG(mode) and flags & (os.O_WRONLY | os.O_RDWR):
            found.append(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
    return found


def look(tap, watcher, worker):
    libraries = " ".join(sorted(mapped_files(watcher)))
    for library in ["libxml2", "libcurl"]:
        tap.ok(library not in libraries, f"the watcher has not loaded {library}", libraries)
    tap.ok("/plugins/" not in libraries, "the watcher has loaded no module", libraries)

    tap.equal(status_field(worker, "NoNewPrivs"), "1", "the worker cannot gain privileges")
    tap.equal(status_field(worker, "Seccomp"), "2", "the worker runs under a system call filter")
    capabilities = int(status_field(worker, "CapEff"), 16)
    tap.equal(capabilities >> CAP_SYS_PTRACE & 1, 0, "the worker may not trace other processes")
    if is_sanitized():
        tap.skip("the worker may not write a byte to a file", "sanitizers write reports")
    else:
        limit = resource.prlimit(worker, resource.RLIMIT_FSIZE)
        tap.equal(limit, (0, 0), "the worker may not write a byte to a file")
    tap.equal(writable_files(worker), [], "the worker holds no socket and no writable file")

    for pid, name in [(watcher, "watcher"), (worker, "worker")]:
        tap.ok(
            SECRET.encode() not in environment_of(pid),
            f"the secret does not stand in the environment of the {name}",
        )


def main():
    with Tap() as tap, tempfile.TemporaryDirectory() as place:
        scenario = os.path.join(FIXTURES, "01-pass-all-sources-agree")
        lapse = TimeLapse(scenario, place, seconds=1, build=f"processes.{os.getpid()}")
        lapse.prepare()
        lapse.start_runner()
        environment = {**lapse.environment(), "MATTERMOST_ATVM_WEBHOOK": SECRET}
        with open(os.path.join(place, "errors"), "w+b") as errors:
            watcher = subprocess.Popen(
                lapse.command(WATCHER),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
            try:
                lapse.play(until=0.7)
                state = os.path.join(lapse.state_root, lapse.build, "state.json")
                wait_for(lambda: os.path.exists(state), "a first look")
                worker = wait_for(lambda: collect_worker(watcher.pid), "the collect worker")
                look(tap, watcher.pid, worker)
                lapse.play()
                lapse.end_runner()
                status = watcher.wait(timeout=DEADLINE)
                errors.seek(0)
                said = errors.read().decode(errors="replace")
                tap.equal(status, 0, "the watcher ends well", said)
                tap.ok(SECRET not in said, "the secret is not in the log", said)
            finally:
                if watcher.poll() is None:
                    watcher.kill()
                    watcher.wait()
                lapse.close()


if __name__ == "__main__":
    main()
