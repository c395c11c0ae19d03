#!/usr/bin/env python3
"""The watcher as a service of a real systemd, booted in a namespace of its own (systemd/inside.py
holds the tests). Not one of `make check`: `./dev systemd` and `./dev test` run it."""
import os
import re
import shutil
import subprocess
import tempfile

from harness import HERE, TOP, Tap, is_sanitized
from installation import Installation

STAGES = ["first", "rebooted"]
RESULT = re.compile(r"^(ok|not ok) \d+ - (.*)$")


def why_not(installation):
    """Why it cannot be tried here; None: it can."""
    if os.geteuid() != 0:
        return "only root can boot a systemd in a namespace"
    if not shutil.which("systemd-nspawn"):
        return "there is no systemd-nspawn (Debian: systemd-container)"
    if not shutil.which("dbus-daemon"):
        return "there is no dbus-daemon (Debian: dbus)"
    if is_sanitized():
        return "the unit's containment and AddressSanitizer exclude each other"
    if not os.path.exists(
        os.path.join(installation.root, "usr/local/lib/systemd/system/atvm-run-watcher@.service")
    ):
        return "configured for a prefix in which systemd does not look for units"
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        check=False,
    )
    return tried.stderr.decode().strip() if tried.returncode else None


def pass_on(tap, stage, out):
    """The results of a stage as this program's own."""
    try:
        with open(os.path.join(out, stage + ".tap"), encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        lines = []
    planned = [line for line in lines if line.startswith("1..")]
    for number, line in enumerate(lines):
        result = RESULT.match(line)
        if not result:
            continue
        details = []
        for more in lines[number + 1 :]:
            if not more.startswith("# "):
                break
            details.append(more[2:])
        tap.ok(result[1] == "ok", f"{stage}: {result[2]}", "\n".join(details))
    if not planned:
        with open(os.path.join(out, stage + ".console"), encoding="utf-8", errors="replace") as file:
            console = file.read()
        tap.ok(False, f"{stage}: ran to its end", "\n".join(lines[-20:]) + "\n" + console[-1500:])


def boot(tap, installation):
    with tempfile.TemporaryDirectory(prefix="atvm-systemd.") as out:
        boots = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "bash"]
            + [os.path.join(HERE, "systemd", "boot.sh"), os.path.abspath(TOP)]
            + [installation.root, out, *STAGES],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        for stage in STAGES:
            if os.path.exists(os.path.join(out, stage + ".console")):
                pass_on(tap, stage, out)
        tap.equal(boots.returncode, 0, "the namespace was booted and powered off", boots.stderr)


def main():
    with Tap() as tap, Installation() as installation:
        reason = why_not(installation)
        if reason:
            tap.skip("the watcher as a service of a real systemd", reason)
        else:
            boot(tap, installation)


main()
