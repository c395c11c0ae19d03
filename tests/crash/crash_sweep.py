"""Where a watcher is struck, and tables of what came of it: of all places, or of a sample in which
each kind of call that matters is struck."""
import argparse
import collections
import concurrent.futures
import itertools
import os
import random
import sys
import time
import traceback

from crash_scene import Kill
from harness import is_sanitized

# The calls by which a state folder changes and stays changed, by kind.
KINDS = {
    "sync": ("fsync", "fdatasync"),
    "rename": ("rename", "renameat", "renameat2"),
    "write": ("write", "writev", "pwrite64"),
    "unlink": ("unlink", "unlinkat"),
}
# Of a worker that delivers, between the commit point and the receipt.
EXCHANGE = "exchange"
EXCHANGE_CALLS = ("sendto", "sendmsg", "recvfrom", "recvmsg")
# Of the watcher, whatever it calls in that time.
SENDING = "sending"
KINDS_OF = {"watcher": [*KINDS, SENDING], "workers": ["sync", "write", EXCHANGE]}

# Nobody but the process itself notices whether one of these was carried out: to die before it is
# to die before the next call.
WITHOUT_EFFECT = set(
    "access arch_prctl brk close dup2 epoll_create1 epoll_ctl eventfd2 faccessat faccessat2 "
    "fcntl flock fstat fstatfs futex getdents64 getegid geteuid getgid getpeername getpgid "
    "getpid getppid getrandom getrlimit getsid getsockname getsockopt gettid getuid "
    "inotify_add_watch inotify_init1 inotify_rm_watch ioctl lseek lstat madvise memfd_create "
    "mmap mprotect munmap newfstatat pidfd_open pipe2 prctl pread64 prlimit64 read readlink "
    "readlinkat rseq rt_sigaction rt_sigpending rt_sigprocmask sched_getaffinity seccomp "
    "set_robust_list set_tid_address setsockopt sigaltstack signalfd4 socket stat statfs "
    "statx sysinfo timerfd_create timerfd_settime umask uname wait4 waitid".split()
)

MISSED = "ran to its end"  # the outcome where nothing was struck
# A run does not make the same calls each time: so many more are tried than one made, and of all
# this share must be struck.
SLACK = 10
SHARE = 0.8


