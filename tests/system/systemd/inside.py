"""The watcher as a service: runs within the booted systemd (see boot.sh), as root. The first stage
ends in the middle of a run; the second one is the same machine after a reboot."""
import collections
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time

sys.path[:0] = ["/srv/source/tests/system", "/srv/source/demo"]
from harness import FIXTURES, Tap, wait_for  # noqa: E402
from launch_stage import Stage  # noqa: E402
from timelapse import TimeLapse  # noqa: E402

WATCHER = "/usr/local/bin/atvm-watcher"
STATE_ROOT = "/var/lib/atvm-run-watcher"
CANARY = "c4n4ryc4n4ryc4n4ryc4n4ry26"
PORT = 8065
PLAIN, PASSING, REFUSED, REBOOTED = "e2e-plain.1-fc", "e2e-passing", "e2e-refused", "e2e-rebooted"
SECONDS = 10.0
RECORDS = "/root/records.json"

# MESSAGE_IDs of core/log-event.h; they never change.
STATE = "55caac42674b4483b517eab1141ef39d"
HOST = "0e1655da87e548aeac0fc364715379fa"
CLOSED = "85d3e73253374c9b840b8bee07112377"
POSTED = "3040516e64d641ec9a457c21d96da64a"
QUARANTINED = "96019d95e0d6481cb6ce8064521b639e"


# -------------------------------------------------------------------- the machine


def run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def unit_of(build):
    return f"atvm-run-watcher@{build}.service"


def shown(build, *names):
    """Properties of the unit, in that order."""
    out = run("systemctl", "show", unit_of(build), "--property=" + ",".join(names)).stdout
    values = dict(line.split("=", 1) for line in out.splitlines())
    return [values[name] for name in names] if len(names) > 1 else values[names[0]]


def main_pid(build):
    pid = shown(build, "MainPID")
    assert pid != "0", f"{unit_of(build)} has no process"
    return pid


def is_active(build):
    return shown(build, "ActiveState") == "active"


def has_ended(build):
    return shown(build, "ActiveState") in ("inactive", "failed")


def journal(build, **fields):
    """Entries of the watcher of that build, as dictionaries."""
    run("journalctl", "--sync")
    matches = [f"{name}={value}" for name, value in fields.items()]
    out = run("journalctl", "--output=json", f"BUILD={build}", *matches).stdout
    return [json.loads(line) for line in out.splitlines()]


def said(build):
    run("journalctl", "--sync")
    return run("journalctl", "--no-pager", "--output=cat", "--unit", unit_of(build)).stdout


def state(build):
    with open(f"{STATE_ROOT}/{build}/state.json", encoding="utf-8") as file:
        return json.load(file)


# -------------------------------------------------------------------- a stand-in for the chat server


class Chat:
    """Counts what is posted; its posts outlive a reboot."""

    def __init__(self):
        self.posts = []
        self.refuses = False
        chat = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = b"ok"
                if chat.refuses:
                    answer = b'{"id":"web.incoming_webhook.channel.app_error"}'
                else:
                    chat.posts.append(json.loads(body)["text"])
                self.send_response(404 if chat.refuses else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, build):
        return [text for text in self.posts if build in text.splitlines()[0]]


# -------------------------------------------------------------------- runs


