"""Scores that a model gives: what stage `score` does where its scorer asks a judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from llmx.core.errors import LlmxError
from llmx.core.judging import Judgement
from llmx.core.record import Metric, Record, Sample, Score, dice_of
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.judging.endpoint import said_as
from llmx.judging.rubric import RubricScorer
from llmx.stages.decode import problems_of
from llmx.stages.judgements import JUDGEMENTS, judge_all
from llmx.stages.win_figures import judge_kind
from llmx.store.files import read_lines, write_json
from llmx.store.rows import rows


@dataclass(frozen=True)
class Graded:
    """A scorer that has been told what the judge said of each record."""

    asked: RubricScorer
    judgements: Mapping[str, Judgement]
    said: Mapping[str, Any]
    """Who judged, and the counts of :func:`~llmx.stages.judgements.judge_all`."""

    metrics: ClassVar[tuple[Metric, ...]] = ()

    @property
    def kind(self) -> str:
        """Of the scorer."""
        return self.asked.kind

    @property
    def version(self) -> int:
        """Of the scorer."""
        return self.asked.version

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score that the judgement gives."""
        name = dice_of(record.id, record.draw)
        return self.asked.graded(record, sample, self.judgements.get(name))


def graded(
    context: StageContext, scorer: RubricScorer, path: Path, problem: Callable[[Record], Sample]
) -> Graded:
    """Have every record judged that an earlier try has not.

    Args:
        path: of the records.
        problem: that a record answers.

    Raises:
        LlmxError: as the engine `openai` does; every answer that was on its way is kept.
    """
    pairs = ((record, problem(record)) for record in rows(path, Record))
    games = [game for record, sample in pairs if (game := scorer.game(record, sample))]
    with said_in(context.given):
        judge = scorer.judge()
        counts = judge_all(context.out, games, judge.judgements, context.progress, unit="verdicts")
    write_json(context.out / "engine.json", judge.accounts())
    found = map(Judgement.model_validate, read_lines(context.out / JUDGEMENTS))
    said = {**who(scorer), **counts}
    return Graded(scorer, {one.id: one for one in found}, said)


def who(scorer: RubricScorer) -> dict[str, Any]:
    """Return who judges, for people: name, kind, address, and whose rubric."""
    spec = scorer.spec
    rubric = "own" if scorer.options.rubric else "llmx"
    return {"model": spec.model, "kind": judge_kind(spec), "url": spec.url, "rubric": rubric}


def cost(given: StageInput, scorer: RubricScorer) -> Cost:
    """Return verdicts at their cap and what they cost, prompts on top; refused without address."""
    spec, asked = scorer.spec, problems_of(given)
    tokens = asked * spec.max_tokens
    return Cost(
        samples=asked,
        tokens=tokens,
        unknown="how fast a judge answers is not known",
        money=tokens * spec.price_out / 1e6,
        refusal=_refusal(given, scorer),
    )


def _refusal(given: StageInput, scorer: RubricScorer) -> LlmxError | None:
    try:
        check(given, scorer)
    except LlmxError as found:
        return found
    return None


def check(given: StageInput, scorer: RubricScorer, reach: bool = False) -> None:
    """Refuse a judge that cannot be asked; `reach`: now."""
    with said_in(given):
        scorer.check(reach)


def said_in(given: StageInput) -> AbstractContextManager[None]:
    """Let errors of a judge speak of the options that a person wrote."""
    options = f"stages.{given.stage.name}.scorer_options."
    return said_as({"judge.url": f"{options}base_url", "judge.": options})


def said_of_judges(inputs: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return a sentence for each judge that stands in summaries of scores."""
    by_judge: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for one in (summary["judge"] for summary in inputs if "judge" in summary):
        key = (str(one["model"]), str(one["kind"]), str(one["rubric"]))
        by_judge.setdefault(key, []).append(one)
    return tuple(_sentence(*judge, found) for judge, found in by_judge.items())


_KINDS = {"local": "a model served on this machine", "endpoint": "a model at an endpoint"}
_RUBRICS = {"llmx": "llmx's own rubric", "own": "a rubric of the recipe's"}


def _sentence(model: str, kind: str, rubric: str, found: Sequence[Mapping[str, Any]]) -> str:
    games, lost = (sum(one[name] for one in found) for name in ("games", "unparsable"))
    text = f"Answers are right or wrong by the word of a judge: {model}, {_KINDS[kind]}, with"
    text += f" {_RUBRICS[rubric]}, gave {games - lost:,} readable verdicts on {games:,} answers"
    again = "; the others count as not right, and --ask-again asks about them" if lost else ""
    return f"{text}{again}."
