"""The nouns of a comparison: a game puts two outputs to a judge, a judgement is what came of it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from llmx.core.hosts import Named
from llmx.core.record import Frozen
from llmx.core.speech import EngineSpec

Seat = Literal["first", "second"]


class JudgeSpec(Frozen):
    """Who says which of two outputs is better.

    ``kind: endpoint`` asks a model at an OpenAI-compatible address; its key is read from the
    environment variable ``key_env`` and is written nowhere. ``length`` and ``exact`` are rules
    without a model, for tests and rehearsals: a win rate of theirs is no quality.
    """

    kind: str = "endpoint"
    url: str | None = Field(default=None, description="of the endpoint: https://HOST/v1")
    model: str | None = Field(default=None, description="name that the endpoint knows it by")
    key_env: str = Field(
        default="OPENAI_API_KEY",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$",
        description="environment variable that holds the endpoint's key",
    )
    temperature: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    max_tokens: int = Field(default=4096, ge=1, description="of one verdict")
    options: dict[str, Any] = Field(
        default={}, description="further keys of the request, by the endpoint's names"
    )
    instructions: str | None = Field(
        default=None, description="file with the judge's system message, in place of llmx's own"
    )
    batch_size: int = Field(default=8, ge=1, description="requests in flight")
    retries: int = Field(default=8, ge=0, description="further tries of one request")
    timeout: float = Field(default=600.0, gt=0, description="seconds for one try")
    deadline: float | None = Field(
        default=None, gt=0, description="seconds for one request with all of its tries"
    )
    max_total_tokens: int | None = Field(
        default=None, ge=1, description="prompts and verdicts of one arm, at most"
    )
    max_cost: float | None = Field(default=None, gt=0, description="money for one arm, at most")
    price_in: float = Field(default=0.0, ge=0, description="of a million prompt tokens")
    price_out: float = Field(default=0.0, ge=0, description="of a million completion tokens")
    address_by: Named = Field(default="user", description="who chose url; no setting")
    key_by: Named = Field(default="user", description="who chose key_env; no setting")

    @model_serializer(mode="wrap")
    def _without_usual(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what no setting says, so that judges from before it are written as ever."""
        written: dict[str, Any] = handler(self)
        own = ("address_by", "key_by")
        return {key: value for key, value in written.items() if key not in own or value != "user"}

    @property
    def engine(self) -> EngineSpec:
        """The endpoint as an engine."""
        same = ("key_env", "options", "batch_size", "retries", "timeout", "deadline")
        named = ("address_by", "key_by")
        spent = ("max_total_tokens", "max_cost", "price_in", "price_out")
        values = {name: getattr(self, name) for name in (*same, *spent, *named)}
        return EngineSpec(kind="openai", base_url=self.url, **values)


class Game(Frozen):
    """Two outputs in the order in which a judge sees them."""

    id: str = Field(description="sample and place: `test-3/0`")
    sample: str
    instruction: str
    first: str
    second: str
    ours: Seat = Field(description="where the judged arm's output stands")
    right: str = Field(default="", description="the right answer, where the data knows one")


class Preference(Frozen):
    """What a judge said, read.

    Attributes:
        label: as the judge's protocol writes it.
        first: how far the first output is preferred, 0 to 1; None = unparsable, which is no tie.
        weight: games that it counts for.
    """

    label: str | None
    first: float | None = Field(ge=0, le=1)
    weight: int = Field(default=1, ge=1)


class Judgement(Frozen):
    """One game and everything that was sent and received for it."""

    id: str
    sample: str
    ours: Seat
    asked: bool = Field(description="whether a model was asked: equal outputs need none")
    prompt: str = ""
    reply: str = ""
    alternatives: dict[str, float] = Field(
        default={}, description="what the first token could have been → log-probability"
    )
    ended: str = Field(default="", description="why the endpoint ended the reply, in its own word")
    label: str | None = None
    preference: float | None = Field(
        default=None, ge=0, le=1, description="for the judged arm; None = unparsable"
    )
    weight: int = 1
    prompt_tokens: int = 0
    completion_tokens: int = 0


def judged(game: Game, verdict: Preference, **told: Any) -> Judgement:
    """Return the judgement of a game; `told` are the fields of what was sent and received."""
    first = verdict.first
    preference = first if first is None or game.ours == "first" else 1 - first
    return Judgement(
        id=game.id,
        sample=game.sample,
        ours=game.ours,
        label=verdict.label,
        preference=preference,
        weight=verdict.weight,
        **{"asked": False, **told},
    )
