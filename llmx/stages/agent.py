"""Stage `agent`: problems answered in several turns, with tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from pydantic import Field

from llmx.core.episode import Episode, EpisodeTurn
from llmx.core.options import StageOptions
from llmx.core.record import Sample
from llmx.core.section import Section
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import load
from llmx.dialogue.agent.section import AgentSection
from llmx.engines.engine import Accounting, Engine
from llmx.stages.agent_arm import asking_identity, craft_of
from llmx.stages.agent_output import write_output
from llmx.stages.calls import fitted
from llmx.stages.decode import DecodeStageOptions, drawn, draws_of, problems_of, split_of
from llmx.stages.play import Play, Stagecraft
from llmx.stages.playing import play_all
from llmx.stages.replay import Replayed, replay
from llmx.stages.requests import answering, decoding_cost, open_engine, required
from llmx.stages.trial import try_calling
from llmx.stages.turns import EpisodeKey, Seconds, TurnLog
from llmx.store.files import write_json


class AgentStageOptions(DecodeStageOptions):
    """Which problems are answered, and by what."""

    trial: bool = Field(
        default=True, description="try five turns of tool calling before an endpoint is asked"
    )


class AgentStage:
    """Writes what `decode` writes, and every turn.

    ``turns.jsonl`` holds a line a turn, ``times.jsonl`` their seconds, ``episodes.jsonl`` what each
    episode came to, ``samples.jsonl`` its answer as a Record, ``token_audit.json`` whether prompts
    went on where the turn before ended. Of an endpoint with calls beside the text ``calling.json``
    holds what five turns of a trial showed, before any problem was put.
    """

    Options: ClassVar[type[StageOptions]] = AgentStageOptions
    sections: ClassVar[tuple[type[Section], ...]] = (AgentSection,)
    kind: ClassVar[str] = "agent"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Data, tools, limits, what acts, and, where that is a model, engine and sampler.

        Raises:
            ConfigError: for tools that are not there, or calls that the engine cannot take.
        """
        craft = craft_of(given)
        return {
            **asking_identity(given, craft),
            **drawn(given),
            "problems": problems_of(given),
            "agent": craft.spec.model_dump(mode="json", exclude={"toolset", "toolset_options"}),
            "policy": dict(craft.policy.identity()),
            "toolset": dict(craft.toolset.identity()),
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Tokens of all replies at their cap, time and memory."""
        craft, episodes = craft_of(given), problems_of(given) * len(draws_of(given))
        refused = craft.toolset.refusal()
        if refused is not None:
            return Cost(refusal=refused)
        if not craft.policy.asks:
            return Cost(samples=episodes, seconds=0.1 + episodes / 100)
        arm = answering(given)
        _, sampler = required(arm, given.stage.name)
        told = {"max_tokens": craft.spec.max_tokens}
        asking = arm.model_copy(update={"sampler": sampler.model_copy(update=told)})
        return decoding_cost(asking, episodes, given)

    @staticmethod
    def replay(
        given: StageInput,
        episode: Episode,
        turns: Sequence[EpisodeTurn],
        seconds: Mapping[int, tuple[float, float]],
    ) -> Replayed:
        """Make the calls of an episode once more, and ask no model."""
        told = {turn: Seconds(*both) for turn, both in seconds.items()}
        return replay(given, EpisodeKey(episode.id, episode.draw), turns, told)

    def run(self, context: StageContext) -> None:
        """Bring every episode to its end; what an earlier try has recorded is not asked again."""
        given = context.given
        engine = _engine(context)
        fit = partial(fitted, engine) if engine is not None else None
        craft = craft_of(given, fit)
        if given.read(AgentStageOptions).trial:
            try_calling(engine, answering(given), craft.spec, context.out, context.progress)
        samples = {one.id: one for one in _samples(given)}
        keys = [EpisodeKey(name, draw) for name in samples for draw in draws_of(given)]
        context.progress.start(len(keys), unit="episodes")
        found: dict[EpisodeKey, Episode] = {}

        def ended(episode: Episode) -> None:
            found[EpisodeKey(episode.id, episode.draw)] = episode
            context.progress.advance()

        log = TurnLog(context.out)
        try:
            size = given.arm.engine.batch_size
            sampler = given.arm.sampler if craft.policy.asks else None
            make = partial(_play, craft, samples, log)
            play_all(engine, keys, make, size, sampler, log, ended)
            write_output(
                context.out, [found[key] for key in keys], craft, log, len(draws_of(given))
            )
            log.finish(keys)
        finally:
            log.close()
        if engine is not None and isinstance(engine, Accounting):
            write_json(context.out / "engine.json", engine.accounts())


def _play(craft: Stagecraft, samples: Mapping[str, Sample], log: TurnLog, key: EpisodeKey) -> Play:
    return Play(craft, samples[key.id], key.draw, log)


def _engine(context: StageContext) -> Engine | None:
    """Return the arm's engine, which counts what answers take; None where nothing is asked."""
    if not craft_of(context.given).policy.asks:
        return None
    arm = answering(context.given, context.inputs)
    counting = arm.engine.model_copy(update={"keep_cost": True})
    return open_engine(
        arm.model_copy(update={"engine": counting}), context.inputs, context.progress
    )


def _samples(given: StageInput) -> list[Sample]:
    data, _ = required(given.arm, given.stage.name)
    return load(data, split_of(given), problems_of(given))
