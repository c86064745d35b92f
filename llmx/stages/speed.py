"""Stage `decode_speed`: tokens a second of every arm, interleaved on one machine.

In each round every arm decodes the same problems, one arm after the other, in an order that turns
from round to round; so whatever disturbs the machine hits all arms alike, and ratios are paired by
round. Quality is measured elsewhere: these texts are thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from llmx.core.collector import old_objects_set_aside
from llmx.core.errors import ConfigError
from llmx.core.names import families
from llmx.core.options import Count, Split, StageOptions
from llmx.core.spec import ArmSpec, ScaleSpec
from llmx.core.speech import Request
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.engines.kernel import kernel_of
from llmx.stages.budget import estimate
from llmx.stages.requests import calibrated_threshold, decoding_identity, requests_for
from llmx.stages.timing import Clock, clocks, engine_of
from llmx.store.files import Appender, write_json
from llmx.store.rows import keep_asked

BLOCKS = "blocks.jsonl"
_APART = "one at a time"


class SpeedOptions(StageOptions):
    """How much is timed, and how."""

    split: Split = Field(default="test", description="split whose problems are decoded")
    problems: Count | None = Field(default=None, description="problems a round; null = the scale's")
    rounds: Count | None = Field(default=None, description="rounds; null = the scale's")
    batch_size: Count = Field(
        default=1, description="rows at once; 1 is the latency that a single user sees"
    )
    engines: Literal["together", "one at a time"] = Field(
        default="together",
        description="`one at a time` where engines of vLLM do not fit side by side",
    )
    elsewhere: Literal["refuse", "skip"] = Field(
        default="refuse", description="arms that an endpoint answers: refuse them, or time nothing"
    )


class SpeedStage:
    """Writes ``blocks.jsonl``, a line a round and arm.

    Rows are refilled.
    """

    Options: ClassVar[type[StageOptions]] = SpeedOptions
    kind: ClassVar[str] = "decode_speed"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = True

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """All arms, how much of each, threads and batch size. The machine is added by the graph."""
        for name, arm in given.arms.items():
            if not _is_here(arm):
                raise ConfigError(
                    f"decode_speed cannot time arm '{name}' on engine '{arm.engine.kind}'",
                    f"use engine=hf or engine=vllm, or stages.{given.stage.name}=null",
                )
        _on_one_path(given)
        problems, rounds, batch = _sizes(given)
        arms = {n: decoding_identity(a, _split(given), "speed") for n, a in given.arms.items()}
        threads = {name: arm.engine.threads for name, arm in given.arms.items()}
        sizes = {"problems": problems, "rounds": rounds, "batch_size": batch}
        devices = {name: arm.engine.device for name, arm in given.arms.items()}
        apart = {} if _together(given) else {"engines": _APART}
        return {"arms": arms, "threads": threads, "devices": devices, **sizes, **apart}

    def applies(self, given: StageInput) -> bool:
        """Always, unless an arm is elsewhere and the options skip that."""
        skipped = given.read(SpeedOptions).elsewhere == "skip"
        return not skipped or all(map(_is_here, given.arms.values()))

    def plan(self, given: StageInput) -> Cost:
        """Every arm's time at the batch size that is timed."""
        problems, rounds, batch = _sizes(given)
        amount, arms = problems * rounds, len(families(given.arms))
        found = [estimate(arm, amount, batch) for arm in given.arms.values()]
        share = arms / len(given.arms)  # of seeds, one is timed in a round
        known = [one.seconds for one in found if one.seconds is not None]
        return Cost(
            samples=amount * arms,
            seconds=share * sum(known) if len(known) == len(found) else None,
            basis=found[0].basis,
            unknown=next((one.unknown for one in found if one.unknown), ""),
        )

    def run(self, context: StageContext) -> None:
        """Time every block; rounds that a kill cut short are done again as a whole."""
        _, rounds, _ = _sizes(context.given)
        names = families(context.given.arms)
        done = _keep_whole_rounds(context, rounds)
        context.progress.start(rounds * len(names), done * len(names), unit="blocks")
        given, together = context.given, _together(context.given)
        with clocks(given.arms, context.inputs, context.progress, together) as timed:
            _measure(context, timed, done)
        told = {"rounds": rounds, "arms": list(names), "engines": given.read(SpeedOptions).engines}
        write_json(context.out / "summary.json", told)


