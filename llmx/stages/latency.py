"""Stage `ensemble_latency`: when the reader sees what, all arms interleaved on one machine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator

from llmx.core.collector import old_objects_set_aside
from llmx.core.events import ANSWER
from llmx.core.options import ArmName, Count, StageOptions, wrong
from llmx.core.spec import ArmSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import evaluation_identity
from llmx.dialogue.timing import timing
from llmx.stages.ensemble import ensemble_identity, ensemble_of
from llmx.stages.requests import required
from llmx.stages.stand import Length, ReadyArm, open_stand
from llmx.store.files import Appender, write_json
from llmx.store.rows import keep_asked

ROWS, EVENTS = "latency.jsonl", "events.jsonl"


class LatencyOptions(StageOptions):
    """What is timed, and how often."""

    rounds: Count | None = Field(
        default=None, description="answers of an arm; null = the scale's speed problems"
    )
    arms: tuple[ArmName, ...] | None = Field(
        default=None,
        min_length=1,
        description="arms that are timed; null = all",
        examples=["names of arms: [moa, staircase]"],
    )
    tokens: Count | tuple[Count, ...] | None = Field(
        default=None,
        description="lengths that every speaker is forced to; null = texts end by themselves",
        examples=["lengths above 0: [16, 64, 256]"],
    )

    @field_validator("tokens")
    @classmethod
    def _some(cls, found: int | tuple[int, ...] | None) -> int | tuple[int, ...] | None:
        if found == ():
            raise wrong("is an empty list", "write lengths above 0: [16, 64, 256]")
        return found


class LatencyStage:
    """Writes ``latency.jsonl``, a line an answer, and ``events.jsonl``, the first answer of an arm.

    In each round every arm answers the same problem, in an order that turns from round to round;
    each round has a problem of its own, as far as the test split goes.

    Without ``tokens`` drafts and answers end where they end, as where quality is measured. With a
    length, or a list of them, every speaker writes just so many tokens and ends are passed over:
    what is cut from the time to the first token depends on when a draft ends.
    """

    Options: ClassVar[type[StageOptions]] = LatencyOptions
    kind: ClassVar[str] = "ensemble_latency"
    version: ClassVar[int] = 3
    timing: ClassVar[bool] = True

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """All arms, what they are asked, rounds, lengths, threads; the graph adds the machine."""
        timed = _timed(given)
        return {
            "arms": {name: ensemble_identity(arm) for name, arm in timed.items()},
            "asked": {name: _asked_identity(arm) for name, arm in timed.items()},
            "samplers": {n: _sampler_identity(arm) for n, arm in timed.items()},
            "threads": {name: arm.engine.threads for name, arm in timed.items()},
            "rounds": _rounds(given),
            "tokens": list(_lengths(given)),
            # It changes no answer, so an engine's own identity leaves it out.
            "streaming_input": {name: arm.engine.streaming_input for name, arm in timed.items()},
        }

    def applies(self, given: StageInput) -> bool:
        """Where the run holds an arm that is timed."""
        return bool(_timed(given))

    def plan(self, given: StageInput) -> Cost:
        """Tokens of all answers and drafts; those that end by themselves at their cap."""
        rounds, lengths, timed = _rounds(given), _lengths(given), _timed(given)
        tokens = sum(_most(arm, length) for arm in timed.values() for length in lengths)
        return Cost(samples=rounds * len(timed) * len(lengths), tokens=rounds * tokens)

    def run(self, context: StageContext) -> None:
        """Time every answer; a round that a kill cut short is done again as a whole."""
        given = context.given
        rounds, places = _rounds(given), [(n, at) for at in _lengths(given) for n in _timed(given)]
        asked = [(round_, *place) for round_ in range(rounds) for place in _turn(places, round_)]
        done = len(keep_asked(context.out / ROWS, asked, _place_of, len(places))) // len(places)
        if not done:  # the first round writes them anew
            (context.out / EVENTS).unlink(missing_ok=True)
        context.progress.start(rounds * len(places), done * len(places), unit="answers")
        stands = {
            (name, at): open_stand(name, given.arms[name], context.inputs, at, rounds + 1)
            for name, at in places
        }
        for stand in stands.values():
            # Loads and warms the models, on a problem whose prompt no early round finds cached.
            asyncio.run(stand.answer(stand.requests[-1]))
        with (
            Appender(context.out / ROWS) as rows,
            Appender(context.out / EVENTS) as kept,
            old_objects_set_aside(),
        ):
            for round_ in range(done, rounds):
                rows.append(_round(context, stands, round_, kept))
        about = {"rounds": rounds, "tokens": list(_lengths(given)), "arms": list(_timed(given))}
        write_json(context.out / "summary.json", about)


def _round(
    context: StageContext,
    stands: Mapping[tuple[str, Length], ReadyArm],
    round_: int,
    kept: Appender,
) -> list[dict[str, Any]]:
    """Return a row an arm and length: ``tokens`` were written, ``length`` were asked for."""
    found = []
    for name, length in _turn(list(stands), round_):
        stand = stands[name, length]
        request = stand.requests[round_ % len(stand.requests)]
        events = asyncio.run(stand.answer(request))
        about = {"arm": name, "length": length}
        if round_ == 0:
            kept.append({**about, **one.model_dump(mode="json")} for one in events)
        drafts = len({event.who for event in events} - {ANSWER})
        times = timing(events).as_dict()
        found.append({"round": round_, "id": request.id, **about, "drafts": drafts, **times})
        context.progress.advance()
    return found


def _turn(places: list[tuple[str, Length]], round_: int) -> list[tuple[str, Length]]:
    """Return the order of a round: it turns, so that what disturbs the machine hits all alike."""
    turn = round_ % len(places)
    return places[turn:] + places[:turn]


def _place_of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row.get("round"), row.get("arm"), row.get("length")


def _timed(given: StageInput) -> dict[str, ArmSpec]:
    """Return the arms that are timed, in the recipe's order, without those that were left out."""
    wanted = given.read(LatencyOptions).arms
    if wanted is None:
        return dict(given.arms)
    return {name: arm for name, arm in given.arms.items() if name.partition("@")[0] in wanted}


def _lengths(given: StageInput) -> tuple[Length, ...]:
    """Return the lengths that every speaker is forced to; (None,) without any."""
    asked = given.read(LatencyOptions).tokens
    return tuple(dict.fromkeys(asked)) if isinstance(asked, tuple) else (asked,)


def _rounds(given: StageInput) -> int:
    scale = next(iter(given.arms.values())).scale
    return given.read(LatencyOptions).rounds or scale.speed_problems


def _most(arm: ArmSpec, length: Length) -> int:
    """Return the most tokens that one answer and its drafts have."""
    _, sampler = required(arm, "latency")
    spec = ensemble_of(arm)
    members = 1 + (spec.layers - 1) * len(spec.proposers)
    return members * (length or sampler.max_tokens)


def _asked_identity(arm: ArmSpec) -> dict[str, Any]:
    data, _ = required(arm, "latency")
    return {"data": evaluation_identity(data, "test"), "seed": arm.seed}


def _sampler_identity(arm: ArmSpec) -> dict[str, Any]:
    _, sampler = required(arm, "latency")
    found: dict[str, Any] = sampler.model_dump(mode="json")
    return found
