#!/usr/bin/env python3
"""The manual pages against the program: every command, option, setting and name of the interface
is in its page, and the pages know nothing that the program does not."""
import glob
import json
import os
import re
import shutil
import tempfile

from harness import BUILD, TOP, WATCHER, Answer, Tap

PAGES = os.path.join(TOP, "doc", "man")
MODULES = ":".join(os.path.join(BUILD, part, ".libs") for part in ("plugins", "sinks"))
UNKNOWN = "zzqqxx"
HOLE = "@HOLE@"
TOO_LONG = "40000d"
# Keys that no message lists, because every other key may be an option of the module.
MODULE_KEYS = {"module", "name", "critical"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def page(name):
    return read(os.path.join(PAGES, name))


def own_pages():
    """Paths of all but those that only name another one."""
    paths = sorted(glob.glob(os.path.join(PAGES, "*.[1-8]")))
    return [path for path in paths if not read(path).startswith(".so ")]


def without_macros(text):
    """Words as a reader sees them, roughly: of `.It Ic a No = Qq b` only `a = "b"`."""
    text = re.sub(r'\bQq (\S+)', r'"\1"', text)
    text = re.sub(r'\bQo (\S+) Qc', r'"\1"', text)
    text = re.sub(r"\bBq (.*)", r"[ \1 ]", text)
    return re.sub(r"\b(No|Ns|Ic|Ar|Li|Cm) ", "", text)


def items(text, macro):
    """[(what stands in each `.It MACRO` line, the text up to the next one)] of a page. An item
    without text of its own shares that of the next."""
    found = re.findall(rf"^\.It {macro} (.+)\n((?:(?!\.It {macro} |\.S[hs] ).*\n)*)", text, re.M)
    shared = ""
    for index in range(len(found) - 1, -1, -1):
        head, body = found[index]
        shared = body if body.strip() else shared
        found[index] = (head, shared)
    return found


# ---------------------------------------------------------------- the language of the pages


def other_names(tap):
    """A page that only names another one names one that is there; every script has such a page."""
    scripts = [os.path.basename(path) for path in glob.glob(os.path.join(TOP, "scripts", "*.sh"))]
    tap.ok(len(scripts) >= 2, "there are scripts", scripts)
    for script in sorted(scripts):
        target = re.match(r"\.so man\d/(\S+)\n$", page(f"{script}.1"))[1]
        tap.ok(f".Pa {script}\n" in page(target), f"{script}: is told in {target}")


def sound(tap):
    pages = own_pages()
    tap.ok(len(pages) >= 3, "there are pages", pages)
    foreign = [(path, line) for path in pages for line in read(path).splitlines()
               if not line.isascii() or "\\[u" in line]
    tap.equal(foreign, [], "no character that a terminal in the C locale has not")
    if shutil.which("mandoc") is None:
        tap.skip("mandoc finds nothing wrong", "there is no mandoc")
        return
    for path in pages:
        answer = Answer(["mandoc", "-Tlint", "-W", "warning", path])
        tap.ok(
            answer.status == 0 and not answer.output,
            f"mandoc finds nothing wrong with {os.path.basename(path)}",
            answer,
        )


def references(tap):
    """A page that another one refers to is among them, or is the system's."""
    own = {os.path.basename(path) for path in own_pages()}
    for name in sorted(own):
        referred = {f"{n}.{s}" for n, s in re.findall(r"\.Xr (\S+) (\d)", page(name))}
        missing = sorted(r for r in referred if r.startswith("atvm-") and r not in own)
        tap.ok(referred and not missing, f"{name}: pages it refers to are there", missing)


# ---------------------------------------------------------------- atvm-watcher(1)


def help_of(*words):
    return Answer([WATCHER, *words, "--help"]).output.decode()


def commands_of_program():
    section = help_of().split("Commands:\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in section.splitlines()]


def options_of_help(text):
    """{(short option or "", long option, word for its value or "")}, of lines that begin so."""
    form = r"^ {2,6}(?:(-\w), )?(--[a-z-]+)(?: ([A-Z]\S*))?"
    return {tuple(match.groups("")) for match in re.finditer(form, text, re.M)}


def options_of_page(text):
    """The same, of `.It Fl c , Fl -config Ar FILE`."""
    form = r"^\.It (?:Fl (\w) , )?Fl (-[a-z-]+)(?: Ar (\S+))?$"
    text = text.replace("...", "…")
    found = {tuple(match.groups("")) for match in re.finditer(form, text, re.M)}
    return {(f"-{short}" if short else "", f"-{name}", value) for short, name, value in found}


def commands(tap):
    text = page("atvm-watcher.1")
    sections = dict(re.findall(r"^\.Ss ([a-z-]+)\n((?:(?!\.S[hs] ).*\n)*)", text, re.M))
    shared = options_of_page(text.split(".Sh COMMANDS")[1].split(".Ss ")[0])
    known = commands_of_program()
    tap.equal(sorted(sections), sorted(known), "every command has its section, no other has")
    tap.ok(("-h", "--help", "") in shared, "options of all commands are told once", shared)
    for command in sections:
        wanted = options_of_help(help_of(command))
        told = options_of_page(sections[command]) | (wanted & shared)
        tap.equal(sorted(told), sorted(wanted), f"{command}: its options, and no other")
        tap.ok(
            ".Ex -std" in sections[command] or "Exit status" in sections[command],
            f"{command}: its exit status",
        )


def variables(tap):
    """Environment variables that the program has names for, and those that it knows."""
    names = set()
    for path in glob.glob(os.path.join(TOP, "core", "**", "*.c"), recursive=True):
        names |= set(re.findall(r'"((?:ATVM_WATCHER|MATTERMOST_ATVM)_[A-Z_]*[A-Z])"', read(path)))
    with Program() as program:
        names -= {f"ATVM_WATCHER_{name.upper()}" for name in program.settings()}
    told = set(re.findall(r"^\.It Ev ([A-Z_]+)$", page("atvm-watcher.1"), re.M)) - {"TZ"}
    tap.equal(sorted(told), sorted(names), "every variable that is no setting, and no other")
    environment = {**{name: "x" for name in told}, "ATVM_WATCHER_CONFIG": ""}
    answer = Answer([WATCHER, "check-config"], environment=environment)
    tap.ok("nothing reads it" not in answer.errors, "the program reads them", answer)


# ---------------------------------------------------------------- atvm-run-watcher@.service(8)


def service(tap):
    """What the page says of the unit stands in the unit."""
    unit = read(os.path.join(TOP, "units", "atvm-run-watcher@.service.in"))
    catalog = read(os.path.join(TOP, "units", "atvm-watcher.catalog"))
    text = page("atvm-run-watcher@.service.8")
    value = dict(re.findall(r"^(\w+)=(.*)$", unit, re.M))
    told = re.findall(r"(\d+) \(", re.search(r"Exit statuses .*?final\.", text, re.S)[0])
    tap.equal(told, value["RestartPreventExitStatus"].split(), "exit statuses that are final")
    tap.ok(f".Sy {value['User']}\n" in text, "the user it runs as", value["User"])
    tap.equal(value["WatchdogSec"], "2min", "the two minutes after which it is killed")
    for name in re.findall(r"=-?(?:[\w.-]+:)?(/[\w./-]+)", unit):
        if name.startswith("/etc/"):
            tap.ok(f"Pa {name}\n" in text, f"{name} is in the page")
    for name in (f"/var/lib/{value['StateDirectory']}/", f"/var/log/{value['LogsDirectory']}/"):
        tap.ok(f".It Pa {name}" in text, f"{name} is in the page")
    events = read(os.path.join(TOP, "core", "log-event.h"))
    ids = re.findall(r"MESSAGE_ID=(\w+)", text)
    tap.ok(ids and all(f'"{i}"' in events for i in ids), "ids of events are the program's", ids)
    ids = re.findall(r"^-- (\w+)$", catalog, re.M)
    tap.ok(ids and all(f'"{i}"' in events for i in ids), "so are those of the catalog", ids)


# ---------------------------------------------------------------- atvm-plugin(3)


def interface(tap):
    """Every name that the header gives to a module's author, and no other."""
    header = read(os.path.join(TOP, "core", "include", "atvm", "plugin.h"))
    header = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    text = page("atvm-plugin.3")
    # Names that end with _ are the header's own.
    constants = set(re.findall(r"\bATVM_[A-Z0-9_]*[A-Z0-9]\b(?!_)", header)) - {"ATVM_PLUGIN_H"}
    told = set(re.findall(r"\bATVM_[A-Z0-9_]*[A-Z0-9]\b", text))
    tap.equal(sorted(told), sorted(constants), "every constant and macro, and no other")
    structs = set(re.findall(r"^struct (atvm_\w+) \{", header, re.M))
    told = set(re.findall(r"^\.Vt struct (atvm_\w+)", text, re.M))
    tap.equal(sorted(told), sorted(structs), "every struct, and no other")
    functions = set(re.findall(r"\(\*(\w+)\)\(", header))
    told = set(re.findall(r"^\.It Fa (\w+)$", text, re.M))
    tap.equal(sorted(told), sorted(functions), "every function of host, collector and sink")


def smallest_module(tap):
    """The example is a module as it stands."""
    if shutil.which("cc") is None:
        tap.skip("the example builds and loads", "there is no cc")
        return
    code = re.search(r"^(#include <atvm.*?)^\.Ed", page("atvm-plugin.3"), re.M | re.S)[1]
    with tempfile.TemporaryDirectory(prefix="atvm-manual.") as folder:
        module = os.path.join(folder, "nothing.so")
        with open(os.path.join(folder, "nothing.c"), "w", encoding="utf-8") as file:
            file.write(code.replace("\\&", ""))
        built = Answer(
            ["cc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", f"-I{TOP}/core/include"]
            + ["-o", module, os.path.join(folder, "nothing.c")]
        )
        loaded = Answer([WATCHER, "plugins", module])
        tap.ok(
            built.status == 0 and loaded.status == 0,
            "the example builds and loads",
            f"{built}\n{loaded}",
        )


# ---------------------------------------------------------------- the pages in Markdown


def links(tap):
    """Whoever reads the README to its end finds what it leads to."""
    pages = glob.glob(os.path.join(TOP, "*.md")) + glob.glob(os.path.join(TOP, "doc", "*.md"))
    missing, count = [], 0
    for path in sorted(pages):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", read(path)):
            count += 1
            if "://" not in target and not os.path.exists(
                os.path.join(os.path.dirname(path), target)
            ):
                missing.append(f"{os.path.relpath(path, TOP)}: {target}")
    tap.ok(count > 20 and not missing, "every link leads somewhere", missing)


def picture(tap):
    """It is of the message that is delivered today; where it is not, ./dev picture makes it anew."""
    folder = os.path.join(TOP, "doc", "picture")
    script = os.path.join(folder, "make-picture.py")
    answer = Answer(["python3", script, "--watcher", WATCHER, "--message-only"])
    # Its tag is that of one posting.
    told, now = (
        re.sub(r"^Message \w+,", "Message TAG,", text, flags=re.M).splitlines()
        for text in (read(os.path.join(folder, "status.md")), answer.output.decode())
    )
    tap.equal(
        now,
        told,
        "the picture shows the message of today (./dev picture makes it anew)",
        answer,
    )
    with open(os.path.join(folder, "status.png"), "rb") as file:
        tap.ok(file.read(8) == b"\x89PNG\r\n\x1a\n", "the picture is there")


# ---------------------------------------------------------------- atvm-watcher.conf(5)


class Program:
    """What the program answers to a configuration. A context manager."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-manual.")
        self.config = os.path.join(self.folder.name, "watcher.conf")
        self.environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("ATVM_WATCHER_", "MATTERMOST_"))
        }
        self.environment["ATVM_WATCHER_MODULE_PATH"] = MODULES
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def errors(self, text):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        answer = Answer(
            [WATCHER, "check-config", "-c", self.config], environment=self.environment
        )
        if answer.status != 2:
            raise AssertionError(f"check-config is content with {text}: {answer}")
        return answer.errors

    def names(self, form):
        """The names that are known where form has its HOLE; empty: nothing with names goes there."""
        said = self.errors(form.replace(HOLE, f"{UNKNOWN} = 1;"))
        known = re.search(rf'unknown setting "{UNKNOWN}"; known here: (.*)', said)
        return known[1].split(", ") if known else []

    def settings(self, path="", form=HOLE):
        """Every setting below path: dotted names, NAME for one that the operator chooses."""
        found = set()
        for name in self.names(form):
            found.add(path + name)
            for way, inner in (
                (f"{path}{name}.", f"{name} = {{ {HOLE} }};"),
                (f"{path}{name}.", f"{name} = ( {{ {HOLE} }} );"),
                (f"{path}{name}.NAME.", f"{name} = {{ x = {{ {HOLE} }}; }};"),
            ):
                found |= self.settings(way, form.replace(HOLE, inner))
        return found

    def says_of(self, name, value):
        """What it says when a setting has a value that cannot be right."""
        text = f'{name.split(".")[-1]} = "{value}";'
        for group in reversed(name.split(".")[:-1]):
            text = f"{group} = {{ {text} }};"
        return self.errors(f'automation_root = "/nowhere";\n{text}')


def first_sentence(program, name):
    """How the page has to begin what it says of a setting with a single value, so that its type and
    range are the program's; None: it is no such setting."""
    said = program.says_of(name, UNKNOWN)
    words = re.search(r"is not allowed; allowed: (.*)", said)
    if "expected an absolute path" in said:
        return "Path."
    if "knows no time zone" in said:
        return "Time zone."
    if words:
        return f"One of {words[1]}."
    if "expected a duration" in said:
        limits = program.says_of(name, TOO_LONG)
        limits = re.search(r"(?:allowed is|from) (\w+) to (\w+)", limits)
        return f"Duration from {limits[1]} to {limits[2]}."
    return None


def values_of_file():
    """{dotted name: value as written} of the commented file, which shows what is built in (a unit
    test holds it against the program): settings with a text or a list of texts."""
    text = re.sub(r"^\s*#.*\n", "", read(os.path.join(TOP, "etc", "atvm-watcher.conf")), flags=re.M)
    value = r'("[^"\n]*"|\[[^\]]*\]);'
    found = dict(re.findall(rf"^(\w+) = {value}", text, re.M))
    for group, body in re.findall(r"^(retry|launch) = \{(.*?)\};$", text, re.M | re.S):
        # An entry of a list has settings of its own.
        body = re.sub(r"\(.*?\);", "", body, flags=re.S)
        for name, written in re.findall(rf"(\w+) = {value}", body):
            found[f"{group}.{name}"] = " ".join(written.split())
    return found


def settings(tap):
    text = page("atvm-watcher.conf.5")
    told = {}
    for head, body in items(text, "Ic"):
        name, _, value = without_macros(head).partition(" = ")
        told[name] = (" ".join(value.replace(" ,", ",").split()), body)
    with Program() as program:
        known = program.settings()
        tap.ok(len(known) > 30 and "templates.NAME.flow" in known, "the program tells its settings")
        modules = json.loads(
            Answer([WATCHER, "plugins", "--json"], environment=program.environment).output
        )
        options = {f"{m['name']}.{o['name']}": o for m in modules for o in m["options"]}
        wanted = known | MODULE_KEYS | set(options)
        tap.ok(
            set(told) == wanted,
            "every setting and every option of a module is in the page, and no other is",
            f"missing: {sorted(wanted - set(told))}\nunknown: {sorted(set(told) - wanted)}",
        )
        for name in sorted(known & set(told)):
            wanted = "NAME" not in name and first_sentence(program, name)
            if wanted:
                begins = told[name][1].split("\n")[0]
                tap.equal(begins, wanted, f"{name}: its type and range")
    for name, value in sorted(values_of_file().items()):
        if name in told and not (name.startswith("launch.confirm") or "precedence" in name):
            tap.equal(told[name][0], value, f"{name}: its built-in value")
    for name, option in sorted(options.items()):
        module_option(tap, name, option, *told.get(name, ("", "")))


def in_units(option, number):
    """A limit as a reader writes it."""
    if option["type"] == "size":
        for unit, letter in ((2**30, "G"), (2**20, "M"), (2**10, "K")):
            if number % unit == 0:
                return f"{number // unit}{letter}"
    if option["type"] == "duration":
        for unit, letter in ((3600 * 10**9, "h"), (60 * 10**9, "m"), (10**9, "s"), (10**6, "ms")):
            if number % unit == 0:
                return f"{number // unit}{letter}"
    return str(number)


def module_option(tap, name, option, value, body):
    written = option.get("default") or ""
    if option["type"] == "list":
        written = f'[ "{written}" ]'
    elif written and option["type"] in ("string", "size", "duration"):
        written = f'"{written}"'
    if option["type"] == "secret":
        tap.ok(option["default"] in body, f"{name}: where the secret comes from", body)
    else:
        tap.equal(value, written, f"{name}: its default")
    if option.get("maximum"):
        limits = [in_units(option, option[key]) for key in ("minimum", "maximum")]
        begins = f"{option['type'].capitalize()} from {limits[0]} to {limits[1]}."
        tap.equal(body.split("\n")[0], begins, f"{name}: its type and range")
    if option.get("choices"):
        begins = f"One of {option['choices'].replace('|', ', ')}."
        tap.equal(body.split("\n")[0], begins, f"{name}: its choices")
    tap.equal("Required." in body, bool(option["required"]), f"{name}: whether it is required")


def main():
    with Tap() as tap:
        for part in (
            sound,
            other_names,
            references,
            commands,
            variables,
            service,
            interface,
            smallest_module,
            links,
            picture,
            settings,
        ):
            tap.part(part)


if __name__ == "__main__":
    main()
