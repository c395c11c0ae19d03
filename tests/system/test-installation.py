#!/usr/bin/env python3
"""What `make install` leaves: the rights of every file, examples that work as they are, and nothing
once it is removed again."""
import glob
import json
import os
import re
import shutil
import stat

from harness import TOP, Answer, Tap
from installation import Installation

# Everything but programs and modules is read only: nobody executes a page or an example.
EXECUTABLE = ("/bin/", ".so")


def rights(tap, installed):
    wrong = []
    for name in installed.files():
        mode = stat.S_IMODE(os.lstat(os.path.join(installed.root, name)).st_mode)
        wanted = 0o755 if any(part in name for part in EXECUTABLE) else 0o644
        if mode != wanted:
            wrong.append(f"{name}: {mode:04o}, want {wanted:04o}")
    tap.ok(not wrong, "files have the rights of programs or of data", "\n".join(wrong))
    folders = [f for f, _, _ in os.walk(installed.root)]
    modes = {f: stat.S_IMODE(os.stat(f).st_mode) for f in folders}
    tap.equal(set(modes.values()), {0o755}, "folders can be entered by all, changed by one", modes)


def contents(tap, installed):
    files = installed.files()
    tap.ok(
        not [f for f in files if f.endswith(".la") or "/etc/" in f"/{f}"],
        "no libtool files, and nothing in /etc",
        "\n".join(files),
    )
    answer = Answer(
        [installed.program, "plugins", "--json"], environment=installed.environment()
    )
    names = {module["name"] for module in json.loads(answer.output)}
    wanted = {"proc", "runlog", "junit", "reporter-json", "reporter-txt", "mochawesome", "spec"}
    wanted |= {"file", "mattermost", "stdout"}
    tap.ok(answer.status == 0 and names == wanted, "the program finds its modules", answer)


def examples(tap, installed):
    """A configuration to copy from is right as it stands, but for the project's folder."""
    pattern = os.path.join(installed.prefix, "share/doc/atvm-watcher/examples/*.conf")
    found = sorted(glob.glob(pattern))
    tap.ok(
        {"atvm-watcher.conf", "categorized.conf", "local.conf", "team.conf"}
        <= {os.path.basename(path) for path in found},
        "the examples are there",
        found,
    )
    project = installed.inside("project")
    os.makedirs(project)
    environment = {
        **installed.environment(),
        "ATVM_WATCHER_AUTOMATION_ROOT": project,
        "MATTERMOST_ATVM_WEBHOOK": "https://chat.example/hooks/x",
    }
    for path in found:
        answer = Answer(
            [installed.program, "check-config", "-c", path, "--json"], environment=environment
        )
        told = answer.report() or {}
        tap.ok(
            answer.status == 0 and told.get("problems") == [] and told.get("warnings") == [],
            f"check-config has nothing to say about {os.path.basename(path)}",
            answer,
        )


def exposure(tap, installed):
    """As an administrator finds it before anything runs; test-systemd asks the manager that runs it."""
    if not shutil.which("systemd-analyze"):
        tap.skip("the unit's exposure", "there is no systemd-analyze (Debian: systemd)")
        return
    unit = installed.only("**/atvm-run-watcher@.service")
    answer = Answer(
        ["systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=22", unit]
    )
    if "unrecognized option" in answer.errors:
        tap.skip("the unit's exposure", "this systemd-analyze looks at units that run only")
        return
    tap.equal(answer.status, 0, "the unit's exposure is 2.2 or less", answer)


def versions(tap, installed):
    """One number, wherever it is written down."""
    said = Answer([installed.program, "--version"]).output.decode().split()[1]
    places = {
        "debian/changelog": r"^atvm-watcher \(([\d.]+)\)",
        "NEWS.md": r"^## ([\d.]+)",
    }
    for name, form in places.items():
        with open(os.path.join(TOP, name), encoding="utf-8") as file:
            tap.equal(re.search(form, file.read(), re.M)[1], said, f"{name}: the program's version")
    with open(installed.pkg_config_file, encoding="utf-8") as file:
        found = re.search(r"^Version: (.*)$", file.read(), re.M)[1]
    tap.equal(found, said, "pkg-config: the program's version")


def removal(tap, installed):
    installed.make("uninstall")
    tap.equal(installed.files(), [], "make uninstall leaves no file")
    left = [os.path.relpath(folder, installed.prefix) for folder, _, _ in os.walk(installed.prefix)]
    own = [name for name in left if re.search("atvm|systemd|bash-completion", name)]
    tap.equal(own, [], "and no folder that only it had")


def main():
    with Tap() as tap, Installation() as installed:
        for part in (rights, contents, examples, exposure, versions, removal):
            tap.part(part, installed)


if __name__ == "__main__":
    main()
