"""Stage `sampled`: a model's own answers, sorted by the verifier, to warm another up with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from llmx.core.errors import ConfigError, DataError
from llmx.core.record import as_json
from llmx.core.registry import lookup
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import load
from llmx.data.reasoning.stage import asked_data
from llmx.store.files import read_lines, write_json, write_lines

Sort = Literal["correct", "incorrect", "malformed"]
_WRITTEN = ("test", "validation")


class SampledStage:
    """Writes ``train.jsonl``: what a ``decode`` stage answered to problems of one split.

    An answer is `correct` if the reward of the task is whole, `malformed` if it is 0, `incorrect`
    in between: it has the form and is wrong (arXiv 2505.24273, short chains of thought).

    Options: ``keep`` (one of the three; without it ``data.options.content`` of the arm, and an arm
    with ``content: none`` has nothing to keep) and ``split`` (default sft).
    """

    kind: ClassVar[str] = "sampled"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """What is kept, and the verifier's task; the answers are an input."""
        return {"keep": _kept(given), "task": _task(given), "split": _split(given)}

    def applies(self, given: StageInput) -> bool:
        """Where something is kept."""
        return _kept(given) != "none"

    def plan(self, given: StageInput) -> Cost:
        """Seconds."""
        return Cost(seconds=1.0)

    def run(self, context: StageContext) -> None:
        """Sort and write.

        Raises:
            DataError: if no answer is of the sort.
        """
        given, keep = context.given, context.identity["keep"]
        assert given.arm.data is not None
        by_id = {sample.id: sample for sample in load(given.arm.data, _split(given))}
        reward = lookup("reward", context.identity["task"])
        counts: Counter[str] = Counter()
        rows = []
        for answered in _answered(context.inputs):
            sample = by_id[answered["id"]]
            sort = sorted_as(reward("", answered["text"], {"answer": sample.answer}))
            counts[sort] += 1
            if sort == keep:
                rows.append({**as_json(sample), "solution": answered["text"], "sort": sort})
        if not rows:
            found = ", ".join(f"{n} {sort}" for sort, n in sorted(counts.items())) or "none at all"
            raise DataError(
                f"no {keep} answers for stage '{given.stage.name}': {found}",
                "sample more problems, or train the model that samples longer",
            )
        write_lines(context.out / "train.jsonl", rows)
        for split in _WRITTEN:
            lines = (as_json(sample) for sample in load(given.arm.data, split))
            write_lines(context.out / f"{split}.jsonl", lines)
        write_json(context.out / "sampled.json", {"counts": dict(counts), **context.identity})


def sorted_as(components: Mapping[str, float]) -> Sort:
    """Return what an answer is by the components of its reward."""
    if components["correct"] > 0:
        return "correct"
    return "incorrect" if components["format"] > 0 else "malformed"


def _kept(given: StageInput) -> str:
    content = given.arm.data.options.get("content", "correct") if given.arm.data else "correct"
    keep = str(given.stage.options.get("keep", content))
    if keep not in (*get_args(Sort), "none"):
        where = f"stages.{given.stage.name}.keep"
        raise ConfigError(f"{where} is '{keep}'", f"one of {', '.join(get_args(Sort))}")
    return keep


def _task(given: StageInput) -> str:
    return asked_data(given).kind


def _split(given: StageInput) -> str:
    return str(given.stage.options.get("split", "sft"))


def _answered(inputs: Mapping[str, Path]) -> Iterator[Mapping[str, Any]]:
    for folder in inputs.values():
        if (folder / "samples.jsonl").exists():
            yield from read_lines(folder / "samples.jsonl")
