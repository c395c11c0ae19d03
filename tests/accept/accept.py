#!/usr/bin/env python3
"""Judge every recorded run with `atvm-watcher replay` and compare with its expected truth.

  accept.py --bin PATH/atvm-watcher [--only NAME,NAME...] [--without flow] [--tap] [-v] FIXTURES_DIR...

--only takes beginnings of scenario names (`01,02,14`); --without flow leaves the test flow uncompared;
--tap prints the same results as TAP (one test a scenario, details as comments).

Each scenario folder holds root/ (the automation root), optionally run.log, launch.log and processes/proc,
mtimes.txt (file times: git keeps none), input.json (how the run was started) and expected.json (the truth).
The folder is copied to a private place first, so the times can be set and nothing here is written to.
Exit status 0 when every scenario agrees. The last line: `N passed, M failed`, and the number of false passes.
"""
import argparse, datetime, json, os, re, shutil, subprocess, sys, tempfile

FINAL = {"PASS", "FAIL", "SKIPPED"}

def squash(text):
    return re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text or "")).strip()

def set_times(folder):
    listing = os.path.join(folder, "mtimes.txt")
    if not os.path.exists(listing):
        return
    for line in open(listing, encoding="utf-8"):
        stamp, _, path = line.rstrip("\n").partition("\t")
        target = os.path.join(folder, path)
        if path and os.path.lexists(target):
            seconds = float(stamp.lstrip("@"))
            os.utime(target, (seconds, seconds))

def command(binary, folder, given):
    proc = os.path.join(folder, "processes", "proc")
    if not os.path.isdir(proc):
        proc = os.path.join(folder, "no-processes")
        os.mkdir(proc)
    argv = [binary, "replay", "--format", "json", "--build", given["build"],
            "--root", os.path.join(folder, "root"), "--run-log", os.path.join(folder, "run.log"),
            "--proc-root", proc, "--since", str(given["run_start"]), "--now", str(given["now"])]
    if os.path.exists(os.path.join(folder, "launch.log")):
        argv += ["--launch-log", os.path.join(folder, "launch.log")]
    for key, flag in (("template", "--template"), ("plugin", "--plugin")):
        if given.get(key):
            argv += [flag, given[key]]
    if given.get("config"):
        argv += ["--cypress-config", given["config"]]
    if given.get("install_only"):
        argv += ["--cypress-env", "test-install-only=true"]
    if given.get("categorized"):
        argv += ["--categorize"]
        if given.get("requested_hosts"):
            argv += ["--hosts", ",".join(given["requested_hosts"])]
    if given.get("cancelled"):
        argv += ["--cancelled"]
    return argv

def same_host(want, got, where, wrong):
    status, seen = want.get("status"), got.get("status")
    if status == "UNKNOWN":
        if seen in FINAL:
            wrong.append(f"{where}: {seen}, but nothing final is known" + ("  ** FALSE PASS **" if seen == "PASS" else ""))
    elif status and status != seen:
        wrong.append(f"{where}: {seen}, want {status}" + ("  ** FALSE PASS **" if seen == "PASS" else ""))
    for key in ("tests", "passed", "failed", "pending", "skipped"):
        if want.get(key) is not None and got.get(key) != want[key]:
            wrong.append(f"{where}: {key} {got.get(key)}, want {want[key]}")
    if want.get("duration_s") is not None:
        have = got.get("duration_s")
        if have is None or abs(have - want["duration_s"]) > max(2.0, 0.01 * want["duration_s"]):
            wrong.append(f"{where}: duration_s {have}, want about {want['duration_s']}")
    detail = want.get("detail") or {}
    if detail.get("step") and squash(got.get("step")) != squash(detail["step"]):
        wrong.append(f"{where}: step {got.get('step')!r}, want {detail['step']!r}")
    text = squash((got.get("error") or "") + " " + (got.get("excerpt") or ""))
    for needle in [detail.get("error_contains")] if isinstance(detail.get("error_contains"), str) else detail.get("error_contains") or []:
        if squash(needle) not in text:
            wrong.append(f"{where}: error text lacks {needle!r}")
    for needle in detail.get("error_must_not_contain") or []:
        if squash(needle) in text:
            wrong.append(f"{where}: error text holds {needle!r}, which belongs to another test")

def epoch(stamp):
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() if stamp else None

def same_times(want, got, where, wrong):
    started, ended = epoch(got.get("started")), epoch(got.get("ended"))
    if want.get("start") and (started is None or abs(started - epoch(want["start"])) > 3):
        wrong.append(f"{where}: started {got.get('started')}, want about {want['start']}")
    if want.get("end_not_before") and (ended is None or ended < epoch(want["end_not_before"]) - 2):
        wrong.append(f"{where}: ended {got.get('ended')}, want not before {want['end_not_before']}")

def same_hosts(wants, gots, where, wrong):
    have = {h.get("name"): h for h in gots}
    if len(have) != len(gots):
        wrong.append(f"{where}: a host stands twice in the list")
    names = [w["host"] if isinstance(w, dict) else w for w in wants]
    if sorted(map(str, have)) == sorted(names) and list(have) != names:
        wrong.append(f"{where}: hosts in the order {list(have)}, want {names}")
    for extra in [n for n in have if n not in names]:
        wrong.append(f"{where}: host {extra} does not belong here")
    for want, name in zip(wants, names):
        if name not in have:
            wrong.append(f"{where}: host {name} is missing from the list")
        elif isinstance(want, dict):
            same_host(want, have[name], f"{where}/{name}", wrong)

