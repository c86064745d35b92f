"""A judge behind an OpenAI-compatible address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from llmx.core.errors import ConfigError, LlmxError
from llmx.core.judging import Game, Judgement, JudgeSpec, judged
from llmx.core.record import Record
from llmx.core.spec import ModelSpec, SamplerSpec
from llmx.core.speech import Request
from llmx.engines.endpoint.address import named_url
from llmx.engines.endpoint.ask import check_options
from llmx.engines.endpoint.judge_reply import JudgeReply, OpinionEngine
from llmx.judging.protocol import Asks


class EndpointJudge:
    """`judge: {kind: endpoint, url: https://HOST/v1, model: NAME}`; keeps nothing itself."""

    def __init__(self, spec: JudgeSpec, protocol: Asks) -> None:
        check(spec)
        self.spec, self.protocol = spec, protocol
        with said_of_the_judge():
            self.engine = OpinionEngine(ModelSpec(target=str(spec.model)), spec.engine)

    def judgements(
        self, games: Sequence[Game], kept: Sequence[Judgement] = ()
    ) -> Iterator[Judgement]:
        """Yield judgements as they come, in any order.

        Args:
            kept: those of an earlier try, which the budget counts.

        Raises:
            LlmxError: as the engine `openai` does; every answer that was on its way came before.
        """
        by_id = {game.id: game for game in games}
        requests = [self._request(game) for game in games]
        with said_of_the_judge():
            for found in self.engine.arrivals(requests, [_spent(one) for one in kept]):
                assert isinstance(found, JudgeReply)
                yield self._judged(by_id[found.id], found)

    def accounts(self) -> Mapping[str, Any]:
        """Return tries, failures, tokens and money."""
        return self.engine.accounts()

    def _request(self, game: Game) -> Request:
        sampler = SamplerSpec(
            algorithm="target",
            temperature=self.spec.temperature,
            top_p=1.0,
            max_tokens=self.spec.max_tokens,
        )
        return Request(id=game.id, messages=self.protocol.turns(game), sampler=sampler)

    def _judged(self, game: Game, found: JudgeReply) -> Judgement:
        return judged(
            game,
            self.protocol.read(found.text, found.alternatives),
            asked=True,
            prompt=found.prompt,
            reply=found.text,
            alternatives=found.alternatives,
            ended=found.ended,
            prompt_tokens=found.prompt_tokens or len(found.prompt_ids),
            completion_tokens=found.tokens,
        )


def check(spec: JudgeSpec) -> None:
    """Refuse an endpoint that is not named.

    Raises:
        ConfigError: naming the key.
    """
    if spec.url is None:
        raise ConfigError(
            "the judge has no address: judge.url is not set", "judge.url=https://HOST/v1"
        )
    if not spec.model:
        raise ConfigError("the judge has no name: judge.model is not set", "judge.model=NAME")
    with said_of_the_judge():
        named_url(spec.engine)
        check_options(spec.options)


_OF_THE_JUDGE = {
    "engine.base_url": "judge.url",
    "engine.served_model": "judge.model",
    "engine.": "judge.",
}


@contextmanager
def said_as(names: Mapping[str, str]) -> Iterator[None]:
    """Let errors speak of the keys that a person wrote.

    Args:
        names: what a key begins with → what stands in its place, the first that fits.
    """
    begins = re.compile("|".join(rf"\b{re.escape(name)}(?=[a-z_]|\b)" for name in names))
    try:
        yield
    except LlmxError as error:
        for name in ("message", "hint"):
            renamed = begins.sub(lambda found: names[found[0]], getattr(error, name))
            setattr(error, name, renamed)
        error.args = (error.message,)
        raise


def said_of_the_judge() -> AbstractContextManager[None]:
    """Let errors of the engine speak of the judge's keys."""
    return said_as(_OF_THE_JUDGE)


def _spent(one: Judgement) -> Record:
    """Return what an earlier judgement took, in the form that a budget reads."""
    return Record(
        id=one.id,
        prompt_ids=(),
        completion_ids=(),
        prompt="",
        text="",
        finish="stop",
        rounds=0,
        prompt_tokens=one.prompt_tokens,
        completion_tokens=one.completion_tokens,
    )
