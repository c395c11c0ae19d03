"""Within a namespace that has a journal daemon of its own: asks `doctor` again and again while
entries arrive, and prints "NAME<tab>JSON" for each. Part of test-doctor."""
import contextlib
import json
import os
import socket
import subprocess
import sys
import time

SOCKET = "/run/systemd/journal/socket"
UNIT = "atvm-run-watcher@e2e-journal.service"


def wait_for(happened):
    while not happened():
        time.sleep(0.02)


def send(priority, message, unit=UNIT):
    """Logs as the service manager does about a unit, and waits until the journal has it."""
    lines = [f"PRIORITY={priority}", f"MESSAGE={message}", f"UNIT={unit}", "SYSLOG_IDENTIFIER=systemd"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
        peer.connect(SOCKET)
        peer.send("\n".join(lines + [""]).encode())
    wait_for(lambda: message in subprocess.run(["journalctl", "-o", "cat"], capture_output=True, text=True).stdout)


def ask(name, *words, preexec=None):
    output = subprocess.run(
        [*sys.argv[1:], *words], capture_output=True, text=True, preexec_fn=preexec
    ).stdout
    print(f"{name}\t{json.dumps(json.loads(output))}", flush=True)


def keep_run(**members):
    """What is known of the run that the entries are about."""
    folder = os.environ["RUN_FOLDER"]
    build = os.path.basename(folder)
    state = {"schema": "atvm.state/1", "build": build, "scope": build, "mode": "single"}
    state.update(state="FAILED", first_seen=1, **members)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "state.json"), "w", encoding="utf-8") as file:
        json.dump(state, file)


def become_nobody():
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


wait_for(lambda: os.path.exists(SOCKET))
send(6, "all is well")
ask("quiet")
send(3, f"Failed to reset failed state of unit {UNIT}: Unit {UNIT} not loaded.")
send(3, "somebody else's trouble", "other.service")
ask("noise")
send(4, "nearly")
ask("warning")
send(3, "it broke")
ask("error")
ask("other build", "e2e-other")
ask("this build", "e2e-journal")
keep_run()
ask("open run")
keep_run(closed=2)
ask("closed run")
send(3, "it broke elsewhere", "atvm-run-watcher@e2e-other.service")
ask("another run")
# Where another user cannot reach the program there is nothing to be asked.
with contextlib.suppress(PermissionError, subprocess.SubprocessError):
    ask("other user", preexec=become_nobody)