def compare(want, got):
    wrong = []
    if got.get("schema") != "atvm.report/1":
        wrong.append(f"schema {got.get('schema')!r}")
    if got.get("state") not in [want["run_state"]] + want.get("also", {}).get("acceptable_run_states", []):
        wrong.append(f"state {got.get('state')}, want {want['run_state']}" + ("  ** FALSE PASS **" if got.get("state") == "COMPLETED" else ""))
    scopes = got.get("scopes") or []
    if want.get("subruns"):
        have = {s.get("name"): s for s in scopes}
        order = [s.get("name") for s in scopes]
        if order != [s["name"] for s in want["subruns"]]:
            wrong.append(f"scopes {order}, want {[s['name'] for s in want['subruns']]}")
        details = {h["host"]: h for h in want.get("hosts", [])}
        for sub in want["subruns"]:
            scope = have.get(sub["name"])
            if not scope:
                continue
            if scope.get("state") != sub["run_state"]:
                wrong.append(f"{sub['name']}: state {scope.get('state')}, want {sub['run_state']}" + ("  ** FALSE PASS **" if scope.get("state") == "COMPLETED" else ""))
            if scope.get("post") != (sub["run_state"] in ("COMPLETED", "FAILED")):
                wrong.append(f"{sub['name']}: post {scope.get('post')}")
            same_times(sub, scope, sub["name"], wrong)
            if "currents_url" in sub and scope.get("run_url") != sub["currents_url"]:
                wrong.append(f"{sub['name']}: run_url {scope.get('run_url')}, want {sub['currents_url']}")
            hosts = [h if isinstance(h, dict) else details.get(h, h) for h in sub.get("hosts", [])]
            same_hosts(hosts, scope.get("hosts", []), sub["name"], wrong)
            if "test_flow" in want and scope.get("flow") != want["test_flow"]:
                wrong.append(f"{sub['name']}: flow {scope.get('flow')}, want {want['test_flow']}")
    else:
        if len(scopes) != 1 or scopes[0].get("name") != got.get("build"):
            wrong.append(f"a plain run has one scope named as the build, not {[s.get('name') for s in scopes]}")
        scope = scopes[0] if scopes else {}
        if scope.get("post") != (want["run_state"] in ("COMPLETED", "FAILED")):
            wrong.append(f"post {scope.get('post')} for {want['run_state']}")
        if "currents_url" in want and got.get("run_url") != want["currents_url"]:
            wrong.append(f"run_url {got.get('run_url')}, want {want['currents_url']}")
        same_hosts(want.get("hosts", []), scope.get("hosts", []), "run", wrong)
        if want.get("also", {}).get("runner_hang") and not any("runner" in note.lower() for note in scope.get("notes") or []):
            wrong.append("no note says that the runner did not exit")
        if "test_flow" in want and scope.get("flow") != want["test_flow"]:
            wrong.append(f"flow {scope.get('flow')}, want {want['test_flow']}")
    return wrong

def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--bin", required=True)
    args.add_argument("--only", default="", help="comma list of beginnings of scenario names")
    args.add_argument("--without", choices=["flow"], help="what not to compare")
    args.add_argument("--tap", action="store_true", help="print TAP")
    args.add_argument("-v", action="store_true", help="print the command of each scenario that differs")
    args.add_argument("dirs", nargs="+")
    args = args.parse_args()
    comment = "# " if args.tap else ""
    detail = comment + "    "
    passed = failed = false_pass = 0
    for base in args.dirs:
        for name in sorted(os.listdir(base)):
            source = os.path.join(base, name)
            if not name.startswith(tuple(args.only.split(","))) or not os.path.exists(os.path.join(source, "expected.json")):
                continue
            with tempfile.TemporaryDirectory() as place:
                folder = os.path.join(place, "scenario")
                shutil.copytree(source, folder, symlinks=True, ignore=shutil.ignore_patterns("expected.json", "README.md"))
                set_times(folder)
                argv = command(os.path.abspath(args.bin), folder, json.load(open(os.path.join(source, "input.json"))))
                try:
                    run = subprocess.run(argv, capture_output=True, timeout=60)
                    got = json.loads(run.stdout)
                    want = json.load(open(os.path.join(source, "expected.json")))
                    if args.without == "flow":
                        want.pop("test_flow", None)
                    wrong = compare(want, got)
                    if run.returncode != 0:
                        wrong.append(f"exit status {run.returncode}")
                except subprocess.TimeoutExpired:
                    wrong = ["no answer in 60 s"]
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    wrong = [f"no JSON report (exit {run.returncode}): {error}; it said: {run.stderr.decode(errors='replace').strip()[-300:]}"]
            label = f"{passed + failed + 1} - {name}" if args.tap else name
            if wrong:
                failed += 1
                false_pass += sum("FALSE PASS" in w for w in wrong)
                print(f"not ok {label}")
                for line in wrong[:12]:
                    print(f"{detail}{line}")
                if args.v:
                    print(detail + " ".join(argv))
            else:
                passed += 1
                print(f"ok {label}")
    if args.tap:
        print(f"1..{passed + failed}")
    print(f"{comment}false passes: {false_pass}")
    print(f"{comment}{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0

if __name__ == "__main__":
    sys.exit(main())
