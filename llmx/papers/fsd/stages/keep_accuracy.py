"""A lossy rule calibrated to an accuracy: what lossless SD answers right, less what may be lost."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import Field

from llmx.core.errors import ConfigError
from llmx.core.options import Count, ScorerName, Split, StageOptions
from llmx.core.record import Record, Sample
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, SamplerSpec
from llmx.core.speech import Request
from llmx.core.stage import StageInput
from llmx.stages.requests import lossless_of, put, required
from llmx.stages.scoring_stage import ScorersOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmx.engines.hf import HfEngine
    from llmx.papers.fsd.loosest import Answers, Loss
    from llmx.scoring.scorer import Scorer

SPLIT = "calibration"


class CalibrateOptions(StageOptions):
    """On which problems a threshold is found."""

    split: Split = Field(default="calibration", description="split that is decoded")
    problems: Count | None = Field(
        default=None, description="how many; null = the scale's for calibration"
    )
    scorer: ScorerName | None = Field(
        default=None, description="for `sampler.accuracy_loss`: kind of scorer"
    )
    scorer_options: ScorersOptions = Field(
        default={}, description="options of the scorer, by its names"
    )
    accuracy_problems: Count | None = Field(
        default=None,
        description="for `sampler.accuracy_loss`: how many are scored; null = as `problems`",
    )


def scorer_of(given: StageInput) -> Scorer:
    """Return the scorer that the stage's options name.

    Raises:
        ConfigError: if they name none, or one that does not exist or cannot score here.
    """
    stage, name = given.stage.name, given.read(CalibrateOptions).scorer
    if name is None:
        raise ConfigError(
            f"stages.{stage} has no scorer, and sampler.accuracy_loss asks it for an accuracy",
            f"write scorer: gsm in stages.{stage}",
        )
    from llmx.scoring.scorer import made, refusal_of

    found = made(name, given.read(CalibrateOptions).scorer_options)
    if not hasattr(found, "score"):
        text = f"stages.{stage}: scorer {name} asks a model about every answer of every threshold"
        raise ConfigError(text, f"a scorer that asks nobody: stages.{stage}.scorer=exact")
    refusal = refusal_of(found)
    if refusal is not None:
        raise refusal
    return found


def scorer_identity(given: StageInput) -> dict[str, Any]:
    """Return what an identity says of the scorer beside its kind and version."""
    options = given.read(CalibrateOptions)
    source = getattr(lookup("scorer", str(options.scorer)), "source", None)
    return {
        **({"scorer_options": options.scorer_options} if options.scorer_options else {}),
        **({"scorer_source": source()} if source else {}),
    }


def check_split(given: StageInput, split: str) -> None:
    """Refuse to look at the accuracy of any problems but those set aside for it.

    Raises:
        ConfigError: for another split.
    """
    if split != SPLIT:
        raise ConfigError(
            f"stages.{given.stage.name}.split is '{split}', and an accuracy is calibrated on"
            f" '{SPLIT}' alone: thresholds chosen by answers to other problems would be tuned on"
            " what is judged",
            f"write split: {SPLIT}",
        )


class Trials:
    """Decodes the calibration problems under one threshold after the other, and scores them.

    Args:
        samples: the problems; every threshold answers the same ones with the same seed.
        tick: called after each decode, for a progress bar.
    """

    def __init__(
        self,
        engine: HfEngine,
        arm: ArmSpec,
        samples: Sequence[Sample],
        scorer: Scorer,
        tick: Callable[[], None],
    ) -> None:
        self._engine, self._arm, self._samples = engine, arm, samples
        self._scorer, self._tick = scorer, tick
        self._data, self._sampler = required(arm, "calibrate")

    @cached_property
    def lossless(self) -> Answers:
        """What SD answers, with the arm's temperature and way to draft."""
        return self._answers(lossless_of(self._sampler), None)

    def at(self, threshold: float) -> tuple[Answers, Loss]:
        """Return what the arm answers at a threshold, and what it loses to SD."""
        from llmx.papers.fsd.loosest import paired_loss

        found = self._answers(self._sampler, threshold)
        return found, paired_loss(self.lossless.correct, found.correct)

    def _answers(self, sampler: SamplerSpec, threshold: float | None) -> Answers:
        from llmx.papers.fsd.loosest import Answers

        asked = [self._put(sample, sampler, threshold) for sample in self._samples]
        records = list(self._engine.generate(asked))
        pairs = zip(records, self._samples, strict=True)
        correct = tuple(self._scorer.score(record, sample).correct for record, sample in pairs)
        self._tick()
        return Answers(correct, _share(records))

    def _put(self, sample: Sample, sampler: SamplerSpec, threshold: float | None) -> Request:
        return put(self._data, sample, sampler, self._arm.seed, threshold)


def search(trials: Trials, thresholds: Sequence[float], asked: float, tries: int) -> dict[str, Any]:
    """Return what ``calibration.json`` says of the loosest threshold within the asked loss.

    Args:
        thresholds: from the strictest to the loosest.
        asked: accuracy that may be lost, a share of the problems.
        tries: thresholds at most, and one more where none of them is within.
    """
    from llmx.papers.fsd.loosest import loosest, within

    tried: dict[int, tuple[Answers, Loss]] = {}

    def passes(rung: int) -> bool:
        tried[rung] = trials.at(thresholds[rung])
        return within(tried[rung][1], asked)

    rung = loosest(passes, len(thresholds), tries)
    kept = passes(rung) if rung not in tried else True
    answers, loss = tried[rung]
    return {
        "asked_loss": asked,
        "threshold": thresholds[rung],
        "achieved_share": answers.share,
        "accuracy": loss.accuracy,
        "loss": loss.loss,
        "standard_error": loss.standard_error,
        "lossless_accuracy": sum(trials.lossless.correct) / len(answers.correct),
        "lossless_share": trials.lossless.share,
        "problems": len(answers.correct),
        "note": "" if kept else _note(loss, asked),
        "trace": [_line(thresholds[at], *found) for at, found in tried.items()],
    }


def _line(threshold: float, answers: Answers, loss: Loss) -> dict[str, Any]:
    return {
        "threshold": threshold,
        "share": answers.share,
        "accuracy": loss.accuracy,
        "loss": loss.loss,
        "standard_error": loss.standard_error,
        "problems": len(answers.correct),
    }


def _note(loss: Loss, asked: float) -> str:
    lost = f"{100 * loss.loss:.1f} points"
    return f"the strictest threshold loses {lost} on calibration problems, above {100 * asked:.1f}"


def _share(records: Sequence[Record]) -> float:
    return sum(one.accepted for one in records) / max(1, sum(one.tokens for one in records))
