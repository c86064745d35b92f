"""Stage `pool`: several answers to each problem by one arm, drawn once and kept for good.

A pool is cut into blocks of eight draws. Each block is a `decode` (or `ensemble_decode`) of its
own, and does not know how many others there are: a larger pool finds the blocks of a smaller one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from llmx.core.errors import ConfigError, StoreError
from llmx.core.options import Count, InputModels, Split, StageOptions
from llmx.core.section import Section
from llmx.core.spec import ArmSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.stages.decode import SAMPLES, problems_of, summarise
from llmx.stages.ensemble import MEMBERS
from llmx.store.files import whole_lines, write_parts

BLOCK = 8
"""Draws of a block. A number of draws that it divides can grow without drawing any twice."""


class PoolSection(Section):
    """How many answers to each problem an arm draws."""

    section: ClassVar[str] = "pool"

    draws: Count = Field(default=16, description="answers to each problem")


class PoolOptions(StageOptions):
    """Which problems are answered, and by what; how often is said by the section ``pool``."""

    split: Split = Field(default="test", description="split whose problems are answered")
    problems: Count | None = Field(default=None, description="how many; null = the scale's")
    model: InputModels | None = Field(
        default=None,
        description="model in place of the arm's target; of several the first that the arm has",
        examples=["a model, or a list of them"],
    )


class PoolStage:
    """Writes ``samples.jsonl``, a Record a line: a problem's draws in order, then the next one's.

    ``summary.json`` holds the sums, as `decode` has them; of ensembles ``ensemble.jsonl`` what the
    members said.
    """

    Options: ClassVar[type[StageOptions]] = PoolOptions
    sections: ClassVar[tuple[type[Section], ...]] = (PoolSection,)
    kind: ClassVar[str] = "pool"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, object]:
        """The number of draws and of problems; its blocks say the rest."""
        return {"draws": size_of(given), "problems": problems_of(given)}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def portions(self, given: StageInput) -> Mapping[str, StageInput]:
        """Blocks of eight draws; the last may be shorter."""
        return {_name(block): _drawing(given, block) for block in _blocks(given)}

    def plan(self, given: StageInput) -> Cost:
        """Nothing: the blocks do the work."""
        over = size_of(given) % BLOCK
        most = size_of(given) + BLOCK - over
        note = f"pool.draws={size_of(given)}: a larger pool draws the last {over} of them again;"
        notes = (f"{note} a multiple of {BLOCK}, such as {most}, grows without",) if over else ()
        return Cost(seconds=0.0, notes=notes)

    def run(self, context: StageContext) -> None:
        """Put each problem's draws together."""
        blocks = _blocks(context.given)
        folders = [context.inputs[_name(block)] for block in blocks]
        sizes = [len(block) for block in blocks]
        try:
            for file in (SAMPLES, *([MEMBERS] if (folders[0] / MEMBERS).exists() else [])):
                paths = [folder / file for folder in folders]
                write_parts(context.out / file, _interleaved(paths, sizes))
        except ValueError as error:  # one of them is shorter
            named = ", ".join(str(folder) for folder in folders)
            text = f"stage '{context.given.stage.name}': its blocks do not answer the same problems"
            raise StoreError(text, f"`llmx runs check --repair`, or delete {named}") from error
        summarise(context.out, None, size_of(context.given))


def size_of(given: StageInput) -> int:
    """Return how many answers to each problem the arm draws."""
    found = given.arm.section(PoolSection)
    return (found or PoolSection()).draws


def _blocks(given: StageInput) -> list[range]:
    draws = size_of(given)
    return [range(at, min(at + BLOCK, draws)) for at in range(0, draws, BLOCK)]


def _name(block: range) -> str:
    return f"draws {block[0]} to {block[-1]}"


def _drawing(given: StageInput, block: range) -> StageInput:
    """Return the stage that draws a block; nothing in it says how many draws there are in all."""
    arm, stage = given.arm, given.stage
    kind = "decode" if arm.ensemble is None else "ensemble_decode"
    options = {name: value for name, value in stage.options.items() if value is not None}
    if kind == "ensemble_decode" and options.pop("model", None) is not None:
        text = f"stages.{stage.name}.model stands for the target, and the arm is an ensemble"
        raise ConfigError(text, f"leave stages.{stage.name}.model out, or `ensemble`")
    drawn = {**options, "draws": len(block), "first_draw": block.start}
    spec = stage.model_copy(update={"kind": kind, "options": drawn})
    (name,) = given.arms
    return replace(given, stage=spec, arms={name: _sharing(arm, len(block) / size_of(given))})


def _sharing(arm: ArmSpec, share: float) -> ArmSpec:
    """Return the arm without its sections, and with a block's share of what may be spent."""
    engine, limits = arm.engine, dict[str, float]()
    if engine.max_total_tokens is not None:
        limits["max_total_tokens"] = max(1, int(engine.max_total_tokens * share))
    if engine.max_cost is not None:
        limits["max_cost"] = engine.max_cost * share
    return arm.with_sections(()).model_copy(update={"engine": engine.model_copy(update=limits)})


def _interleaved(paths: list[Path], sizes: list[int]) -> Iterator[bytes]:
    """Yield the lines of the blocks' files, a problem's from each of them in turn.

    Raises:
        ValueError: if one of them holds fewer problems.
    """
    files = [_grouped(path, size) for path, size in zip(paths, sizes, strict=True)]
    for problem in zip(*files, strict=True):
        yield b"".join(problem)


def _grouped(path: Path, size: int) -> Iterator[bytes]:
    """Yield the lines of each problem, `size` of them."""
    lines = whole_lines(path)
    while group := list(islice(lines, size)):
        if len(group) < size:
            raise ValueError(f"{path} ends within a problem")
        yield b"".join(group)
