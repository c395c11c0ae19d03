"""`make install` below a folder of its own, and what an author or an operator finds there."""
import glob
import os
import re
import shutil
import subprocess
import tempfile

from harness import BUILD

# The make that runs the tests would have this one ask it for permission to run programs.
MAKE_VARIABLES = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "DESTDIR")


class Installation:
    """A context manager. `root`: what DESTDIR was; `prefix`: the prefix below it."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="atvm-installed.")
        self.root = os.path.join(self.folder.name, "root")
        self.make("install")
        self.pkg_config_file = self.only("**/pkgconfig/atvm-watcher.pc")
        with open(self.pkg_config_file, encoding="utf-8") as file:
            self.prefix = self.root + re.search(r"^prefix=(.*)$", file.read(), re.M)[1]
        self.program = os.path.join(self.prefix, "bin", "atvm-watcher")
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def inside(self, name):
        """A path beside what was installed."""
        return os.path.join(self.folder.name, name)

    def make(self, target):
        environment = {k: v for k, v in os.environ.items() if k not in MAKE_VARIABLES}
        result = subprocess.run(
            [os.environ.get("MAKE", "make"), "-s", "-C", BUILD, target, f"DESTDIR={self.root}"],
            env=environment,
            umask=0o022,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise AssertionError(f"make {target}: {result.stdout[-500:]}\n{result.stderr[-1500:]}")

    def files(self):
        """All that is no folder, relative to the root."""
        return sorted(
            os.path.relpath(os.path.join(folder, name), self.root)
            for folder, _, names in os.walk(self.root)
            for name in names
        )

    def only(self, pattern):
        found = glob.glob(os.path.join(self.root, pattern), recursive=True)
        if len(found) != 1:
            raise AssertionError(f"{pattern} is there {len(found)} times: {found}")
        return found[0]

    def environment(self):
        """Of somebody who uses this installation as if it were the machine's own, and has not
        heard of the source tree."""
        variables = os.path.join(self.folder.name, "pkgconfig")
        os.makedirs(variables, exist_ok=True)
        copy = shutil.copy(self.pkg_config_file, variables)
        with open(copy, encoding="utf-8") as file:
            text = re.sub(r"^prefix=", f"prefix={self.root}", file.read(), flags=re.M)
        with open(copy, "w", encoding="utf-8") as file:
            file.write(text)
        modules = os.path.dirname(self.only("**/atvm-watcher/runlog.so"))
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ATVM_", "MATTERMOST_", "CREDENTIALS_", "top_"))
        }
        return {
            **clean,
            "PATH": f"{self.prefix}/bin:{os.environ['PATH']}",
            "PKG_CONFIG_PATH": variables,
            "ATVM_WATCHER_MODULE_PATH": modules,
            "TZ": "UTC",
        }
