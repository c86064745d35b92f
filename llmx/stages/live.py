"""Methods that ask a model again about the draws of a pool: what their stages share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from pydantic import Field

from llmx.core.errors import ConfigError, DataError
from llmx.core.options import Count, InputModels
from llmx.core.permuted import OWN_OPTIONS
from llmx.core.record import Record
from llmx.core.section import Section
from llmx.core.spec import ArmSpec, SamplerSpec, StageSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data.question_template import permutes_each_draw
from llmx.data.tasks.options import sent_wrapper
from llmx.dialogue.rounds import Rounds, played, side_by_side
from llmx.engines.engine import Arriving, Engine, Exact
from llmx.stages.budget import used_names
from llmx.stages.calls import Calls, records
from llmx.stages.decode import problems_of
from llmx.stages.expense import Expense, expense_of
from llmx.stages.pool import PoolSection, PoolStage, size_of
from llmx.stages.pooled import PooledProblem, keyed, pooled
from llmx.stages.requests import (
    answering,
    decoding_cost,
    decoding_identity,
    open_engine,
    otherwise,
    required,
)
from llmx.stages.scoring_stage import ScoreOptions, ScoringStage, chosen, data_of
from llmx.store.files import write_json, write_lines
from llmx.store.fingerprint import fingerprint

OUTCOMES = "outcomes.jsonl"
_BLOCK = 32  # problems at least whose calls share batches; what a batch holds is meaning
_LETTERS = 4  # of a token, in what a plan adds to a prompt
Row = dict[str, Any]
T = TypeVar("T")


class AskingOptions(ScoreOptions):
    """Who is asked about which problems."""

    problems: Count | None = Field(default=None, description="how many; null = the scale's")
    model: InputModels | None = Field(
        default=None,
        description="model in place of the arm's target; of several the first that the arm has",
        examples=["a model, or a list of them"],
    )


class LiveOptions(AskingOptions):
    """What stages have in common that ask again about draws."""

    max_tokens: Count | None = Field(
        default=None, description="of one reply; null = the sampler's, and never above its context"
    )
    temperature: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="of a reply; null = the sampler's"
    )


_ABOUT_DATA = {"problems", "model", "scorer", "split", "scorer_options"}


class LiveMethod(Protocol[T]):
    """One way of asking again: for each problem, what to ask and what came of it."""

    @property
    def words(self) -> str:
        """Return all that it says to the model in words of its own."""

    @property
    def draws(self) -> int:
        """Return how many draws of a problem it needs."""

    @property
    def calls(self) -> int:
        """Return how many calls it makes about a problem, at most."""

    @property
    def shown(self) -> int:
        """Return how many answers stand in one prompt."""

    def ask(self, problem: PooledProblem, sampler: SamplerSpec, engine: Engine) -> Rounds[T]:
        """Return the calls about one problem; the engine is there to be asked what it knows."""

    def rows(self, problem: PooledProblem, found: T, spend: Spend) -> Iterator[Row]:
        """Yield the outcomes of one problem."""


class Spend:
    """Says what calls of an arm took."""

    def __init__(self, arm: ArmSpec) -> None:
        self._engine = arm.engine

    def __call__(self, record: Record) -> Expense:
        """Return what one call took."""
        return expense_of(record, self._engine)


class LiveStage(ScoringStage):
    """Base of the stages that ask again about the draws of a pool, and needs that and classes."""

    sections: ClassVar[tuple[type[Section], ...]] = (PoolSection,)
    turns: ClassVar[bool] = True
    """Whether calls are further turns of a chat, which a raw prompt has not."""
    version: ClassVar[int] = 1

    def method(self, given: StageInput) -> LiveMethod[Any]:
        """Return the method with its options."""
        raise NotImplementedError

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Engine, sampler, data, scorer, the number of problems, and how it is asked.

        Raises:
            ConfigError: for an arm that cannot be asked so, or a scorer that knows no equal
                answers.
        """
        if self.turns:
            _require_chat(given)
        keyed(given)
        own_words = OWN_OPTIONS if permutes_each_draw(data_of(given)) else ""
        return {
            **decoding_identity(answering(given), chosen(given).split, given.stage.name),
            **otherwise(given),
            "problems": asked_problems(given),
            "asked": chosen(given).model_dump(mode="json", exclude=_ABOUT_DATA),
            "scored": dict(super().identity(given)),
            "words": fingerprint(self.method(given).words + own_words),
        }

    def problems(self, context: StageContext) -> Iterator[PooledProblem]:
        """Yield the problems that are asked about, with their draws.

        Raises:
            DataError: for a pool that is too small, naming the number of draws that it has.
        """
        needed = self.method(context.given).draws
        for problem in pooled(context, problems_of(context.given)):
            if len(problem.draws) < needed:
                raise _too_few(context.given, needed, len(problem.draws))
            yield problem

    def applies(self, given: StageInput) -> bool:
        """Whether the options leave anything to do."""
        return self.method(given).draws > 0

    def plan(self, given: StageInput) -> Cost:
        """Calls with their replies at the cap, time and memory."""
        refused = self._refusal(given) or _too_small(given, self.method(given).draws)
        return Cost(refusal=refused) if refused else _cost(given, self.method(given))

    def run(self, context: StageContext) -> None:
        """Ask what is missing; write ``calls.jsonl``, ``outcomes.jsonl`` and ``summary.json``."""
        live(context, self)


