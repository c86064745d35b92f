"""``make mutants``: plants every fault, and says which tests did not see theirs.

First all tests of the rows run without a fault, since one that fails anyway finds nothing. What was
found is kept in ``.mutants/`` by a hash of the row, its file and its test's file: a second run goes
on where the first was stopped. ``MUTANTS="--only stats"`` takes the rows whose place holds a text.
"""

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

from mutant import PACKAGE, Mutant, qualified
from planting import FAILED, ROOT, copied, lift, plant, tried
from table import TABLE
from unseen import UNSEEN

KEPT = ROOT / ".mutants"
DONE = KEPT / "done.tsv"  # hash, what was found
SUMMARY = KEPT / "summary.md"
SECONDS = 600.0  # the most for one row
LEAST = 60.0
TIMES = 10  # what a fault may cost before it counts as a hang: so often its test's whole file


def fingerprint(mutant: Mutant) -> str:
    """Return a hash of the row, the whole file that it changes and the file of its test."""
    test = mutant.test.partition("::")[0]
    read = [path.read_text(encoding="utf-8") for path in (PACKAGE / mutant.file, ROOT / test)]
    return sha256("\0".join([repr(tuple(mutant)), *read]).encode()).hexdigest()[:20]


def remembered() -> dict[str, str]:
    """Return what was killed; whatever was not is tried again."""
    lines = DONE.read_text(encoding="utf-8").splitlines() if DONE.exists() else []
    pairs = (line.split("\t") for line in lines if "\t" in line)
    return {name: word for name, word in pairs if word.startswith("killed")}


def found(folder: Path, mutant: Mutant, seconds: float) -> str:
    """Return ``killed``, ``killed: hangs``, ``SURVIVED`` or ``no test ran``."""
    plant(folder, mutant)
    try:
        code = tried(folder, mutant.test, seconds).returncode
    except subprocess.TimeoutExpired:
        return "killed: hangs"
    finally:
        lift(folder, mutant)
    return {FAILED: "killed", 0: "SURVIVED"}.get(code, "no test ran")


def sound(folder: Path, rows: Sequence[Mutant]) -> dict[str, float]:
    """Run the tests of the rows without a fault.

    Returns: by file of tests, the seconds that those of its tests took which rows name.

    Raises:
        SystemExit: if one fails.
    """
    tests = sorted({row.test for row in rows})
    print(f"{len(tests)} tests without a fault …", flush=True)
    if not tests:
        return {}
    kept = folder / "sound.xml"
    done = tried(folder, tests, SECONDS * len(tests), [f"--junitxml={kept}"])
    if done.returncode:
        sys.exit(f"a test fails without a fault:\n{done.stdout[-3000:]}{done.stderr}")
    return by_file(kept)


def by_file(kept: Path) -> dict[str, float]:
    """Return the seconds of each file from pytest's report; its module stands for the file."""
    seconds: Counter[str] = Counter()
    for case in ElementTree.parse(kept).iter("testcase"):
        seconds[case.attrib["classname"]] += float(case.attrib["time"])
    return dict(seconds)


def limit(row: Mutant, seconds: Mapping[str, float]) -> float:
    """Return after how many seconds a row hangs: a test alone may need what its file shares."""
    module = row.test.partition("::")[0].removesuffix(".py").replace("/", ".")
    return min(SECONDS, max(LEAST, TIMES * seconds.get(module, SECONDS)))


def hunt(rows: Sequence[Mutant]) -> dict[Mutant, str]:
    """Return what was found of each row; a line a row is printed, and kept."""
    known = remembered()
    open_ = [row for row in rows if fingerprint(row) not in known]
    with TemporaryDirectory() as made, DONE.open("a", encoding="utf-8") as kept:
        folder = copied(Path(made))
        took = sound(folder, open_)
        began = time.monotonic()
        for place, row in enumerate(open_, 1):
            word = known[fingerprint(row)] = found(folder, row, limit(row, took))
            kept.write(f"{fingerprint(row)}\t{word}\n")
            kept.flush()
            left = (time.monotonic() - began) / place * (len(open_) - place) / 60
            print(f"{place}/{len(open_)} {word}: {qualified(row)}, {left:.0f} min left", flush=True)
    return {row: known[fingerprint(row)] for row in rows}


def summary(rows: dict[Mutant, str]) -> str:
    """Return the counts by the folder of the fault, and every row that its test does not see."""
    areas = Counter(part(row.file) for row in rows)
    killed = Counter(part(row.file) for row, word in rows.items() if word.startswith("killed"))
    unseen = Counter(part(row.file) for row in UNSEEN)
    lines = ["| part | faults | killed | unseen, with a reason |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {a} | {areas[a]} | {killed[a]} | {unseen[a]} |" for a in sorted(areas | unseen)]
    lines += [f"| all | {areas.total()} | {killed.total()} | {unseen.total()} |", ""]
    alive = [row for row, word in rows.items() if not word.startswith("killed")]
    lines += [f"{rows[row]}: {qualified(row)}, {row.old!r} → {row.new!r}" for row in alive]
    return "\n".join(lines)


def part(file: str) -> str:
    """Return ``papers/fsd``, ``stats``: the first two folders of a file."""
    return "/".join(Path(file).parent.parts[:2])


def main() -> None:
    parser = argparse.ArgumentParser(description="Plant every fault.")
    parser.add_argument("--only", default="", help="rows whose place or test holds this text")
    only = parser.parse_args().only
    KEPT.mkdir(exist_ok=True)
    os.environ.setdefault("LLMX_CACHE", str(KEPT / "cache"))  # what is compiled is compiled once
    rows = [row for row in TABLE if only in f"{qualified(row)} {row.file} {row.test}"]
    text = summary(words := hunt(rows))
    print(f"\n{text}")
    if not only:
        SUMMARY.write_text(f"{text}\n", encoding="utf-8")
    sys.exit(any(not word.startswith("killed") for word in words.values()))


if __name__ == "__main__":
    main()
