#!/usr/bin/env python3
"""Makes the picture of a status in Mattermost, for real: the watcher watches a recorded run that
failed, what it delivers is rendered as Mattermost renders it, and chromium takes the picture.

  make-picture.py --watcher build/atvm-watcher [--message-only]

Writes doc/picture/status.md, the message, and doc/picture/status.png. With --message-only the message
is printed, and nothing is written.
"""
import argparse
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, "tests", "accept"))
import accept  # noqa: E402

SCENARIO = os.path.join(TOP, "tests", "fixtures", "15-late-host-rows")
# What an operator would have said when the run was started.
TOLD = {
    "ATVM_WATCHER_TEMPLATE": "cmc-e2e",
    "ATVM_WATCHER_INTEGRATION_PLUGIN": "fc",
    "ATVM_WATCHER_CONFIG_FAMILY": "gold",
    "ATVM_WATCHER_MIGRATION_STYLE": "local",
    "ATVM_WATCHER_TEMPLATE_COMMAND": "python3 cmc-templates.py --template cmc-e2e "
    "--specify_vms atvm121-ubuntu24.04,atvm71-redhat9.1,atvm160-w2k25 "
    "--use_specified_plugin fc --ignore_force_shutdown --test_partition",
}
WIDTH, SCALE = 860, 2


def message_of(watcher):
    """The body that a sink gets, as Markdown."""
    with open(os.path.join(SCENARIO, "input.json"), encoding="utf-8") as file:
        given = json.load(file)
    build = given["build"]
    with tempfile.TemporaryDirectory(prefix="atvm-picture.") as place:
        folder = os.path.join(place, "scenario")
        shutil.copytree(SCENARIO, folder)
        accept.set_times(folder)
        os.mkdir(os.path.join(place, "proc"))
        config = os.path.join(place, "watcher.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(
                f'automation_root = "{folder}/root"; state_root = "{place}/state";\n'
                f'run_log = "{folder}/run.log"; launch_log = "{folder}/launch.log";\n'
                'settle = "10ms"; time_zone = "UTC";\n'
                f'collectors = ( {{ module = "proc"; root = "{place}/proc"; }},\n'
                '  { module = "runlog"; }, { module = "junit"; }, { module = "reporter-json"; },\n'
                '  { module = "reporter-txt"; }, { module = "mochawesome"; }, { module = "spec"; } );\n'
                f'sinks = ( {{ module = "file"; path = "{place}/message.md"; }} );\n'
            )
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ATVM_WATCHER_")}
        subprocess.run(
            [watcher, "run", build, "-c", config, "--since", str(given["run_start"]), "--quiet"],
            env={**environment, **TOLD},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=60,
            check=True,
        )
        with open(os.path.join(place, "message.md"), encoding="utf-8") as file:
            return file.read()


def page_of(message):
    """The message in a channel, as a web page."""
    body = subprocess.run(
        ["cmark-gfm", "--extension", "autolink", "--hardbreaks"],
        input=message,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    end = re.search(r"End: [\d-]+ (\d\d):(\d\d)", message)
    hour, minute = int(end[1]), end[2]
    with open(os.path.join(HERE, "page.html"), encoding="utf-8") as file:
        page = file.read()
    return page.replace("@BODY@", body).replace(
        "@TIME@", html.escape(f"{hour % 12 or 12}:{minute} {'AM' if hour < 12 else 'PM'}")
    )


def chromium(place, *arguments):
    return subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        + ["--disable-background-networking", "--hide-scrollbars", f"--user-data-dir={place}/user"]
        + [*arguments, f"file://{place}/page.html"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    ).stdout


def take_picture(message, picture):
    with tempfile.TemporaryDirectory(prefix="atvm-picture.") as place:
        with open(os.path.join(place, "page.html"), "w", encoding="utf-8") as file:
            file.write(page_of(message))
        # The page notes how high it is; the window is made for it.
        seen = chromium(place, f"--window-size={WIDTH},600", "--dump-dom")
        height = int(re.search(r'data-height="(\d+)"', seen)[1])
        chromium(
            place,
            f"--window-size={WIDTH},{height}",
            f"--force-device-scale-factor={SCALE}",
            f"--screenshot={picture}",
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--watcher", required=True)
    parser.add_argument("--message-only", action="store_true")
    options = parser.parse_args()
    message = message_of(os.path.abspath(options.watcher))
    if options.message_only:
        sys.stdout.write(message)
        return
    with open(os.path.join(HERE, "status.md"), "w", encoding="utf-8") as file:
        file.write(message)
    take_picture(message, os.path.join(HERE, "status.png"))


if __name__ == "__main__":
    main()