def _require_chat(given: StageInput) -> None:
    data, _ = required(given.arm, given.stage.name)
    if sent_wrapper(data) != "chat":
        text = f"stage '{given.stage.name}' asks again in a chat, and the pool's prompts are raw"
        raise ConfigError(text, "set data.options.wrapper=chat")


def sampler_of(given: StageInput) -> SamplerSpec:
    """Return how replies are drawn: the arm's sampler, with what the options change."""
    _, sampler = required(given.arm, given.stage.name)
    changed = {name: getattr(given.options, name, None) for name in ("max_tokens", "temperature")}
    return sampler.model_copy(update={n: v for n, v in changed.items() if v is not None})


def _cost(given: StageInput, method: LiveMethod[Any]) -> Cost:
    """Return the calls, with replies at their cap and prompts that hold answers at theirs."""
    arm, problems = answering(given), asked_problems(given)
    data, sampler = required(arm, given.stage.name)
    shown = " " * (len(method.words) + _LETTERS * method.shown * _typical(sampler))
    told = data.model_copy(update={"preamble": data.preamble + shown})
    asking = arm.model_copy(update={"sampler": sampler_of(given), "data": told})
    return decoding_cost(asking, problems * method.calls, given)


def asked_problems(given: StageInput) -> int:
    """Return about how many problems it asks: no more than the pool among the needs answers."""
    asked = problems_of(given)
    own = next((one.options.get("problems") for one in _pools(given)), None)
    return min(asked, own or given.arm.scale.problems or asked)


def _pools(given: StageInput) -> list[StageSpec]:
    needed = [given.stages[need] for need in given.stage.needs if need in given.stages]
    return [one for one in needed if one.kind == PoolStage.kind]


def _too_small(given: StageInput, needed: int) -> DataError | None:
    """Return why the draws of the pool among the needs are too few."""
    there = size_of(given) if _pools(given) else needed
    return None if there >= needed else _too_few(given, needed, there)


def _too_few(given: StageInput, needed: int, there: int) -> DataError:
    name = given.stage.name
    text = f"stage '{name}' asks about {needed} draws of a problem, and the pool has {there}"
    return DataError(text, f"pool.draws={needed}, or smaller numbers in stages.{name}")


def _typical(sampler: SamplerSpec) -> int:
    return min(64, sampler.max_tokens)


