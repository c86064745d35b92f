"""A stage that writes a record after each nap, and one that adds up what naps wrote."""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from llmx.core.options import StageOptions
from llmx.core.stage import Cost, Memory, StageContext, StageInput
from llmx.store.files import Appender, read_lines, write_json

RECORDS = "records.jsonl"


class Naps(StageOptions):
    """Options of `nap`."""

    rows: int = 3
    seconds: float = 0.0
    word: str = ""
    gib: int = 0
    error: str = ""
    parts: int = 0


def _say(path: str | None, text: str) -> None:
    """Add a line where the test looks, whole or not at all."""
    if path:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, f"{text}\n".encode())
        os.close(handle)


class NapStage:
    """Writes records slowly; which were made, and by whom, stands in ``$NAPS_MADE`` as well."""

    kind: ClassVar[str] = "nap"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False
    Options: ClassVar[type] = Naps

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Return what the records depend on."""
        options = given.read(Naps)
        return {"rows": options.rows, "word": options.word, "seed": given.arm.seed}

    def applies(self, given: StageInput) -> bool:
        """Return whether there is anything to do."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Return what it costs, by its options."""
        options = given.read(Naps)
        seconds = options.rows * options.seconds
        memory = Memory(weights=options.gib * 2**30)
        return Cost(samples=options.rows, tokens=options.rows, seconds=seconds, memory=memory)

    def parts(self, given: StageInput) -> Mapping[str, int]:
        """Return the parts, each of some records."""
        options = given.read(Naps)
        return {f"p{at}": len(_rows(options, at)) for at in range(options.parts)}

    def run(self, context: StageContext) -> None:
        """Write what is missing."""
        options = context.given.read(Naps)
        _write(context, options, range(options.rows))

    def run_part(self, context: StageContext, part: str) -> None:
        """Write the records of a part."""
        options = context.given.read(Naps)
        _write(context, options, _rows(options, int(part[1:])))

    def join(self, context: StageContext, parts: Mapping[str, Path]) -> None:
        """Write all records in their order."""
        rows = [row for folder in parts.values() for row in read_lines(folder / RECORDS)]
        with Appender(context.out / RECORDS) as lines:
            lines.append(sorted(rows, key=lambda row: row["id"]))


def _rows(options: Naps, part: int) -> range:
    return range(part, options.rows, options.parts)


def _wait(context: StageContext) -> None:
    """Wait while the test wants to see this stage at work; a signal ends it all the same."""
    hold = os.environ.get("NAPS_HOLD")
    while hold and Path(hold).exists():
        time.sleep(0.05)
        context.progress.advance(0)


def _write(context: StageContext, options: Naps, ids: range) -> None:
    arm = next(iter(context.given.arms))
    there = {row["id"] for row in read_lines(context.out / RECORDS)}
    context.progress.start(len(ids), len(there))
    for number in (one for one in ids if one not in there):
        flag = os.environ.get("NAPS_FAIL")
        if options.error and (flag is None or Path(flag).exists()):
            raise ValueError(options.error)
        time.sleep(options.seconds)
        with Appender(context.out / RECORDS) as lines:
            lines.append([{"id": number, "word": options.word, "square": number**2}])
        job, life = os.environ.get("SLURM_JOB_ID"), os.environ.get("SLURM_RESTART_COUNT", "0")
        _say(os.environ.get("NAPS_MADE"), f"{arm} {number} {job or os.getpid()}.{life}")
        context.progress.advance()
        _wait(context)


class TallyStage:
    """Counts the records of its inputs."""

    kind: ClassVar[str] = "tally"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False
    Options: ClassVar[type] = StageOptions

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Return that it depends on its inputs alone."""
        return {}

    def applies(self, given: StageInput) -> bool:
        """Return whether there is anything to do."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Return what it costs: nothing."""
        return Cost(seconds=0.0)

    def run(self, context: StageContext) -> None:
        """Write how many records each input has."""
        found = dict(_counted(context.inputs))
        write_json(context.out / "tally.json", found)


def _counted(inputs: Mapping[str, Path]) -> Iterator[tuple[str, int]]:
    for name, folder in inputs.items():
        yield name, len(read_lines(folder / RECORDS))


class TimedNapStage(NapStage):
    """A measurement."""

    kind: ClassVar[str] = "timed_nap"
    timing: ClassVar[bool] = True
