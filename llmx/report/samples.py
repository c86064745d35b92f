"""A few problems with what every arm answered, chosen without looking at the results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from llmx.core.permuted import in_draw
from llmx.core.record import Record, Score
from llmx.report.gather import ArmFiles, Gathered

SHOWN = 20

_SPECIAL = re.compile(r"<\|?/?[a-z_]+\|?>")


@dataclass(frozen=True)
class SharedText:
    """One text, and the arms that wrote exactly it."""

    arms: tuple[str, ...]
    text: str
    verdict: str
    found: str | None
    tokens: int
    finish: str


@dataclass(frozen=True)
class SharedProblem:
    """One problem side by side."""

    anchor: str
    id: str
    question: str
    expected: str
    answers: tuple[SharedText, ...]

    @property
    def arms(self) -> int:
        """Number of arms that answered."""
        return sum(len(answer.arms) for answer in self.answers)

    @property
    def right(self) -> int:
        """Number of arms that got it right."""
        return sum(len(answer.arms) for answer in self.answers if answer.verdict == "correct")


def side_by_side(found: Gathered, count: int = SHOWN) -> tuple[SharedProblem, ...]:
    """Return evenly spaced problems in the order of their ids: every arm has them."""
    having = {arm: files for arm, files in found.arms.items() if files.records}
    if not having:
        return ()
    ids = sorted(set.intersection(*(set(files.records) for files in having.values())))
    return tuple(
        _shown(index, sample, having) for index, sample in enumerate(_spaced(ids, count), start=1)
    )


def _spaced(ids: Sequence[str], count: int) -> list[str]:
    if len(ids) <= count:
        return list(ids)
    return [ids[index * len(ids) // count] for index in range(count)]


def _shown(index: int, sample: str, having: dict[str, ArmFiles]) -> SharedProblem:
    files = next(iter(having.values()))
    problem, score = files.problems.get(sample), files.scores.get(sample)
    record = files.records[sample]
    question = in_draw(problem, record.draw).question if problem else _bare(record.prompt)
    expected = score.expected if score else (problem.answer if problem else "")
    return SharedProblem(f"sample-{index}", sample, question, expected, _answers(sample, having))


def _bare(prompt: str) -> str:
    """Drop the special tokens of a chat template, where the question itself is not at hand."""
    return _SPECIAL.sub(" ", prompt).strip()


def _answers(sample: str, having: dict[str, ArmFiles]) -> tuple[SharedText, ...]:
    """Group arms whose tokens are the same, so that nobody reads one text twice."""
    groups: dict[object, list[str]] = {}
    for arm, files in having.items():
        groups.setdefault(files.records[sample].received, []).append(arm)
    made = []
    for arms in groups.values():
        files = having[arms[0]]
        made.append(_answer(arms, files.records[sample], files.scores.get(sample)))
    return tuple(made)


def _answer(arms: Sequence[str], record: Record, score: Score | None) -> SharedText:
    return SharedText(
        arms=tuple(arms),
        text=record.text.strip(),
        verdict=_verdict(score),
        found=score.strict if score else None,
        tokens=record.tokens,
        finish=record.finish,
    )


def _verdict(score: Score | None) -> str:
    if score is None:
        return "not scored"
    if score.unparsed:
        return "no answer"
    return "correct" if score.correct else "wrong"
