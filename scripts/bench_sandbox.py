"""What the sandbox costs, beside the same without it: interleaved, so that load falls on both.

    python scripts/bench_sandbox.py [--rounds 40] [--thorough]

Targets: a command once at most 1.5 times bare `bwrap true`, one in a session at most 3 ms over
bare. --thorough also runs 1,000 commands and kills the harness 50 times, and counts what is left.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from llmx.core.sandbox import SandboxPolicy, SandboxSpec
from llmx.sandbox.arguments import _MERGED
from llmx.sandbox.bubblewrap import Bubblewrap
from llmx.sandbox.found import wrapper
from llmx.sandbox.interpreter import interpreter, interpreter_bounds

ROOT_OF_BARE = [
    *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--ro-bind", "/usr", "/usr"),
    *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--die-with-parent"),
]


def bare_arguments() -> list[str]:
    """Return what a plain user of bubblewrap would write: no filter, no limits, nobody's user."""
    links = [path for path in map(Path, _MERGED) if path.is_symlink()]
    return [*ROOT_OF_BARE, *(w for p in links for w in ("--symlink", f"usr{p}", str(p)))]


def called(*line: str) -> Callable[[], None]:
    """Return a function that runs a program and waits for it."""

    def run() -> None:
        subprocess.run(line, check=True, capture_output=True, env={})

    return run


def milliseconds(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return the times of each way; they take turns, and each round begins with another."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            began = time.perf_counter()
            ways[name]()
            found[name].append(1e3 * (time.perf_counter() - began))
    return found


def at_once(cage: Bubblewrap, sessions: int, commands: int) -> float:
    """Return the seconds of that many sessions at once, each of which answers for itself.

    Raises:
        AssertionError: if one saw what another wrote.
    """
    wrong: list[int] = []

    def work(number: int) -> None:
        with cage.session() as shell:
            shell.run(f"echo {number} >mine")
            said = {shell.run("cat mine; ls | wc -l").stdout for _ in range(commands)}
            if said != {f"{number}\n1\n".encode()}:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(sessions)]
    began = time.perf_counter()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not wrong, wrong
    return time.perf_counter() - began


def left(mark: str) -> int:
    """Return how many processes have a text in their command line."""
    count = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            count += mark.encode() in path.read_bytes()
        except OSError:
            continue
    return count


def survivors(cage: Bubblewrap, commands: int, kills: int) -> tuple[int, int]:
    """Return processes and files that are left after commands, and after kills of the harness."""
    folder, mark = Path(tempfile.gettempdir()), f"sleep 77{os.getpid()}"
    before = set(folder.iterdir())
    for _ in range(commands):
        cage.once(["true"])
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            cage.once(["/bin/sh", "-c", f"{mark}; :"])
        time.sleep(0.08)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    time.sleep(1)
    return left(mark), len(set(folder.iterdir()) - before)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--thorough", action="store_true")
    given = parser.parse_args()
    cage = Bubblewrap(SandboxSpec(seconds=60), SandboxPolicy(interpreter_bounds()))
    print(f"layers: {', '.join(cage.layers())}")
    python = [*interpreter(), "-c", "pass"]
    with cage.session() as shell:
        ways: dict[str, Callable[[], object]] = {
            "true, bare": called("/bin/true"),
            "true, bare bwrap": called(str(wrapper().path), *bare_arguments(), "true"),
            "true, once": lambda: cage.once(["true"]),
            "true, in a session": lambda: shell.run("/bin/true"),
            "python, bare": called(*python),
            "python, once": lambda: cage.once(python),
        }
        for way in ways.values():
            way()
        times = milliseconds(ways, given.rounds)
    for name, one in times.items():
        print(f"{name:20} best {min(one):6.1f} ms, median {statistics.median(one):6.1f} ms")
    pairs = zip(times["true, once"], times["true, bare bwrap"], strict=True)
    print(f"once / bare bwrap: median ratio {statistics.median(a / b for a, b in pairs):.2f}")
    pairs = zip(times["true, in a session"], times["true, bare"], strict=True)
    print(f"session - bare: median {statistics.median(a - b for a, b in pairs):.2f} ms")
    print(f"16 sessions at once, 20 commands each: {at_once(cage, 16, 20):.1f} s, no cross-talk")
    if given.thorough:
        processes, files = survivors(cage, 1000, 50)
        print(f"after 1,000 commands and 50 kills: {processes} processes, {files} files left")


if __name__ == "__main__":
    main()
