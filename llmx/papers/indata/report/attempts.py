"""Episodes beside their gold programs: what was called, what it came to, and why it was wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.core.episode import Episode, EpisodeTurn
from llmx.core.errors import DataError
from llmx.core.record import Sample, Score
from llmx.papers.indata.program import Program, read_program
from llmx.papers.indata.session import descent
from llmx.papers.indata.taxonomy import Cause, FailedAttempt, canonical, cause_of
from llmx.store.rows import rows

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_SUBMIT = "submit_answer"
_NO_STEP = frozenset({"list_tables", "describe_table", _SUBMIT})


@dataclass(frozen=True)
class ReadEpisode:
    """One episode beside its problem.

    Attributes:
        answerable: whether nothing that the gold program needs was taken away.
        cause: why it is wrong; None where it is right, or the question cannot be answered.
        same_tools: whether its calls have the tools of the gold program, however often.
        same_calls: whether every call of the gold program is among its own.
        descends: whether the submitted result comes from the tables of the gold program.
    """

    id: str
    level: str
    right: bool
    ending: str
    answerable: bool
    cause: Cause | None
    same_tools: bool
    same_calls: bool
    descends: bool


def read_episodes(
    folder: Path, problems: Mapping[str, Sample], scores: Mapping[str, Score]
) -> Iterator[ReadEpisode]:
    """Yield the first draw of each scored problem, in the order of the episodes.

    Args:
        folder: of a stage `agent`.
    """
    turns: dict[str, list[EpisodeTurn]] = {}
    for turn in rows(folder / "turns.jsonl", EpisodeTurn):
        if turn.draw == 0:
            turns.setdefault(turn.id, []).append(turn)
    for episode in rows(folder / "episodes.jsonl", Episode):
        sample, score = problems.get(episode.id), scores.get(episode.id)
        if episode.draw == 0 and sample is not None and score is not None:
            own = [one for one in turns.get(episode.id, ()) if one.attempt == episode.attempts]
            yield read_episode(episode, own, sample, score.correct)


def read_episode(
    episode: Episode, turns: Sequence[EpisodeTurn], sample: Sample, right: bool
) -> ReadEpisode:
    """Return one episode beside its problem."""
    told, gold = sample.metadata, read_program(sample.metadata["program"])
    attempt = attempt_of(episode, turns)
    expected, lacking = json_text.parse(sample.answer), bool(told.get("without"))
    wrong = not right and not lacking
    mine = (
        {repr(call) for call in canonical(attempt.program).values()} if attempt.program else set()
    )
    needed = {repr(call) for call in canonical(gold).values()}
    steps = attempt.program.steps if attempt.program else ()
    tables = descent(gold.steps, gold.steps[-1].name)
    return ReadEpisode(
        id=episode.id,
        level=str(told.get("level", "")),
        right=right,
        ending=episode.ending,
        answerable=not lacking,
        cause=cause_of(attempt, gold, told["answer_type"], expected) if wrong else None,
        same_tools={step.tool for step in steps} >= {step.tool for step in gold.steps},
        same_calls=mine >= needed,
        descends=bool(attempt.handle) and descent(steps, attempt.handle) >= tables,
    )


def attempt_of(episode: Episode, turns: Iterable[EpisodeTurn]) -> FailedAttempt:
    """Return what a model did, from its turns: calls that gave a result, by their handles."""
    steps: list[dict[str, Any]] = []
    errors: list[str] = []
    seen: list[float] = []
    made: Counter[tuple[str, str]] = Counter()
    handle = ""
    for turn in turns:
        found = {one.call: one for one in turn.observations}
        for call in turn.calls:
            made[call.name, call.arguments] += 1
            one, given = found.get(call.id), _arguments(call.arguments)
            if one is None:
                continue
            if one.fault is not None:
                errors.append(one.fault)
            elif call.name == _SUBMIT:
                handle = _handle(given.get("value"))
            elif one.handle and call.name not in _NO_STEP:
                steps.append({"name": one.handle, "tool": call.name, "arguments": given})
                seen += map(float, _NUMBER.findall(one.text))
    return FailedAttempt(
        program=_program(steps), answer=_answer(episode.answer), handle=handle,
        ending=episode.ending.removeprefix("out_of_"), errors=tuple(errors),
        repeated=max(made.values(), default=1), seen=seen,
    )  # fmt: skip


def _program(steps: Sequence[Mapping[str, Any]]) -> Program | None:
    """Return the calls as a program; those that lead nowhere (further tools) are left out."""
    kept: list[Mapping[str, Any]] = []
    for step in steps:
        try:
            read_program([*kept, step])
        except DataError:
            continue
        kept.append(step)
    return read_program(kept) if kept else None


def _arguments(text: str) -> dict[str, object]:
    try:
        found = json_text.parse(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _handle(value: object) -> str:
    return str(value.get("handle", "")) if isinstance(value, dict) else ""


def _answer(text: str) -> object:
    said = text.rpartition("Answer:")[2].strip()
    try:
        return json_text.parse(said)
    except ValueError:
        return said or None