class Run(TimeLapse):
    """A recorded run below /root, whose folder only root may enter."""

    def __init__(self, scenario, build):
        place = os.path.join("/root", "place-" + build)
        super().__init__(os.path.join(FIXTURES, scenario), place, SECONDS, build=build)

    def prepare(self, options=""):
        os.makedirs(self.place, mode=0o700)
        super().prepare(options)
        with open(self.config, encoding="utf-8") as file:
            lines = [l for l in file if not l.startswith(("state_root", "sinks", "poll_interval"))]
        lines.append(
            f'state_root = "{STATE_ROOT}"; poll_interval = "500ms"; collect_timeout = "500ms";\n'
            'sinks = ( { module = "mattermost"; },\n'
            '  { module = "file"; path = "/var/log/atvm-watcher/%b.md"; format = "markdown"; } );\n'
        )
        with open(self.config, "w", encoding="utf-8") as file:
            file.writelines(lines)

    def start(self, *options):
        """`atvm-watcher start`, then the runner, as an operator does it."""
        started = run(
            *[WATCHER, "start", "--build-name", self.build, "--config", self.config],
            *["--since", str(self.since), "--template", self.given["template"], *options],
        )
        if started.returncode == 0:
            self.start_runner()
        return started

    # What a reboot leaves of a time-lapse.

    def record(self):
        return {"begin": self.begin, "delta": self.delta, "since": self.since}

    def go_on(self, record):
        self.begin, self.delta, self.since = record["begin"], record["delta"], record["since"]
        for path, stamp in self.file_times.items():
            exists = os.path.exists(self._target(path))
            if path.startswith("root/") and stamp > self.recorded_begin and not exists:
                self.steps.append((stamp, lambda path=path, stamp=stamp: self._put(path, stamp)))
        if os.path.exists(self.run_log):
            os.remove(self.run_log)  # the runner writes it anew, as it does after a reboot
        self._plan_log()
        self.steps.sort(key=lambda step: step[0])


def set_up():
    """What an administrator does after the installation."""
    with open("/etc/atvm-run-watcher.env", "w", encoding="utf-8") as file:
        file.write(f'MATTERMOST_ATVM_WEBHOOK="http://127.0.0.1:{PORT}/hooks/{CANARY}"\n')
        file.write("ATVM_WATCHER_TIME_ZONE=America/New_York\n")
    os.chmod("/etc/atvm-run-watcher.env", 0o600)
    folder = "/etc/systemd/system/atvm-run-watcher@.service.d"
    os.makedirs(folder)
    with open(folder + "/test.conf", "w", encoding="utf-8") as file:
        file.write("[Service]\nWatchdogSec=2s\nRestartSec=200ms\nTimeoutStopSec=15s\n")
    run("systemctl", "daemon-reload")


# -------------------------------------------------------------------- the tests


def installation(tap):
    """What `make install` put in place is what systemd finds."""
    user = run("getent", "passwd", "atvm-watcher").stdout
    tap.ok(user.startswith("atvm-watcher:"), "there is the user of the service", user)
    owner = run("stat", "-c", "%U %a", STATE_ROOT).stdout.strip()
    tap.equal(owner, "atvm-watcher 750", "the state of all runs belongs to it")
    enabled = run("systemctl", "enable", "atvm-run-watcher-resume.service")
    tap.equal(enabled.returncode, 0, "resuming after a reboot can be enabled", enabled.stderr)
    verified = run("systemd-analyze", "verify", "--recursive-errors=yes", "--man=no",
                   unit_of("some-run"), "atvm-run-watcher-resume.service")
    tap.equal((verified.returncode, verified.stderr), (0, ""), "systemd understands every line")
    safe = run("systemd-analyze", "security", "--no-pager", "--threshold=22", unit_of("some-run"))
    tap.equal(safe.returncode, 0, "its exposure is 2.2 or less", safe.stdout[-200:])
    catalog = run("journalctl", "--update-catalog")
    tap.equal(catalog.returncode, 0, "the journal takes the catalog", catalog.stderr)
    told = run("journalctl", "--dump-catalog", QUARANTINED).stdout
    tap.ok("was refused" in told, "and explains its messages", told)


def refusals(tap):
    wrong = run("systemctl", "start", "atvm-run-watcher@a:b.service")
    tap.ok(wrong.returncode != 0, "a name that is none: the unit fails")
    tap.ok("begins with a letter or digit" in said("a:b"), "and says what is wrong", said("a:b"))
    tap.equal(shown("a:b", "Result", "ExecMainStatus", "NRestarts"), ["exit-code", "2", "0"],
              "and is not restarted")
    os.makedirs(STATE_ROOT + "/e2e-wrong")
    with open(STATE_ROOT + "/e2e-wrong/run.env", "w", encoding="utf-8") as file:
        file.write('ATVM_WATCHER_POLL_INTERVAL="often"\n')
    run("systemctl", "start", unit_of("e2e-wrong"))
    tap.equal(shown("e2e-wrong", "ActiveState", "ExecMainStatus", "NRestarts"),
              ["failed", "2", "0"], "a configuration error: failed, and not restarted")
    tap.ok("ATVM_WATCHER_POLL_INTERVAL" in said("e2e-wrong"), "and names the setting",
           said("e2e-wrong"))


