#!/usr/bin/env python3
"""The module author's guide, followed to the letter by somebody who has only the installation: the
two examples are built with the installed header, loaded, judged by, and delivered to."""
import json
import os
import re
import shlex
import shutil

from harness import FIXTURES, TOP, Answer, Tap
from installation import Installation

GUIDE = os.path.join(TOP, "doc", "modules.md")
COMPILER = shlex.split(os.environ.get("CC", "cc"))
STRICT = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
EXAMPLES = ("result-file", "append")
# Its runner was killed while it tested the first host.
RECORDING = os.path.join(FIXTURES, "25-killed-midway")


class Workshop:
    """An empty folder beside an installation, in which an author works."""

    def __init__(self, installed):
        self.installed = installed
        self.path = installed.inside("workshop")
        os.mkdir(self.path)

    def inside(self, name):
        return os.path.join(self.path, name)

    def do(self, *words):
        # cwd by the shell: Answer starts programs where the test runs.
        return Answer(
            ["sh", "-euc", 'cd "$0" && exec "$@"', self.path, *words],
            environment=self.installed.environment(),
        )

    def watcher(self, *words):
        return self.do("atvm-watcher", *words)

    def write(self, name, text):
        with open(self.inside(name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(self.inside(name), encoding="utf-8") as file:
            return file.read()

    def configure(self, root, results="%b.results", sink_path=None):
        self.write(
            "recorded.conf",
            f'automation_root = "{root}";\nstate_root = "{self.inside("state")}";\n'
            'collectors = ( { module = "proc"; }, { module = "runlog"; }, { module = "junit"; },\n'
            f'  {{ module = "{self.inside("result-file.so")}";\n'
            f'     path = "{self.inside(results)}"; }} );\n'
            f'sinks = ( {{ module = "{self.inside("append.so")}"; '
            f'path = "{sink_path or self.inside("chat")}"; }} );\n',
        )


def followed(tap, shop):
    """The shell blocks of the guide, run one after the other."""
    with open(GUIDE, encoding="utf-8") as file:
        blocks = re.findall(r"^```sh\n(.*?)^```", file.read(), re.M | re.S)
    answer = shop.do("sh", "-euc", "\n".join(blocks))
    said = answer.output.decode()
    tap.ok(answer.status == 0, "the guide's commands work in an empty folder", answer)
    for name in EXAMPLES:
        tap.ok(
            f"{shop.path}/{name}.so" in said and "absolute path of the file" in said,
            f"{name}: is loaded and described with its option",
            said,
        )
    message = shop.read("first-try.status")
    tap.ok(
        message in said
        and "first-try - FAILED" in message
        and "atvm1-redhat9.1 - FAIL" in message
        and "the disk is full" in message,
        "the sink has the status with the collector's words",
        message,
    )


def standing_alone(tap, shop):
    """No warning under a strict compiler, no header but the installed one, one exported symbol."""
    for name in EXAMPLES:
        flags = shop.do("pkg-config", "--cflags", "atvm-watcher").output.decode().split()
        compile_it = [*COMPILER, "-shared", "-fPIC", "-Wl,-z,defs", *STRICT, *flags]
        answer = shop.do(*compile_it, "-o", "strict.so", f"{name}.c")
        tap.ok(answer.status == 0, f"{name}: no warning", answer)
        used = shop.do(*COMPILER, "-MM", *flags, f"{name}.c").output.decode().replace("\\\n", " ")
        headers = [h for h in used.split()[2:]]
        tap.ok(
            len(headers) == 1 and headers[0].startswith(shop.installed.prefix),
            f"{name}: needs the installed header and no other of ours",
            used,
        )


def checked(tap, shop):
    shop.configure("/tmp", sink_path="chat")
    answer = shop.watcher("check-config", "-c", "recorded.conf")
    tap.ok(
        answer.status == 2 and 'sink "append": configure: option path' in answer.errors,
        "check-config asks the sink before the run does",
        answer,
    )
    shop.write("recorded.conf", shop.read("recorded.conf").replace("path =", "pth ="))
    answer = shop.watcher("check-config", "-c", "recorded.conf")
    tap.ok(
        answer.status == 2 and 'recorded.conf:4: collector "result-file"' in answer.errors,
        "a wrong option of an own module is told with its line",
        answer,
    )


def explained(shop, given, lines):
    """What `replay --explain` says of the recorded run with these results: of its first host, and
    of the results file."""
    build, host = given["build"], given["requested_hosts"][0]
    path = shop.inside(f"{build}.results")
    shop.write(f"{build}.results", lines)
    os.utime(path, (given["now"] - 60, given["now"] - 60))
    answer = shop.watcher(
        *["replay", "--build", build, "--root", os.path.join(RECORDING, "root")],
        *["--run-log", os.path.join(RECORDING, "run.log"), "-c", "recorded.conf"],
        *["--now", str(given["now"]), "--explain", "--format", "json"],
    )
    if answer.status or not answer.report():
        raise AssertionError(f"not explained: {answer}")
    told = [h for s in answer.report()["scopes"] for h in s["hosts"] if h["name"] == host][0]
    source = [s for s in answer.report()["sources"] if s["path"] == path][0]
    claims = told["questions"]["status"]["candidates"]
    return told, source, [c for c in claims if c["collector"] == "result-file"]


def judged(tap, shop):
    """What the collector says is held against the other sources as theirs is."""
    with open(os.path.join(RECORDING, "input.json"), encoding="utf-8") as file:
        given = json.load(file)
    host = given["requested_hosts"][0]
    shop.configure(os.path.join(RECORDING, "root"))

    told, _, claims = explained(shop, given, f"{host} fail 3 2 the disk is full\n")
    tap.ok(
        told["status"] == "FAIL" and len(claims) == 1 and claims[0]["won"],
        "a failure that only this collector knows of counts",
        (told["status"], claims),
    )
    tap.equal(claims[0]["line"], 1, "and is told with its line", claims)

    for counts, rule in (("0 0", "zero-tests-executed"), ("3 4", "counts-unreadable")):
        told, _, claims = explained(shop, given, f"{host} pass {counts}\n")
        tap.ok(
            told["status"] == "MISSING" and claims[0]["rule"] == rule,
            f"a pass without sound counts proves nothing: {rule}",
            (told["status"], claims),
        )
    told, _, _ = explained(shop, given, f"{host} pass 3 3\n")
    tap.equal(told["status"], "PASS", "a sound pass proves what it says")
    told, _, _ = explained(shop, given, f"{host} pass 3 2\n")
    tap.equal(told["status"], "FAIL", "a pass of which a test failed is a failure")
    for lines, fault in (
        (f"{host} fail 3 2 x\n{host} pass 3", "a line that is cut off or too long"),
        (f"{host} fail 3 2 x\n{host} passed 3 3\n", "a line that is not HOST"),
        (f"{host} fail 3 2 x\n{host} pass {9**30} {9**30}\n", "a line that is not HOST"),
        (f"{host} fail 3 2 x\n{'x' * 2000} pass 3 3\n", "a line that is cut off or too long"),
    ):
        told, source, _ = explained(shop, given, lines)
        tap.ok(
            source["standing"] == "damaged" and fault in source["reason"],
            f"a file with another line is damaged: {fault}",
            source,
        )
        tap.equal(told["status"], "FAIL", "and the failure before that line counts")


def could_not_look(tap, shop):
    """A file that cannot be read is told, and stops nobody."""
    shop.configure(os.path.join(RECORDING, "root"), results="fifo")
    os.mkfifo(shop.inside("fifo"))
    root = os.path.join(RECORDING, "root")
    answer = shop.watcher("replay", "--build", "b", "--root", root, "-c", "recorded.conf")
    tap.ok(
        answer.status == 0 and "collector result-file: could not look" in answer.errors,
        "a FIFO in place of the file is told at once",
        answer,
    )


def main():
    with Tap() as tap:
        missing = [c for c in (COMPILER[0], "cc", "pkg-config") if shutil.which(c) is None]
        if missing:
            tap.skip("modules of one's own", f"not installed: {missing}")
            return
        with Installation() as installed:
            shop = Workshop(installed)
            for part in (followed, standing_alone, checked, judged, could_not_look):
                tap.part(part, shop)


if __name__ == "__main__":
    main()