def _is_here(arm: ArmSpec) -> bool:
    """Whether an arm's answers can be timed, and not the way to an endpoint."""
    return arm.engine.kind in ("hf", "vllm")


def _on_one_path(given: StageInput) -> None:
    """Refuse to time rules on different forwards: the forward would decide, not the rule.

    Raises:
        ConfigError: naming an arm of each.
    """
    # A model that one of the two forwards does not know runs through torch under either name.
    own_loops = {name: arm for name, arm in given.arms.items() if arm.engine.kind == "hf"}
    paths: dict[str, str] = {}
    for name, arm in own_loops.items():
        paths.setdefault(kernel_of(arm.engine), name)
    if len(paths) > 1:
        named = ", ".join(f"{name} on {path}" for path, name in paths.items())
        raise ConfigError(
            f"stage {given.stage.name} would time arms on different forwards: {named}",
            "engine.kernel=torch for all of them, or native",
        )


def _measure(context: StageContext, timed: Mapping[str, Clock], done: int) -> None:
    problems, rounds, batch = _sizes(context.given)
    asked = _requests(context, problems * rounds)
    names, together = _neighbours(context.given), _together(context.given)
    context.progress.note("warming up")
    for name, requests in asked.items():
        timed[name](requests[:2], batch)
    with Appender(context.out / BLOCKS) as blocks, old_objects_set_aside():
        for round_ in range(done, rounds):
            rows = []
            for name in _turn(names, round_):
                places = range(round_ * problems, (round_ + 1) * problems)
                chunk = [asked[name][place % len(asked[name])] for place in places]
                block = {"round": round_, "arm": name, **timed[name](chunk, batch)}
                rows.append(block if together else {**block, "engines": _APART})
                context.progress.advance()
            blocks.append(rows)


def _neighbours(given: StageInput) -> dict[str, tuple[str, ...]]:
    """Return the families, those of one engine side by side where each change is a load."""
    names = dict(families(given.arms))
    if _together(given):
        return names
    order = sorted(names, key=lambda name: engine_of(given.arms[names[name][0]]))
    return {name: names[name] for name in order}


def _turn(names: Mapping[str, tuple[str, ...]], round_: int) -> list[str]:
    """Return the arms of a round in their order; a family's seeds take turns from round to round.

    So seeds cost no time, and a family's rate covers them all.
    """
    order = list(names)
    first = round_ % len(order)
    return [names[one][round_ % len(names[one])] for one in order[first:] + order[:first]]


def _requests(context: StageContext, amount: int) -> dict[str, list[Request]]:
    """Return what each arm is asked, with its own threshold."""
    split = _split(context.given)
    return {
        name: list(requests_for(arm, split, amount, calibrated_threshold(context.inputs, name)))
        for name, arm in context.given.arms.items()
    }


def _keep_whole_rounds(context: StageContext, rounds: int) -> int:
    names = _neighbours(context.given)
    asked = [(round_, arm) for round_ in range(rounds) for arm in _turn(names, round_)]
    kept = keep_asked(context.out / BLOCKS, asked, _place_of, len(names))
    return len(kept) // len(names)


def _place_of(row: Mapping[str, Any]) -> tuple[Any, Any]:
    return row.get("round"), row.get("arm")


def _split(given: StageInput) -> str:
    return given.read(SpeedOptions).split


def _together(given: StageInput) -> bool:
    return given.read(SpeedOptions).engines == "together"


def _sizes(given: StageInput) -> tuple[int, int, int]:
    """Return problems a round, rounds, batch size."""
    scale: ScaleSpec = next(iter(given.arms.values())).scale
    asked = given.read(SpeedOptions)
    rounds = asked.rounds or scale.speed_rounds
    return asked.problems or scale.speed_problems, rounds, asked.batch_size
