"""A seeded draw from all one-operator changes, for whoever wants to know what the tests see.

``python tests/mutants/draw.py --area traces --count 4 --seed 1`` plants each in turn, runs the
tests of its area until one fails, and prints the row with that test, or that none failed.

A change is drawn by a hash of its own, not by its place in a list: what is drawn of one function
does not depend on the others, so a change of the code moves little of the draw.
"""

import argparse
import re
import subprocess
from functools import cache
from hashlib import sha256
from itertools import chain, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from areas import AREAS, Area
from mutant import PACKAGE, Mutant
from one_operator import Change, changes
from planting import FAILED, NOTHING_RAN, ROOT, copied, lift, plant, tried

_FIRST_FAILED = re.compile(r"^(?:FAILED|ERROR) \S*?(tests/\S+::.+?)(?: - |$)", re.MULTILINE)


@cache
def candidates(area: Area) -> tuple[tuple[str, Mutant], ...]:
    """Return the kind of slip and the row of every one-operator change; no test stands there."""
    found = []
    for path in sorted({path for one in area.files for path in PACKAGE.glob(one)}):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(PACKAGE).as_posix()
        found += [(change.operator, row(name, text, change)) for change in changes(text)]
    return tuple(found)


def row(file: str, text: str, change: Change) -> Mutant:
    """Return a change as whole lines: as many above it as make its text the only one."""
    start, stop = text.rfind("\n", 0, change.start) + 1, text.find("\n", change.end)
    stop = len(text) if stop < 0 else stop
    while text.count(text[start:stop]) > 1:
        start = text.rfind("\n", 0, start - 1) + 1
    start += len(text[start:stop]) - len(text[start:stop].lstrip())
    while text.count(text[start:stop]) > 1:  # the indentation was what told them apart
        start = text.rfind("\n", 0, start - 1) + 1
    new = text[start : change.start] + change.new + text[change.end : stop]
    return Mutant(file, text[start:stop], new, "")


def drawn(area: str, count: int, seed: int) -> list[Mutant]:
    """Return `count` changes of an area: the first of every kind of slip, then the second, …"""

    def chance(*words: str) -> str:
        return sha256("\0".join([str(seed), area, *words]).encode()).hexdigest()

    kinds: dict[str, list[Mutant]] = {}
    for kind, one in candidates(AREAS[area]):
        kinds.setdefault(kind, []).append(one)
    ranked = [
        sorted(kinds[kind], key=lambda one: chance(one.file, one.old, one.new))
        for kind in sorted(kinds, key=chance)
    ]
    return [one for one in chain.from_iterable(zip_longest(*ranked)) if one][:count]


def killer(folder: Path, mutant: Mutant, tests: tuple[str, ...], seconds: float) -> str | None:
    """Return the first test that fails, ``hangs`` for none in time, or None: it survived.

    The slow tests come last.
    """
    found = [path for one in tests for path in sorted((ROOT / "tests").glob(one))]
    names = list(dict.fromkeys(path.relative_to(ROOT).as_posix() for path in found))
    plant(folder, mutant)
    try:
        for marked in ("not slow", "slow"):
            done = tried(folder, names, seconds, ("-m", marked, "--timeout=300"))
            failed = _FIRST_FAILED.search(done.stdout)
            if failed and done.returncode == FAILED:
                return failed[1]
            if done.returncode not in (0, NOTHING_RAN):
                return f"no test ran: {done.stdout[-400:]}{done.stderr[-400:]}"
    except subprocess.TimeoutExpired:
        return "hangs"
    finally:
        lift(folder, mutant)
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--area", choices=AREAS, action="append")
    parser.add_argument("--count", type=int, default=4, help="changes of an area")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=900, help="after which a fault has hung")
    parser.add_argument("--list", action="store_true", help="plant nothing")
    asked = parser.parse_args()
    with TemporaryDirectory() as made:
        folder = copied(Path(made))
        for area in asked.area or AREAS:
            for one in drawn(area, asked.count, asked.seed):
                tests = AREAS[area].tests
                found = None if asked.list else killer(folder, one, tests, asked.seconds)
                verdict = "drawn" if asked.list else "SURVIVED" if found is None else "killed"
                print(f"# {area}: {verdict}\n{one._replace(test=found or '')!r},", flush=True)


if __name__ == "__main__":
    main()
