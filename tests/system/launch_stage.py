"""A stage for `launch`: an automation root with stand-ins for the template command and the runner,
and a service manager that is played. The real program finds the latter where it looks for the real
ones, since it runs in a mount namespace of its own, in which /run is empty and the two programs of
systemd are ours."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from harness import DEADLINE, WATCHER, wait_for

SYSTEMCTL, SYSTEMD_RUN = "/usr/bin/systemctl", "/usr/bin/systemd-run"

# Writes specs and specPattern as play.json in the root says.
TEMPLATE = r'''
import json, os, sys, time
with open("play.json", encoding="utf-8") as file:
    play = json.load(file)
with open("template-calls.jsonl", "a", encoding="utf-8") as file:
    file.write(json.dumps({"argv": sys.argv, "cwd": os.getcwd(), "environment": dict(os.environ)}) + "\n")
print("generating", flush=True)
if play.get("hang"):
    open("hanging", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.01)
for number in range(play.get("lines", 0)):
    print("line", number, flush=True)
for host in play["specs"]:
    with open(f"cypress/e2e/atvm/{host}.ts", "w", encoding="utf-8") as file:
        file.write('describe("x", () => {\n  it("1. Verifying set up", () => {});\n});\n')
if play.get("pattern") is not None:
    specs = ", ".join(f"'cypress/e2e/atvm/{host}.ts'" for host in play["pattern"])
    with open(play.get("config", "cypress.ts"), "w", encoding="utf-8") as file:
        file.write(f"export default defineConfig({{ e2e: {{ specPattern: [{specs}] }} }});\n")
print("token=hunter2 \033[31mlast words\033[0m", file=sys.stderr)
sys.exit(play.get("status", 0))
'''

RUNNER = r'''
import json, os, sys
print("the runner's own output", flush=True)
with open("/proc/self/cgroup", encoding="utf-8") as file:
    cgroup = file.read()
with open("runner.json.new", "w", encoding="utf-8") as file:
    json.dump({"argv": sys.argv, "cwd": os.getcwd(), "environment": dict(os.environ),
               "cgroup": cgroup}, file)
os.rename("runner.json.new", "runner.json")
'''

# FOLDER/units/UNIT: its ActiveState. FOLDER/calls.jsonl: what was asked.
SERVICE_MANAGER = r'''#!PYTHON
import json, os, subprocess, sys, time
folder, argv = "FOLDER", sys.argv[1:]
with open(f"{folder}/calls.jsonl", "a", encoding="utf-8") as file:
    file.write(json.dumps([os.path.basename(sys.argv[0]), *argv]) + "\n")

def state(unit):
    try:
        with open(f"{folder}/units/{unit}", encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""

if os.path.basename(sys.argv[0]) == "systemd-run":
    split = argv.index("--")
    options = dict(word.split("=", 1) for word in argv[:split] if "=" in word and not word.startswith("--setenv"))
    variables = dict(word.split("=", 2)[1:] for word in argv[:split] if word.startswith("--setenv="))
    if os.path.exists(f"{folder}/refuse-run"):
        sys.exit(1)
    with open(f"{folder}/units/{options['--unit']}", "w", encoding="utf-8") as file:
        file.write("active")
    subprocess.Popen(argv[split + 1:], cwd=options["--working-directory"], env=variables,
                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL, start_new_session=True)
elif argv[0] == "show":
    print(f"LoadState={'loaded' if state(argv[-1]) else 'not-found'}")
    print(f"ActiveState={state(argv[-1]) or 'inactive'}")
    print("SubState=dead\nResult=success\nStatusText=\nExecMainCode=0\nExecMainStatus=0\nMainPID=0")
elif argv[0] == "start":
    if os.path.exists(f"{folder}/refuse-start"):
        sys.exit(1)
    while os.path.exists(f"{folder}/slow-start"):
        time.sleep(0.01)
    with open(f"{folder}/units/{argv[-1]}", "w", encoding="utf-8") as file:
        file.write("active")
'''

IN_NAMESPACE = """
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system &&
mount --bind "$1/systemctl" /usr/bin/systemctl && mount --bind "$1/systemd-run" /usr/bin/systemd-run &&
shift && exec "$@"
"""


def why_not():
    """Why the stage cannot be set here; None: it can."""
    for program in (SYSTEMCTL, SYSTEMD_RUN):
        if not os.path.exists(program):
            return f"there is no {program} to stand in for"
    if subprocess.run(
        [*unshare(), "mount", "-t", "tmpfs", "tmpfs", "/run"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    ).returncode:
        return "no mount namespace can be made here"
    return None


def unshare():
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--mount"]


class Stage:
    """A context manager. `play`: what the template command will do."""

    count = 0

    def __init__(self, configuration="", state_root=None, **play):
        self.configuration, self.state_root, self.play = configuration, state_root, play
        # A name of its own: a launch sees all runners of the machine, and those of other tests.
        Stage.count += 1
        self.build = f"e2e-launch.{os.getpid()}.{Stage.count}"
        self.runner_unit = f"atvm-run-{self.build}.service"
        self.watcher_unit = f"atvm-run-watcher@{self.build}.service"

    def __enter__(self):
        self.place = tempfile.TemporaryDirectory(prefix="atvm-launch.")
        self.folder = self.place.name
        self.root = self.path("root")
        os.makedirs(self.path("root/cypress/e2e/atvm"))
        os.makedirs(self.path("units"))
        os.makedirs(self.path("state"))
        self.write("root/cmc-templates.py", TEMPLATE)
        self.write("root/run-sorry-cypress.py", RUNNER)
        self.write("root/cypress.ts", "export default defineConfig({ e2e: { specPattern: [] } });\n")
        self.set_play(**self.play)
        self.configure(self.configuration)
        manager = SERVICE_MANAGER.replace("PYTHON", sys.executable).replace("FOLDER", self.folder)
        for name in ("systemctl", "systemd-run"):
            self.write(name, manager)
            os.chmod(self.path(name), 0o755)
        return self

    def __exit__(self, *_):
        started = any(call[0] == "systemd-run" for call in self.requests())
        if started and not os.path.exists(self.path("refuse-run")):
            wait_for(self.runner, "the end of the runner")
        self.place.cleanup()

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def configure(self, more):
        self.write(
            "watcher.conf",
            f'automation_root = "{self.root}"; state_root = "{self.state_root or self.path("state")}";\n'
            f'run_log = "{self.path("%b.log")}"; launch_log = "{self.path("launch.log")}";\n'
            'cypress_config = "cypress.ts";\n'
            'blacklist = ( { vm = "atvm6-centos6.0"; reason = "cannot compile"; } );\n' + more,
        )

    def set_play(self, **play):
        self.write("root/play.json", json.dumps(play))

    def age(self, *names):
        """Makes files as old as those of an earlier run."""
        for name in names:
            os.utime(self.path("root", name), (1_700_000_000, 1_700_000_000))

    def set_unit(self, unit, state):
        self.write(os.path.join("units", unit), state)

    def words(self, *more):
        """Arguments of the program."""
        return ["launch", "--build-name", self.build, "--config", self.path("watcher.conf"), *more]

    def argv(self, *words):
        return [
            *unshare(),
            shutil.which("sh"),
            "-c",
            IN_NAMESPACE,
            "sh",
            self.folder,
            WATCHER,
            *self.words(*words),
        ]

    def environment(self):
        return {
            **os.environ,
            "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent",
            "MATTERMOST_ATVM_WEBHOOK": "https://chat.example/hooks/canary-secret",
            "LC_ALL": "C.UTF-8",
        }

    def begin(self, *words):
        """Starts it, to be talked with; outputs are pipes."""
        return subprocess.Popen(
            self.argv(*words),
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def launch(self, *words, answers=""):
        """Runs it to its end."""
        return subprocess.run(
            self.argv(*words),
            env=self.environment(),
            input=answers,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def template_calls(self):
        return [json.loads(line) for line in (self.read("root/template-calls.jsonl") or "").splitlines()]

    def requests(self):
        """What the service manager was asked to change."""
        calls = [json.loads(line) for line in (self.read("calls.jsonl") or "").splitlines()]
        return [call for call in calls if call[1] not in ("show", "reset-failed")]

    def was_asked_to(self, verb, unit):
        return any(call[1] == verb and call[-1] == unit for call in self.requests())

    def runner(self):
        """What the runner was started with; None: it was not."""
        text = self.read("root/runner.json")
        return json.loads(text) if text else None
