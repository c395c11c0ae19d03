#!/usr/bin/env python3
"""The same recorded run gives the same report, byte for byte: whatever the locale, the order in
which a folder lists its files, and how often it is asked."""
import os
import shutil
import subprocess
import tempfile

from harness import Recording, Tap

# Several hosts with several kinds of artifacts; conflicts; a categorized run.
SCENARIOS = [
    "07-hash-named-xml",
    "16-categorized-no-fresh-specpattern",
    "24-stale-artifacts-of-earlier-run",
    "35-forty-hosts",
    "47-derived-failure-against-passing-row",
]
FORMATS = ["text", "markdown"]

# A file system that lists a folder in the order in which its files came; None: the usual one.
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def with_format(argv, form):
    return [form if before == "--format" else word for before, word in zip([""] + argv, argv)]


def comma_locale(place):
    """A locale that writes 1,5 for one and a half, made for this test; None where it cannot be."""
    made = subprocess.run(
        ["localedef", "-i", "de_DE", "-f", "UTF-8", os.path.join(place, "de_DE.UTF-8")],
        capture_output=True,
    )
    asked = subprocess.run(
        ["locale", "decimal_point"],
        env={"LOCPATH": place, "LC_ALL": "de_DE.UTF-8", "PATH": os.environ["PATH"]},
        capture_output=True,
    )
    return "de_DE.UTF-8" if made.returncode == 0 and asked.stdout == b",\n" else None


def rewrite_in_other_order(folder):
    """Writes every file anew so that folders list them in another order than before. Whether one
    does: a file system that sorts by itself does not."""
    changed = False
    for parent, _, names in os.walk(folder, topdown=False):
        listed = os.listdir(parent)
        for name in sorted(names, reverse=listed == sorted(listed)):
            path = os.path.join(parent, name)
            shutil.copy2(path, path + ".aside")
            os.remove(path)
            os.rename(path + ".aside", path)
        changed = changed or os.listdir(parent) != listed
    return changed


def main():
    with Tap() as tap, tempfile.TemporaryDirectory() as locales:
        comma = comma_locale(locales)
        for scenario in SCENARIOS:
            with Recording(scenario, IN_MEMORY) as recording:
                first = recording.replay()
                if not tap.ok(first.status == 0 and first.report(), f"{scenario}: judged", first):
                    continue

                def same(name, **options):
                    again = recording.replay(**options)
                    tap.ok(again.output == first.output, f"{scenario}: same bytes {name}", again)

                same("when asked again")
                for locale in ["C", "C.UTF-8"]:
                    same(f"in locale {locale}", environment={**os.environ, "LC_ALL": locale})
                if comma:
                    same(
                        "where the decimal point is a comma",
                        environment={**os.environ, "LC_ALL": comma, "LOCPATH": locales},
                    )
                else:
                    tap.skip(f"{scenario}: decimal comma", "localedef has no de_DE to build")
                same("in another time zone", environment={**os.environ, "TZ": "Asia/Kathmandu"})
                if rewrite_in_other_order(recording.folder):
                    same("with the folders in another order")
                else:
                    tap.skip(f"{scenario}: other order", "this file system keeps its own order")

        with Recording(SCENARIOS[0]) as recording:
            for form in FORMATS:
                recording.argv = with_format(recording.argv, form)
                first, again = recording.replay(), recording.replay()
                tap.ok(
                    first.status == 0 and first.output and first.output == again.output,
                    f"{form}: same bytes when asked again",
                    again,
                )


if __name__ == "__main__":
    main()
