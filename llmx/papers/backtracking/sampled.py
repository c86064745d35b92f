"""Stage `sampled`: a model's own answers, sorted by the verifier, to warm another up with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from pydantic import Field

from llmx.core.errors import ConfigError, DataError, UnavailableError
from llmx.core.options import Split, StageOptions
from llmx.core.record import as_json
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import load
from llmx.data.tasks.dataset import split_size
from llmx.data.tasks.options import sent_wrapper, wrap
from llmx.data.tasks.readers import check_readers
from llmx.data.tasks.stage import asked_data
from llmx.store.files import read_lines, write_json, write_lines

Sort = Literal["correct", "incorrect", "malformed"]
_WRITTEN = ("test", "validation")


class SampledOptions(StageOptions):
    """Which answers are kept."""

    keep: Literal["correct", "incorrect", "malformed", "none"] | None = Field(
        default=None, description="what is kept; null = `data.options.content` of the arm"
    )
    split: Split = Field(default="sft", description="split whose answers are sorted")


class SampledStage:
    """Writes ``train.jsonl``: what a ``decode`` stage answered to problems of one split.

    An answer is `correct` if the reward of the task is whole, `malformed` if it is 0, `incorrect`
    in between: it has the form and is wrong (arXiv 2505.24273, short chains of thought).

    An arm with ``data.options.content: none`` has nothing to keep.
    """

    Options: ClassVar[type[StageOptions]] = SampledOptions
    kind: ClassVar[str] = "sampled"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """What is kept, and the verifier's task; the answers are an input.

        Raises:
            ConfigError: for a sort that does not exist, or a decode stage of another split.
        """
        _check_splits(given)
        found = {"keep": _kept(given), "task": _task(given), "split": _split(given)}
        wrapper = sent_wrapper(asked_data(given))
        check_readers(given, wrapper, wrapper)
        return found if wrapper == "chat" else {**found, "wrapper": wrapper}

    def applies(self, given: StageInput) -> bool:
        """Where something is kept."""
        return _kept(given) != "none"

    def plan(self, given: StageInput) -> Cost:
        """Seconds."""
        return Cost(seconds=1.0)

    def most_rows(self, given: StageInput) -> int:
        """Return one for each problem of the split and each stage that answers it."""
        answering = [given.stages[need].kind for need in given.stage.needs if need in given.stages]
        return answering.count("decode") * split_size(asked_data(given), _split(given))

    def run(self, context: StageContext) -> None:
        """Sort and write.

        Raises:
            UnavailableError: if no answer is of the sort.
            DataError: if one is of another split.
        """
        given, keep = context.given, context.identity["keep"]
        data = given.arm.data
        assert data is not None
        pairs = list(_sorted(context, data))
        rows = [row for sort, row in pairs if sort == keep]
        counts = Counter(sort for sort, _ in pairs)
        if not rows:
            found = ", ".join(f"{n} {sort}" for sort, n in sorted(counts.items())) or "none at all"
            raise UnavailableError(
                f"no {keep} answers for stage '{given.stage.name}': {found}",
                "sample more problems, or train the model that samples longer",
            )
        write_lines(context.out / "train.jsonl", rows)
        for split in _WRITTEN:
            write_lines(context.out / f"{split}.jsonl", map(as_json, load(data, split)))
        write_json(context.out / "sampled.json", {"counts": dict(counts), **context.identity})


def _sorted(context: StageContext, data: DataSpec) -> Iterator[tuple[Sort, dict[str, Any]]]:
    """Yield every answer as a row, with what it is by the prompt that was sent."""
    given, reward = context.given, lookup("reward", context.identity["task"])
    by_id = {sample.id: sample for sample in load(data, _split(given))}
    for stage, answered in _answered(context.inputs):
        sample = by_id.get(answered["id"])
        if sample is None:
            raise _elsewhere(given, stage, answered["id"])
        text, expected = answered["text"], {"answer": sample.answer}
        sort = sorted_as(reward(answered["prompt"], text, expected))
        prompt = wrap(data.kind, sample.question, sent_wrapper(data))
        raw = {} if prompt is None else {"prompt": prompt, "completion": text}
        yield sort, {**as_json(sample), "solution": text, **raw, "sort": sort}


def _elsewhere(given: StageInput, stage: str, answer: str) -> DataError:
    """Return the error for an answer to no problem of the split."""
    mine, split = given.stage.name, _split(given)
    other = answer.rpartition("-")[0]
    if other != split:
        return DataError(*_differ(given, stage, other))
    text = f"stage '{mine}' sorts answers of split '{split}', and '{answer}' of stage '{stage}'"
    return DataError(f"{text} is none of its problems", "decode and sort with the same data")


def _check_splits(given: StageInput) -> None:
    """Refuse, before anything is answered, a decode stage that answers another split."""
    for stage in given.stages.values():
        other = str(stage.options.get("split", "test"))
        mine = stage.kind == "decode" and stage.name in given.stage.needs
        if mine and other != _split(given):
            raise ConfigError(*_differ(given, stage.name, other))


def _differ(given: StageInput, stage: str, other: str) -> tuple[str, str]:
    mine, split = given.stage.name, _split(given)
    return (
        f"stage '{mine}' sorts answers of split '{split}', and stage '{stage}' answers '{other}'",
        f"set stages.{stage}.split={split}, or stages.{mine}.split={other}",
    )


def sorted_as(components: Mapping[str, float]) -> Sort:
    """Return what an answer is by the components of its reward."""
    if components["correct"] > 0:
        return "correct"
    return "incorrect" if components["format"] > 0 else "malformed"


def _kept(given: StageInput) -> str:
    content = given.arm.data.options.get("content", "correct") if given.arm.data else "correct"
    keep = str(given.read(SampledOptions).keep or content)
    if keep not in (*get_args(Sort), "none"):
        where = f"stages.{given.stage.name}.keep"
        raise ConfigError(f"{where} is '{keep}'", f"one of {', '.join(get_args(Sort))}")
    return keep


def _task(given: StageInput) -> str:
    return asked_data(given).kind


def _split(given: StageInput) -> str:
    return given.read(SampledOptions).split


def _answered(inputs: Mapping[str, Path]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name of a decode stage and a record of it."""
    for name, folder in inputs.items():
        if (folder / "samples.jsonl").exists():
            yield from (
                (name.partition("/")[0], row) for row in read_lines(folder / "samples.jsonl")
            )