def arguments():
    """Of a test that takes a sample. Says which seed it goes by."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true", help="all places, instead of a sample")
    parser.add_argument("--seed", type=int, help="default: 1; with --all another each time")
    given = parser.parse_args()
    if given.seed is None:
        given.seed = random.SystemRandom().randrange(1 << 31) if given.all else 1
    print(f"# seed {given.seed}; --seed chooses another", flush=True)
    return given


class Place(collections.namedtuple("Place", "kind calls at pattern", defaults=[None])):
    """The at-th of the calls with these names; pattern: of those about files that match it, below
    the state root."""

    def arguments(self, trial):
        argv = ["-c", ",".join(self.calls), "-n", str(self.at)]
        return argv + (["-p", f"{trial.state_root}/{self.pattern}"] if self.pattern else [])

    def __str__(self):
        return f"{self.kind} {self.at}{' of ' + self.pattern if self.pattern else ''}"


def read_calls(listing):
    """[[name, path, ...]] of a list that the tool that kills wrote, which is removed."""
    with open(listing, encoding="utf-8", errors="replace") as file:
        made = [line.split() for line in file]
    os.remove(listing)
    return made


def calls_with_effect(made):
    """Their names, and how many of the calls they are."""
    names = tuple(sorted({name for name, *_ in made} - WITHOUT_EFFECT))
    return names, sum(name in names for name, *_ in made)


class Calls:
    """What a watcher, or its workers, called in a trial in which nothing was struck."""

    def __init__(self, trial, whose):
        listing = f"{trial.state_root}.calls"
        kill = Kill(trial, whose, "one", more=["-l", listing])
        wrong, _ = trial.check(kill.watch())
        if wrong or kill.what != "ended":
            raise AssertionError(f"{wrong}\n{kill.what} {kill.detail}\n{trial.said}")
        self.made = read_calls(listing)
        self.whose, self.root = whose, trial.state_root + "/"

    def all_places(self):
        """Before each call that has an effect."""
        names, count = calls_with_effect(self.made)
        return [Place("call", names, at) for at in range(1, count + SLACK + 1)]

    def places(self, kind):
        if kind == SENDING:
            return self.places_while_sending()
        if kind == EXCHANGE:
            count = sum(name in EXCHANGE_CALLS for name, *_ in self.made)
            return [Place(kind, EXCHANGE_CALLS, at) for at in range(1, count + 1)]
        count = sum(
            name in KINDS[kind] and any(path.startswith(self.root) for path in paths)
            for name, *paths in self.made
        )
        return [Place(kind, KINDS[kind], at, "*") for at in range(1, count + 1)]

    def places_while_sending(self):
        """From the start of a worker to the next change of a record."""
        found, counts, sending = [], collections.Counter(), False
        for name, *paths in self.made:
            counts[name] += 1
            if name in KINDS["rename"] and any("/outbox/" in path for path in paths):
                sending = False
            if sending and name not in WITHOUT_EFFECT:
                found.append(Place(SENDING, (name,), counts[name]))
            sending = sending or name.startswith("clone")
        return found


class Sweep:
    """One row of the table: trials of one kind. work(item) gives the outcome in a word, the system
    call, and what was wrong. must: {kind: items}, of each of which one is struck: the first, or the
    next ones where that missed. more: items of which a sample may have some, in an order of which
    any beginning is a sample; at least `least` of them must be struck where all are tried."""

    def __init__(self, name, work, must=None, more=(), least=0):
        self.name, self.work, self.must, self.more = name, work, must or {}, list(more)
        self.least = least
        self.outcomes, self.calls = collections.Counter(), collections.Counter()
        self.struck_kinds, self.wrong = set(), []

    @classmethod
    def over(cls, name, work, calls, given, chooser):
        """All places of the calls, or a sample of them that has all kinds."""
        if given.all:
            places = calls.all_places()
            return cls(name, work, more=places, least=round(SHARE * len(places)))
        must = {kind: shuffled(calls.places(kind), chooser) for kind in KINDS_OF[calls.whose]}
        return cls(name, work, must, shuffled(calls.all_places(), chooser))

    def try_items(self, kind, items):
        """Tries them until one is struck; a kind of None: the only one. (self, kind, results)"""
        results = []
        for item in items:
            try:
                results.append(self.work(item))
            except Exception:  # whatever broke: it belongs to this trial
                results.append(("broke", "?", [traceback.format_exc()]))
            if results[-1][0] != MISSED:
                break
        return self, kind, results

    def add(self, kind, results):
        for outcome, call, wrong in results:
            self.outcomes[outcome] += 1
            self.wrong += wrong
            if outcome != MISSED:
                self.calls[call] += 1
                self.struck_kinds.add(kind)

    @property
    def struck(self):
        return sum(self.calls.values())

    def tell(self, tap):
        outcomes = ", ".join(f"{count} {word}" for word, count in sorted(self.outcomes.items()))
        calls = ", ".join(f"{call} {count}" for call, count in self.calls.most_common(6))
        print(f"# {self.name}: struck {self.struck} times: {outcomes}; most often at {calls}")
        tap.ok(not self.wrong, f"{self.name}: 0 duplicates, 0 lost", "\n".join(self.wrong))
        missed = [str(kind) for kind in self.must if kind not in self.struck_kinds]
        kinds = f"at every kind of place ({', '.join(self.must)})"
        what = kinds if self.must else "nearly everywhere"
        tap.ok(
            not missed and self.struck >= max(1, self.least),
            f"{self.name}: was struck {what}",
            f"{self.struck} times, of at least {max(1, self.least)}; never at: {missed}\n"
            "Does the watcher not make that call any more? Then the row has tested nothing.",
        )


def shuffled(items, chooser):
    items = list(items)
    chooser.shuffle(items)
    return items


class Progress:
    """How far a sweep of all places is, told on standard error: rewritten in place on a terminal,
    else a line now and then."""

    def __init__(self, total):
        self.total, self.done, self.wrong = total, 0, 0
        self.began = self.told = time.monotonic()
        self.on_terminal = sys.stderr.isatty()

    def add(self, results):
        self.done += 1
        self.wrong += any(wrong for _, _, wrong in results)
        if time.monotonic() - self.told >= (1 if self.on_terminal else 60):
            self.tell()

    def tell(self):
        self.told = time.monotonic()
        left = (self.told - self.began) / self.done * (self.total - self.done) / 60
        line = f"{self.done} of {self.total} trials, {self.wrong} wrong, about {left:.0f} min left"
        before, after = ("\r", " ") if self.on_terminal else ("", "\n")
        print(f"{before}{line}", file=sys.stderr, end=after, flush=True)

    def finish(self):
        if self.on_terminal:
            print("\r\033[K", file=sys.stderr, end="", flush=True)


def in_parallel(work, items, seconds=None, least=0):
    """Yields work(item) as they come, from as many threads as there are processors; begins no more
    than `least` items after `seconds`."""
    end = time.monotonic() + seconds if seconds else None
    processors = os.cpu_count() or 1
    items, running, begun = iter(items), set(), 0
    with concurrent.futures.ThreadPoolExecutor(processors) as pool:
        while True:
            late = end and time.monotonic() > end
            wanted = max(0, least - begun) if late else processors
            for item in itertools.islice(items, min(wanted, processors - len(running))):
                running.add(pool.submit(work, item))
                begun += 1
            if not running:
                return
            done, running = concurrent.futures.wait(
                running, return_when=concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                yield future.result()


def sweep_all(tap, sweeps, seconds=None):
    """What each sweep must have, then more of each in turn: all, or for `seconds` in all."""
    if seconds and is_sanitized():
        # Several times slower; which calls are made is another build's business.
        for number, sweep in enumerate(sweeps):
            sweep.must = dict([list(sweep.must.items())[number % len(sweep.must)]])
    musts = [(sweep, kind, items) for sweep in sweeps for kind, items in sweep.must.items()]
    lanes = [[(sweep, None, [item]) for item in sweep.more] for sweep in sweeps]
    mores = [each for turn in itertools.zip_longest(*lanes) for each in turn if each]
    progress = None if seconds else Progress(len(musts) + len(mores))
    trials = in_parallel(
        lambda trial: trial[0].try_items(*trial[1:]), musts + mores, seconds, len(musts)
    )
    for sweep, kind, results in trials:
        sweep.add(kind, results)
        if progress:
            progress.add(results)
    if progress:
        progress.finish()
    for sweep in sweeps:
        sweep.tell(tap)
    print(f"# {sum(sweep.struck for sweep in sweeps)} positions in all")