def live(context: StageContext, stage: LiveStage) -> None:
    """Ask about every problem what an earlier try has not, and write what came of it.

    ``calls.jsonl`` holds the calls, ``outcomes.jsonl`` a row for each problem, method and size,
    ``summary.json`` their means; an engine that counts more than a record adds ``engine.json``.

    Calls of another version of the stage are not taken over.

    Raises:
        LlmxError: as the engine does; the same command goes on with what is missing.
    """
    given, method = context.given, stage.method(context.given)
    arm, problems = answering(given, context.inputs), asked_problems(given)
    engine = open_engine(arm, context.inputs, context.progress)
    known = decoding_identity(answering(given), chosen(given).split, given.stage.name)["engine"]
    identity = {"engine": known, "stage": given.stage.kind, "version": stage.version}
    others, size = _others(context.out, engine, arm), arm.engine.batch_size
    calls = Calls(context.out, engine, identity, size, context.progress, others)
    context.progress.start(problems * method.calls, calls.made, unit="calls")
    spend, sampler, rows = Spend(arm), sampler_of(given), list[Row]()
    found = stage.problems(context)
    while block := list(islice(found, max(_BLOCK, 4 * size))):
        asked = side_by_side([method.ask(one, sampler, engine) for one in block])
        results = played(asked, calls.answers)
        for problem, result in zip(block, results, strict=True):
            rows += method.rows(problem, result, spend)
    calls.finish()
    write_lines(context.out / OUTCOMES, rows)
    write_json(context.out / "summary.json", {**summary(rows), **_counted(context.out, calls)})
    if (accounts := calls.accounts()) is not None:
        write_json(context.out / "engine.json", accounts)


def _others(out: Path, engine: Engine, arm: ArmSpec) -> list[Path]:
    """Return other outputs of the kind, where an answer depends on its request alone.

    Whether they are taken over changes no byte then. Of an endpoint answers differ each time; there
    it is what was paid for that counts. A model that a stage trains is known by its name alone.
    """
    alone = isinstance(engine, Exact) and engine.known_exact(arm.used_model, arm.engine)
    trained = any(name.startswith("stage:") for name in used_names(arm))
    if trained or not (alone or isinstance(engine, Arriving)):
        return []
    return sorted(one for one in out.parent.iterdir() if one.is_dir() and one != out)


def row(
    problem: PooledProblem, method: str, size: int, correct: float, spent: Expense, **more: float
) -> Row:
    """Return one outcome.

    Args:
        method: by which a table names it.
        size: what the method is given: draws, rounds, or percent of the thinking.
        correct: expected share of right answers.
        more: further shares; `unparsed` and `cut` are among them.
    """
    costs = {name: _plain(value) for name, value in vars(spent).items()}
    if not costs["attended"]:  # as before anybody counted it
        del costs["attended"]
    told = {name: _plain(value) for name, value in more.items()}
    first = {"id": problem.sample.id, "method": method, "size": size, "correct": _plain(correct)}
    return {**first, **{name: told.pop(name) for name in ("unparsed", "cut")}, **costs, **told}


def _plain(value: float) -> float | int:
    """Return a whole number where it is one, so that rows are short."""
    return int(value) if value == int(value) else float(value)


def share(flags: Sequence[bool]) -> float:
    """Return how many of them are true."""
    return sum(flags) / len(flags)


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the means of every method and size over the problems."""
    grouped: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for one in rows:
        grouped[one["method"], one["size"]].append(one)
    return {
        "problems": len({one["id"] for one in rows}),
        "outcomes": [
            {"method": method, "size": size, **_means(own)}
            for (method, size), own in grouped.items()
        ],
    }


def _means(rows: Sequence[Row]) -> dict[str, float]:
    names = [name for name in rows[0] if name not in ("id", "method", "size")]
    return {name: sum(one[name] for one in rows) / len(rows) for name in names}


def _counted(out: Path, calls: Calls) -> dict[str, Any]:
    """Return what all calls took together, to the token, and how many did not fit a context."""
    spent = [record.spent for record in records(out)]
    return {
        "calls": len(spent),
        "prompt_tokens": sum(one.prompt for one in spent),
        "completion_tokens": sum(one.completion for one in spent),
        "too_long": len(calls.too_long),
    }