def start_that_fails(tap):
    """What the service says when it fails stands in the answer of `start`."""
    folder = f"/etc/systemd/system/{unit_of('e2e-fails')}.d"
    os.makedirs(folder)
    with open(folder + "/wrong.conf", "w", encoding="utf-8") as file:
        file.write("[Service]\nEnvironment=ATVM_WATCHER_POLL_INTERVAL=often\n")
    run("systemctl", "daemon-reload")
    with open("/etc/fails.conf", "w", encoding="utf-8") as file:
        file.write('automation_root = "/tmp";\n')
    answer = run(WATCHER, "start", "--build-name", "e2e-fails", "--config", "/etc/fails.conf")
    tap.equal(answer.returncode, 1, "a service that fails at once: start says so", answer)
    for words in ("exit status 2", "ATVM_WATCHER_POLL_INTERVAL", '"often"',
                  f"`journalctl -u '{unit_of('e2e-fails')}'"):
        tap.ok(words in answer.stderr, f"a service that fails at once: start tells {words}", answer)


COVERAGE = ["--config-family", "gold", "--migration-style", "live", "--scope-description",
            "nightly; with \"quotes\" and $dollars", "--integration-plugin", "iscsi",
            "--template-command",
            "python3 cmc-templates.py --template cmc-e2e --token s3cr3t-t0k3n --test_partition"]


def begun(tap, plain):
    """The service after its start."""
    tap.equal(shown(PLAIN, "ActiveState", "Result"), ["active", "success"], "it is active")
    pid = main_pid(PLAIN)
    owner = run("ps", "-o", "user:20=", "-p", pid).stdout.strip()
    tap.equal(owner, "atvm-watcher", "the watcher runs as a user of its own")
    with open(f"/proc/{pid}/environ", encoding="utf-8") as file:
        tap.ok(CANARY not in file.read(), "the secret is not in its environment")
    again = run(WATCHER, "start", "--build-name", PLAIN, "--config", plain.config)
    tap.equal(again.returncode, 3, "a second start is refused", again)
    tap.ok("is being watched" in again.stderr and "atvm-watcher cancel" in again.stderr,
           "and says what is there and what ends it", again.stderr)


def restarts(build):
    return int(shown(build, "NRestarts"))


def frozen_killed_and_stopped(tap):
    pid = main_pid(PLAIN)
    run("kill", "-STOP", pid)
    wait_for(lambda: restarts(PLAIN) == 1 and is_active(PLAIN), "the restart of a frozen watcher")
    tap.ok("Watchdog timeout" in said(PLAIN), "a frozen watcher is noticed and restarted")
    pid = main_pid(PLAIN)
    run("kill", "-KILL", pid)
    wait_for(lambda: restarts(PLAIN) == 2 and is_active(PLAIN), "the restart of a killed watcher")
    tap.ok(shown(PLAIN, "MainPID") != pid, "a killed watcher is restarted")
    run("systemctl", "stop", unit_of(PLAIN))
    tap.equal(shown(PLAIN, "ActiveState", "Result"), ["inactive", "success"],
              "one that is stopped has not failed, whatever it says of the run", said(PLAIN))
    run("systemctl", "start", unit_of(PLAIN))
    wait_for(lambda: "hosts" in shown(PLAIN, "StatusText"), "a status")
    tap.ok(True, f"systemctl status tells how the run stands: {shown(PLAIN, 'StatusText')}")


def finish(build_run):
    build_run.play()
    build_run.end_runner()
    wait_for(lambda: has_ended(build_run.build), f"the end of {build_run.build}")


