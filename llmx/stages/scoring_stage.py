"""What stages share in which a scorer reads answers: which one, and whether it can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import AfterValidator, Field, ValidationInfo

from llmx.core.errors import ConfigError, DataError, LlmxError
from llmx.core.options import ScorerName, Split, StageOptions, own_scorer, wrong
from llmx.core.record import ACCURACY, Metric, Sample, as_json
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec, RunSpec
from llmx.core.stage import Cost, StageInput


def _fits_the_scorer(value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    kind = info.data.get("scorer")
    if value and kind is not None:
        from llmx.scoring.scorer import options_fault

        if (fault := options_fault(kind, value)) is not None:
            raise wrong(fault.message, fault.hint, fault.key)
    return value


ScorersOptions = Annotated[dict[str, Any], AfterValidator(_fits_the_scorer)]
"""Options of the scorer that the field ``scorer`` before it names."""


class ScoreOptions(StageOptions):
    """Who judges which problems."""

    scorer: ScorerName | None = Field(
        default=None, description="kind of scorer (docs/scorers.md); null = that of the data"
    )
    split: Split = Field(default="test", description="split whose answers are scored")
    scorer_options: ScorersOptions = Field(
        default={}, description="options of the scorer, by its names"
    )


class Loader(Protocol):
    """Signature of :func:`llmx.data.load`."""

    def __call__(self, spec: DataSpec, split: str, limit: int | None = None) -> list[Sample]:
        """Return the samples of a split."""


def _load_split(spec: DataSpec, split: str, limit: int | None = None) -> list[Sample]:
    """Return the samples of a split; the datasets are imported only when one is read."""
    from llmx.data import load

    samples: list[Sample] = load(spec, split, limit)
    return samples


def chosen(given: StageInput) -> ScoreOptions:
    """Return the options of a stage that chooses a scorer."""
    found: ScoreOptions = given.options
    return found


def data_of(given: StageInput) -> DataSpec:
    """Return the data of the arm.

    Raises:
        ConfigError: for an arm without data.
    """
    if given.arm.data is None:
        raise ConfigError(
            f"stage '{given.stage.name}' needs a dataset",
            "add one to the recipe: override /data: …",
        )
    return given.arm.data


_KNOWN = (
    "scorers of any data: exact, includes, pattern, numeric, choice, f1, rouge, math, json, judge"
)
_TRIED = ("choice", "gsm", "json", "numeric", "exact")
"""Scorers that are proposed where another cannot read the data, the narrowest first."""


def kind_of(given: StageInput) -> str:
    """Return the scorer that the options name, or the data.

    Raises:
        ConfigError: if neither names one.
    """
    named = chosen(given).scorer or own_scorer(data_of(given))
    if named is None:
        where, data = f"stages.{given.stage.name}.scorer", data_of(given).kind
        text = f"{where} is not set, and data '{data}' names no scorer of its own"
        raise ConfigError(text, f"{where}=exact; {_KNOWN}")
    return named


def scorer_of(given: StageInput) -> Any:
    """Return the scorer with its options."""
    from llmx.scoring.scorer import made

    return made(kind_of(given), chosen(given).scorer_options)


def letters_fault(given: StageInput) -> ConfigError | None:
    """Return why the scorer cannot count answers to options that each draw shows in another order.

    None where it can, or where draws are alike.
    """
    from llmx.data.question_template import permutes_each_draw
    from llmx.scoring.scorer import no_letters, reads_letters

    kind = kind_of(given)
    if not permutes_each_draw(data_of(given)) or reads_letters(lookup("scorer", kind)):
        return None
    error = no_letters(kind)
    where = f"stages.{given.stage.name}.scorer"
    return ConfigError(f"{where}: {error.message}", f"{where}=choice")


def asks(scorer: Any) -> bool:
    """Whether a scorer asks a judge for every answer."""
    return hasattr(scorer, "graded")


def declared(scorer: Any) -> tuple[Metric, ...]:
    """Return the metrics that a scorer (its class, or one of it) declares beside accuracy.

    Raises:
        ConfigError: if a name stands twice, or is that of accuracy.
    """
    found: tuple[Metric, ...] = tuple(getattr(scorer, "metrics", ()))
    names = [metric.name for metric in found]
    wrong = next((name for name in names if name == ACCURACY or names.count(name) > 1), None)
    if wrong is not None:
        why = "stands for itself" if wrong == ACCURACY else "is declared twice"
        raise ConfigError(f"scorer '{scorer.kind}': the metric '{wrong}' {why}", "rename it")
    return found


class ScoringStage:
    """A stage in which a scorer reads answers of an arm.

    Args:
        load: where the samples come from; :func:`llmx.data.load` unless a test gives another.
    """

    Options: ClassVar[type[StageOptions]] = ScoreOptions
    timing: ClassVar[bool] = False

    def __init__(self, load: Loader | None = None) -> None:
        self._load = load or _load_split

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Return the scorer's kind, version, package and options, the split and the data.

        Raises:
            ConfigError: for an unknown option or scorer, or an arm without data.
        """
        options = chosen(given)
        scorer, told = lookup("scorer", kind_of(given)), options.scorer_options
        if asks(scorer):  # of how it is asked, what a verdict depends on
            told = scorer_of(given).stated()
        metrics = [as_json(metric) for metric in declared(scorer)]
        source = scorer.source() if hasattr(scorer, "source") else None
        return {
            "scorer": scorer.kind,
            "scorer_version": scorer.version,
            "split": options.split,
            "data": data_of(given).stated(),
            **({"metrics": metrics} if metrics else {}),
            **({"options": told} if told else {}),
            **({"source": source} if source else {}),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Seconds at most: nothing is generated, but what a judge says where the scorer asks one.

        A scorer that cannot score refuses the plan.
        """
        asked = given.arm.scale.problems or 0
        refused = self._refusal(given)
        if refused is None and asks(lookup("scorer", kind_of(given))):
            from llmx.stages.graded import cost

            return cost(given, scorer_of(given))
        return Cost(samples=asked, seconds=0.1 + asked / 10_000, refusal=refused)

    def _refusal(self, given: StageInput) -> LlmxError | None:
        """Return why the scorer cannot score here: something is missing, or it reads other data.

        That the scorer of the data itself reads it is known.
        """
        kind, options, data = kind_of(given), chosen(given), data_of(given)
        scorer = lookup("scorer", kind)
        if not hasattr(scorer, "Options") and kind == own_scorer(data):
            refused: LlmxError | None = getattr(scorer, "refusal", None)
            return refused
        from llmx.scoring.scorer import made, refusal_of, unfit

        refused = refusal_of(made(kind, options.scorer_options))
        if refused is not None or kind == own_scorer(data):
            return refused
        # What is pinned may have to be fetched, and a plan contacts nobody.
        fetched = data.revision is not None
        problems = _examples(data) if fetched else self._asked(given)
        error = unfit(kind, options.scorer_options, problems)
        return None if error is None else _misfit_error(given, kind, problems, error)

    def check(self, given: StageInput) -> None:
        """Refuse problems that the scorer cannot read, once they may be fetched.

        Raises:
            ConfigError: naming the first, and a scorer that reads them.
        """
        kind = kind_of(given)
        if asks(lookup("scorer", kind)):
            from llmx.stages.graded import check

            check(given, scorer_of(given), reach=True)
        if kind == own_scorer(data_of(given)):
            return
        from llmx.scoring.scorer import unfit

        problems = self._asked(given)
        if (error := unfit(kind, chosen(given).scorer_options, problems)) is not None:
            raise _misfit_error(given, kind, problems, error)

    def _asked(self, given: StageInput) -> list[Sample]:
        """Return the problems that will be scored; none where they cannot be had, which is said
        by the stage that asks them.
        """
        try:
            return self._load(data_of(given), chosen(given).split, given.arm.scale.problems)
        except LlmxError:
            return []


def _examples(data: DataSpec) -> list[Sample]:
    """Return what references of a dataset look like, where its own scorer shows it."""
    own = own_scorer(data)
    found = None if own is None else getattr(lookup("scorer", own), "example", None)
    return [] if found is None else [found]


def _misfit_error(
    given: StageInput, kind: str, problems: Sequence[Sample], error: DataError
) -> ConfigError:
    """Return the refusal of a scorer that cannot read the answers of the data."""
    where, better = f"stages.{given.stage.name}.scorer", other_than(given, kind, problems)
    text = f"scorer {kind} cannot read data '{data_of(given).kind}': {error.message}"
    return ConfigError(text, f"{where}={better}" if better else error.hint)


def other_than(given: StageInput, kind: str, problems: Sequence[Sample]) -> str | None:
    """Return a scorer that reads problems: that of the data, else the narrowest; None if none."""
    from llmx.scoring.scorer import unfit

    own = own_scorer(data_of(given))
    reads = (name for name in _TRIED if name != kind and not unfit(name, {}, problems))
    return own if own not in (None, kind) else next(reads, None)


def scorer_notes(spec: RunSpec) -> tuple[str, ...]:
    """Return a line on who reads the answers to questions that somebody brings, unasked."""
    scoring = [stage for stage in spec.stages if stage.kind == "score"]
    found = (
        f"answers are read by `{own_scorer(arm.data)}`, as the data says; others: docs/scorers.md"
        for arm in spec.arms.values()
        if arm.data is not None and hasattr(lookup("data", arm.data.kind), "scorer_of")
        for stage in scoring
        if stage.of_arm(arm).options.get("scorer") is None
    )
    return tuple(dict.fromkeys(found))
