"""The contract of a scorer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

from pydantic import ConfigDict

from llmx.core.errors import ConfigError, DataError, LlmxError
from llmx.core.options import Fault, inner_fault
from llmx.core.record import Frozen, Record, Sample, Score
from llmx.core.registry import lookup

_SHOWN = 400  # characters of a reading that is kept beside the score; the record has all of them
Reading = tuple[str | None, bool]
"""What was read, None where nothing was, and whether it is right."""


class ScorerOptions(Frozen):
    """Base of the options of a scorer: a field has a default and one line of description."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Scorer(Protocol):
    """Judges one record against its sample, from these two alone: no clock, no model, no state.

    ``version`` rises with every change that can change a score, so that old scores are not reused.
    A scorer that cannot score here says why in a class variable ``refusal``, a
    :class:`~llmx.core.errors.LlmxError`, or a class method that returns one or None: a plan then
    refuses before anything is generated.
    One that measures more than right and wrong declares it in a class variable ``metrics``, a tuple
    of :class:`~llmx.core.record.Metric`, and gives every answer a value of each in `Score.values`.
    One that takes its time, or asks others, has a class variable ``instant = False``: answers are
    then not scored a first time as they come, to show how it goes.
    One with options says so in a class variable ``Options``, a model of :class:`ScorerOptions`, and
    is made with an instance of it, else without arguments.
    One with a method ``reference(sample)``, which returns the reference as an answer is read and
    raises a DataError where it cannot be, is refused on data that it does not fit. What the
    references of its own data look like it shows in a class variable ``example``, a sample: data
    that is fetched is not looked at by a plan.
    One whose scores depend on a package returns its name and version from a class method
    ``source()``, which is then a part of the scores' name.
    One with a method ``evidence()`` returns what it knows of the answer that it scored last, beside
    the score: it is kept in ``evidence.jsonl``, and may hold seconds.
    One whose answers can be counted as votes is :class:`Keyed` or :class:`KeyedByProblem`. One
    whose score is a degree, or that reads no answer out of a text, is not. Where its keys are
    letters of options it says so in a class variable ``letters = True``: they are then counted over
    draws that show options in different orders.
    """

    kind: ClassVar[str]
    version: ClassVar[int]

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference answer itself can not be read.
        """


@runtime_checkable
class Keyed(Protocol):
    """A scorer that says which answers are equal, whatever the reference is."""

    def key(self, record: Record) -> str | None:
        """Return the normal form of the strict answer; None where the record is unparsed.

        Records with one key are right against the same references.
        """


@runtime_checkable
class KeyedByProblem(Protocol):
    """One that can say so only with the problem at hand, as of programs, by what they do."""

    def key_for(self, record: Record, sample: Sample) -> str | None:
        """Return the normal form of an answer to a problem; None where the record is unparsed.

        The reference's own answer has no part in it.

        Raises:
            DataError: if the problem does not say enough.
        """


@runtime_checkable
class Tolerant(Keyed, Protocol):
    """One whose answers may be equal although their keys differ, as near values are."""

    def why_equal(self, key: str, other: str) -> str | None:
        """Return in a few words why the answers of two keys are equal; None where they are not.

        The order of the two makes no difference. It need not be an equivalence relation.
        """


def reads_letters(scorer: Any) -> bool:
    """Whether the keys of a scorer (its class, or one of it) are letters of options."""
    return bool(getattr(scorer, "letters", False))


def no_letters(kind: str) -> ConfigError:
    """Return the error of a scorer that cannot count answers to options in different orders."""
    text = f"scorer {kind} reads no letters, and each draw shows its options in another order"
    return ConfigError(text, "scorer: choice, or data.options.permute=true")


def options_of(kind: str) -> type[ScorerOptions] | None:
    """Return the model of a scorer's options, None where it has none."""
    found: type[ScorerOptions] | None = getattr(lookup("scorer", kind), "Options", None)
    return found


def options_fault(kind: str, options: Mapping[str, Any]) -> Fault | None:
    """Return the first thing that is wrong with options for a scorer; its key leads to it."""
    model = options_of(kind)
    if model is not None:
        return inner_fault(options, model, f"scorer {kind}")
    name = next(iter(options), None)
    return None if name is None else Fault(name, f"scorer {kind} has no options", "leave them out")


def made(kind: str, options: Mapping[str, Any]) -> Scorer:
    """Return a scorer with its options.

    Raises:
        ConfigError: for options that it has not, or that cannot be.
    """
    model = options_of(kind)
    if (fault := options_fault(kind, options)) is not None:
        raise ConfigError(f"scorer_options: {fault.message}", fault.hint)
    scorer = lookup("scorer", kind)
    # As JSON: a list is a tuple there.
    given = () if model is None else (model.model_validate_json(json.dumps(dict(options))),)
    found: Scorer = scorer(*given)
    return found


def refusal_of(scorer: Any) -> LlmxError | None:
    """Return why a scorer cannot score here, None if it can."""
    said = getattr(scorer, "refusal", None)
    found: LlmxError | None = said() if callable(said) else said
    return found


def unfit(kind: str, options: Mapping[str, Any], samples: Iterable[Sample]) -> DataError | None:
    """Return why a scorer cannot score problems, None if it can read every reference."""
    reads = getattr(made(kind, options), "reference", None)
    if reads is None:
        return None
    try:
        for sample in samples:
            reads(sample)
    except DataError as error:
        return error
    return None


def written_reference(sample: Sample) -> str:
    """Return the reference of a sample.

    Raises:
        DataError: if it is empty.
    """
    if not sample.answer.strip():
        text = f"the reference answer of sample '{sample.id}' is empty"
        raise DataError(text, "repair the dataset, or leave the sample out")
    return sample.answer


def scored(
    record: Record,
    sample: Sample,
    expected: str,
    strict: str | None,
    flexible: str | None,
    *,
    values: Mapping[str, float] | None = None,
) -> Score:
    """Return the score that two readings of a record give: correct is equal to `expected`.

    Args:
        strict: the answer in the asked format; None is unparsed, which is not the same as wrong.
        flexible: the last answer of its kind anywhere in the text.
        values: of the metrics that the scorer declares.
    """
    readings = (strict, strict == expected), (flexible, flexible == expected)
    return _score(record, sample, expected, *readings, values or {})


def marked(
    record: Record,
    sample: Sample,
    expected: str,
    strict: Reading,
    flexible: Reading,
    *,
    values: Mapping[str, float] | None = None,
) -> Score:
    """Return the score of two readings that the scorer has marked itself, each shown in short.

    The flexible one is right where the strict one is.
    """
    (read, right), (loose, also) = strict, flexible
    readings = (_short(read), right and read is not None), (_short(loose), right or also)
    return _score(record, sample, _short(expected) or "", *readings, values or {})


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _score(
    record: Record,
    sample: Sample,
    expected: str,
    strict: Reading,
    flexible: Reading,
    values: Mapping[str, float],
) -> Score:
    return Score(
        id=record.id,
        cluster=sample.cluster,
        expected=expected,
        strict=strict[0],
        flexible=flexible[0],
        correct=strict[1],
        correct_flexible=flexible[1],
        unparsed=strict[0] is None,
        tokens=record.tokens,
        finish=record.finish,
        rounds=record.rounds,
        drafted=record.drafted,
        accepted=record.accepted,
        values=dict(values),
        draw=record.draw,
    )