def ended(tap, chat, plain):
    tap.equal(shown(PLAIN, "ActiveState", "Result", "ExecMainStatus"), ["inactive", "success", "0"],
              "the service ends well by itself", said(PLAIN))
    posts = chat.of(PLAIN)
    tap.equal(len(posts), 1, "exactly one post, whatever happened to the watcher", chat.posts)
    tap.ok(posts and "FAILED" in posts[0].splitlines()[0], "with the recorded outcome", posts)
    for word in ["gold", "live", "iscsi", "cmc-e2e", "--test_partition", "EST"]:
        tap.ok(posts and word in posts[0], f"what `start` was told survived two restarts: {word}",
               posts)
    file = f"/var/log/atvm-watcher/{PLAIN}.md"
    tap.ok(os.path.exists(file), "the file sink can write to the log folder")
    tap.equal(state(PLAIN)["state"], "FAILED", "closed")
    tap.equal(plain.given["template"], state(PLAIN)["template"], "the template is remembered")


def journal_fields(tap):
    posted = journal(PLAIN, MESSAGE_ID=POSTED)
    tap.equal(sorted(e["SINK"] for e in posted), ["file", "mattermost"],
              "the journal finds each post by its id, with its sink")
    tap.ok(all(e["DECISION"] == "posted" and e["SCOPE"] == PLAIN for e in posted),
           "and with scope and decision", posted)
    changes = journal(PLAIN, MESSAGE_ID=STATE, STATE_TO="FAILED")
    tap.ok(changes and changes[0]["STATE_FROM"] == "RUNNING" and changes[0]["RULE"],
           "transitions, with the rule", journal(PLAIN, MESSAGE_ID=STATE))
    hosts = collections.Counter(e["HOST"] for e in journal(PLAIN, MESSAGE_ID=HOST, STATE_TO="PASS"))
    tap.equal(sorted(hosts), ["atvm121-ubuntu24.04", "atvm71-redhat9.1"], "hosts, by their result")
    tap.equal(len(journal(PLAIN, MESSAGE_ID=CLOSED)), 1, "and the final state, once")


def explained(tap):
    """What the catalog has to say of messages leaves nothing to be filled in."""
    with open("/srv/source/units/atvm-watcher.catalog", encoding="utf-8") as file:
        entries = re.split(r"^-- (\w+)$", file.read(), flags=re.M)[1:]
    wanted = {number: set(re.findall(r"@([A-Z_]+)@", text))
              for number, text in zip(entries[::2], entries[1::2])}
    met, missing = set(), []
    for build in (PLAIN, PASSING, REFUSED):
        for entry in journal(build):
            number = entry.get("MESSAGE_ID")
            met |= {number} & set(wanted)
            missing += [(entry["MESSAGE"], name) for name in wanted.get(number, ()) if name not in entry]
    tap.ok({CLOSED, QUARANTINED} <= met, "journalctl -x explains what needs it", met)
    tap.equal(missing, [], "and fills in all that it names")
    tap.ok(not {STATE, HOST, POSTED} & set(wanted), "but is silent about what goes as it should")


def no_secret(tap):
    leaks = run("grep", "-rlE", f"{CANARY}|s3cr3t-t0k3n", STATE_ROOT, "/var/log/atvm-watcher")
    tap.equal(leaks.stdout, "", "no secret is in the state folder or in a report")
    everything = run("journalctl", "--no-pager", "--output=export").stdout
    tap.ok(CANARY not in everything and "s3cr3t-t0k3n" not in everything,
           "none is in the journal")


def owners(tap):
    foreign = run("find", STATE_ROOT, "!", "-user", "atvm-watcher", "!", "-path", "*/e2e-wrong*")
    tap.equal(foreign.stdout, "", "all of the state belongs to the watcher's user")


