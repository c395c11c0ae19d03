"""Damages artifacts of recorded runs: what can happen to a file (`Damage`) and to a run (`Case`),
and a run that is damaged, replayed and mended again (`Bench`).

A case is written as a line, and read back from one:

  02-fail-all-sources-agree: cut run.log at byte 1200; delete root/cypress/…/x.xml
"""
import os
import random
import re
import resource
import string

# How many bytes at the end of a file count as its end, where cuts are likeliest to deceive.
TAIL = 600
PRINTABLE = (string.ascii_letters + string.digits + ' "<>:,\t\n').encode()


class Damage:
    """One damage to one file of the scenario. `begin` and `length` are in bytes; `seed` makes the
    random bytes of `noise` and the one of `byte`."""

    # What is likeliest in the field stands more than once.
    KINDS = ("delete", "empty", "cut", "cut", "cut", "zero-tail", "noise", "noise", "blank", "byte")
    FORM = re.compile(
        r"(?P<kind>delete|empty|cut|zero-tail|noise|blank|byte) (?P<path>.+?)"
        r"(?: at byte (?P<begin>\d+)(?:, (?P<length>\d+) bytes)?(?:, seed (?P<seed>\d+))?)?"
    )

    def __init__(self, kind, path, begin=0, length=0, seed=0):
        self.kind, self.path = kind, path
        self.begin, self.length, self.seed = begin, length, seed

    @classmethod
    def drawn(cls, chance, kind, path, content):
        """A damage of that kind at a random place."""
        begin = length = seed = 0
        if kind not in ("delete", "empty"):
            begin = drawn_place(chance, content)
        if kind in ("noise", "blank"):
            length = min(chance.choice([1, 8, 64, 512, 4096]), len(content) - begin)
        if kind in ("noise", "byte"):
            seed = chance.randrange(1 << 30)
        return cls(kind, path, begin, length, seed)

    @classmethod
    def read(cls, text):
        found = cls.FORM.fullmatch(text.strip())
        if not found:
            raise ValueError(f"not a damage: {text!r}")
        numbers = [int(found[name] or 0) for name in ("begin", "length", "seed")]
        return cls(found["kind"], found["path"], *numbers)

    def __str__(self):
        where = f" at byte {self.begin}" if self.kind not in ("delete", "empty") else ""
        extent = f", {self.length} bytes" if self.kind in ("noise", "blank") else ""
        source = f", seed {self.seed}" if self.kind in ("noise", "byte") else ""
        return f"{self.kind} {self.path}{where}{extent}{source}"

    def is_loss(self):
        """Whether the file only lost its end, its content or itself: nothing in it is changed."""
        return self.kind in ("delete", "empty", "cut", "zero-tail")

    def applied(self, content):
        """The damaged content; None: the file is gone."""
        if self.kind == "delete" or content is None:
            return None
        head = content[: self.begin]
        if self.kind in ("empty", "cut"):
            return head
        if self.kind == "zero-tail":
            return head + bytes(len(content) - self.begin)
        chance = random.Random(self.seed)
        block = {
            "noise": lambda: chance.randbytes(self.length),
            "blank": lambda: bytes(self.length),
            "byte": lambda: bytes([chance.choice(PRINTABLE)]),
        }[self.kind]()
        return head + block + content[self.begin + len(block) :]


def drawn_place(chance, content):
    """A byte offset. The ends of lines, elements and objects are as likely as all others together:
    what stands in front of them may look whole."""
    size = len(content)
    begin = max(0, size - TAIL) if chance.random() < 0.5 else 0
    boundaries = [i + 1 for i in range(begin, size - 1) if content[i] in b"\n}]>,"]
    if boundaries and chance.random() < 0.5:
        return chance.choice(boundaries)
    return chance.randrange(size) if size else 0


class Case:
    """A recorded run and what is done to it."""

    def __init__(self, scenario, damages):
        self.scenario, self.damages = scenario, damages

    @classmethod
    def read(cls, line):
        scenario, _, damages = line.partition(": ")
        return cls(scenario, [Damage.read(text) for text in damages.split("; ") if text])

    def __str__(self):
        return f"{self.scenario}: {'; '.join(map(str, self.damages))}"

    def is_loss(self):
        return all(damage.is_loss() for damage in self.damages)


class Outcome:
    """What replay made of a case: the state of the run and its reason, {host: status}, and
    {scope: (state, names of its hosts)}. `error`: why there is no report; None: there is one."""

    def __init__(self, case, answer):
        self.case, self.answer = case, answer
        self.error, self.state, self.reason, self.hosts, self.scopes = None, None, "", {}, {}
        report = answer.report()
        if answer.timed_out:
            self.error = "no answer in time"
        elif answer.status != 0:
            self.error = f"exit status {answer.status}"
        elif not isinstance(report, dict) or report.get("schema") != "atvm.report/1":
            self.error = "no JSON report"
        else:
            self.read(report)

    def read(self, report):
        self.state, self.reason = report["state"], report["reason"]
        for scope in report["scopes"]:
            self.hosts.update((host["name"], host["status"]) for host in scope["hosts"])
            self.scopes[scope["name"]] = scope["state"], [h["name"] for h in scope["hosts"]]

    def __str__(self):
        what = f"{self.error}\n{self.answer}" if self.error else f"{self.state} {self.hosts}"
        return f"{self.case}\n  {what}"


class Bench:
    """A run (a Recording, a MadeRun) to be damaged; `whole`: {path of an artifact: its content}. A
    context manager."""

    def __init__(self, recording):
        self.recording = recording

    def __enter__(self):
        self.recording.__enter__()
        self.whole, self.times = {}, {}
        for path in self.recording.artifacts():
            with open(self.recording.path(path), "rb") as file:
                self.whole[path] = file.read()
                self.times[path] = os.fstat(file.fileno()).st_mtime_ns
        return self

    def __exit__(self, *error):
        self.recording.__exit__(*error)

    def put(self, path, content):
        name = self.recording.path(path)
        if content is None:
            os.remove(name)
            return
        with open(name, "wb") as file:
            file.write(content)
        os.utime(name, ns=(self.times[path], self.times[path]))

    def outcome(self, case, seconds):
        """Damages, replays, mends."""
        contents = {damage.path: self.whole[damage.path] for damage in case.damages}
        for damage in case.damages:
            contents[damage.path] = damage.applied(contents[damage.path])
        try:
            for path, content in contents.items():
                self.put(path, content)
            return Outcome(case, self.recording.replay(seconds=seconds))
        finally:
            for path in contents:
                self.put(path, self.whole[path])


def write_no_core_files():
    """A crash is a failed test, not a file of some hundred megabytes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