def refused(tap, chat):
    """What is held is sent by an operator's command, with nothing but what the service has."""
    chat.refuses = True
    refused_run = Run("01-pass-all-sources-agree", REFUSED)
    refused_run.prepare()
    refused_run.start()
    finish(refused_run)
    tap.equal(shown(REFUSED, "ActiveState", "ExecMainStatus"), ["failed", "5"],
              "a post that is refused: the service says so", said(REFUSED))
    told = shown(REFUSED, "StatusText")
    tap.ok("refused by mattermost: " in told and f"queue list {REFUSED}" in told,
           "its status does, too, and says what to look at", told)
    config = ["--config", refused_run.config]
    checked = run(WATCHER, "check-config", *config)
    tap.equal((checked.returncode, checked.stderr), (0, ""),
              "check-config finds the webhook where the service finds it")
    retry = [WATCHER, "queue", "retry", REFUSED, "--sink", "mattermost", *config]
    tried = run(*retry)
    tap.equal(tried.returncode, 5, "queue retry: refused once more", tried)
    tap.ok("handed to " + unit_of(REFUSED) in tried.stderr and "is held" in tried.stderr,
           "by the service, and the command knows it", tried.stderr)
    elsewhere = kept_elsewhere(refused_run)
    chat.refuses = False
    tried = run(*retry[:-1], elsewhere)
    tap.equal((tried.returncode, len(chat.of(REFUSED))), (0, 1),
              "queue retry of a build that is no unit's: the command sends, with that secret", tried)
    tried = run(*retry)
    tap.equal((tried.returncode, len(chat.of(REFUSED))), (0, 2), "queue retry: delivered", tried)
    tap.ok("which has delivered it" in tried.stderr, "and the command says by whom", tried.stderr)
    tap.equal(len(journal(REFUSED, MESSAGE_ID=POSTED, SINK="mattermost")), 1, "it was the service")
    tap.equal(shown(REFUSED, "ActiveState"), "inactive", "which has ended well")


def kept_elsewhere(run_of):
    """The path of a configuration for a copy of its state below another root."""
    root, path = "/var/lib/elsewhere", os.path.join(run_of.place, "elsewhere.conf")
    os.mkdir(root)
    run("cp", "-a", os.path.join(STATE_ROOT, run_of.build), root)
    with open(run_of.config, encoding="utf-8") as file:
        text = file.read().replace(f'"{STATE_ROOT}"', f'"{root}"')
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def again(tap, chat):
    """Another run of the same name."""
    with open(f"/root/place-{PLAIN}/{PLAIN}.log", "rb") as file:
        log = file.read()
    started = run(WATCHER, "start", "--build-name", PLAIN, "--config",
                  f"/root/place-{PLAIN}/atvm-watcher.conf")
    tap.equal(started.returncode, 0, "a run of the same name can be started", started.stderr)
    history = os.listdir(f"{STATE_ROOT}/{PLAIN}/history")
    tap.equal(len(history), 1, "the earlier one is in the history")
    kept = [n for n in os.listdir(f"/root/place-{PLAIN}") if n.startswith(PLAIN + ".log.")]
    with open(f"/root/place-{PLAIN}/{kept[0]}", "rb") as file:
        tap.ok(file.read() == log, "its log stands beside the old name")
    tap.equal(state(PLAIN)["state"], "RUNNING", "nothing of it counts for the new one")
    cancel(PLAIN)
    wait_for(lambda: has_ended(PLAIN), "the end of a cancelled run")
    tap.equal(len(chat.of(PLAIN)), 1, "which is cancelled: nothing is posted", chat.posts)
    tap.equal(shown(PLAIN, "ActiveState", "Result"), ["inactive", "success"], "and ends well")
    tap.equal(state(PLAIN)["state"], "CANCELLED", "as CANCELLED")


def cancel(build):
    return run(WATCHER, "cancel", "--build-name", build, "--config",
               f"/root/place-{build}/atvm-watcher.conf")


def launched(tap):
    """From the template command to the runner; both units are real here."""
    vm = "atvm1-redhat9"
    with Stage('poll_interval = "500ms";\n', STATE_ROOT, specs=[vm], pattern=[vm]) as stage:
        build, unit = stage.build, stage.runner_unit
        launch = run(WATCHER, *stage.words("--template", "cmc-e2e", "--hosts", vm, "--yes"))
        tap.equal(launch.returncode, 0, "a run can be launched", launch.stderr)
        runner = wait_for(stage.runner, "the runner")
        tap.ok(unit in runner["cgroup"], "its runner is a unit of its own", runner["cgroup"])
        tap.ok(is_active(build), "it is watched", said(build))
        again = run(WATCHER, *stage.words("--template", "cmc-e2e", "--hosts", vm, "--yes"))
        tap.equal(again.returncode, 3, "it cannot be launched again meanwhile", again.stderr)
        wait_for(lambda: "not be found" in run("systemctl", "status", unit).stderr, "its unit's end")
        run("journalctl", "--sync")
        out = run("journalctl", "--no-pager", "--output=cat", "--unit", unit).stdout
        tap.ok("the runner's own output" in out, "what the runner says is in the journal", out)
        run(WATCHER, "cancel", "--build-name", build, "--config", stage.path("watcher.conf"))
        wait_for(lambda: has_ended(build), "the end of the watcher")


def first_stage(tap):
    chat = Chat()
    tap.part(installation)
    set_up()
    tap.part(refusals)
    tap.part(start_that_fails)
    plain = Run("15-late-host-rows", PLAIN)
    plain.prepare()
    started = plain.start(*COVERAGE)
    tap.equal(started.returncode, 0, "start waits until the watcher is ready", started)
    tap.ok(f"journalctl -u '{unit_of(PLAIN)}'" in started.stdout, "and says where to look",
           started.stdout)
    tap.part(begun, plain)
    passing = Run("01-pass-all-sources-agree", PASSING)
    passing.prepare()
    passing.start()
    plain.play(0.4)
    passing.play(0.4)
    tap.ok(is_active(PLAIN) and is_active(PASSING), "two runs are watched at once")
    tap.part(frozen_killed_and_stopped)
    finish(plain)
    tap.part(ended, chat, plain)
    finish(passing)
    tap.equal((len(chat.of(PASSING)), state(PASSING)["state"]), (1, "COMPLETED"),
              "the other run has its own post", said(PASSING))
    tap.part(journal_fields)
    tap.part(refused, chat)
    tap.part(explained)
    tap.part(no_secret)
    tap.part(again, chat)
    tap.part(launched)
    tap.part(owners)

    rebooted = Run("15-late-host-rows", REBOOTED)
    rebooted.prepare()
    rebooted.start("--config-family", "gold")
    rebooted.play(0.5)
    wait_for(lambda: "/3 hosts" in shown(REBOOTED, "StatusText"), "the run before the reboot")
    tap.ok(is_active(REBOOTED), "a run is watched when the machine goes down")
    with open(RECORDS, "w", encoding="utf-8") as file:
        json.dump({"run": rebooted.record(), "posts": chat.posts}, file)


def second_stage(tap):
    with open(RECORDS, encoding="utf-8") as file:
        records = json.load(file)
    chat = Chat()
    wait_for(lambda: is_active(REBOOTED), "the resumed watcher")
    tap.ok(True, "after a reboot the run is watched again")
    tap.equal([shown(b, "ActiveState") for b in (PLAIN, PASSING)], ["inactive", "inactive"],
              "those that are closed are not")
    rebooted = Run("15-late-host-rows", REBOOTED)
    rebooted.start_runner()
    rebooted.go_on(records["run"])
    finish(rebooted)
    posts = chat.of(REBOOTED)
    tap.equal(len(posts), 1, "and posted once", said(REBOOTED))
    tap.ok(posts and "FAILED" in posts[0].splitlines()[0] and "gold" in posts[0],
           "with what was known before", posts)
    before = [text for text in records["posts"] if REBOOTED in text.splitlines()[0]]
    tap.equal(before, [], "it was not posted before")
    tap.equal(shown(REBOOTED, "ActiveState", "Result"), ["inactive", "success"], "and ends well")


def main():
    began = time.monotonic()
    with Tap() as tap:
        tap.part(first_stage if sys.argv[1] == "first" else second_stage)
    print(f"# {time.monotonic() - began:.1f} s", flush=True)


main()
