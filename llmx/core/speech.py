"""What every answer comes from: a model, an engine, a way to draw tokens, and the request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from llmx.core.errors import ConfigError, nearest
from llmx.core.hosts import Named
from llmx.core.record import (
    CostVector,
    Frozen,
    Message,
    Part,
    Sample,
    Sparse,
    ToolCall,
    ToolSpec,
    dice_of,
)
from llmx.core.registry import kinds


class ModelSpec(Frozen):
    """A target and, where the method needs one, a draft with the same tokenizer.

    A reference is a folder, a GGUF file or a folder with one, a hub name (``org/name``, pinned by
    ``revision``) or ``zoo:NAME`` for a model that ships with llmx.
    """

    target: str = Field(min_length=1)
    draft: str | None = Field(default=None, min_length=1)
    target_revision: str | None = None
    draft_revision: str | None = None
    adapter: str | None = Field(
        default=None, description="folder with a LoRA adapter of peft's, merged into the target"
    )

    @model_serializer(mode="wrap")
    def _without_adapter(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out an adapter that is not there, so that models from before it stay as written."""
        written: dict[str, Any] = handler(self)
        return {key: value for key, value in written.items() if key != "adapter" or value}

    def alone(self) -> ModelSpec:
        """Return the target without its draft."""
        return self.model_copy(update={"draft": None, "draft_revision": None})

    def used_by(self, algorithm: str) -> ModelSpec:
        """Return the models that an algorithm reads: the target alone has no draft."""
        return self.alone() if algorithm == "target" else self


DATE = "2026-01-01"
"""What the clock of a chat template shows unless a recipe says otherwise: the day of a run would
give other prompts tomorrow, under the same name."""


def _day(given: object) -> str:
    given = given.isoformat() if isinstance(given, date) else given  # as YAML reads one
    if not isinstance(given, str) or len(given) != len(DATE):
        raise ValueError(f"'{given}' is no date, as {DATE}")
    return date.fromisoformat(given).isoformat()


Date = Annotated[str, BeforeValidator(_day)]


class EngineSpec(Frozen):
    """What runs the models."""

    kind: str = "hf"
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    batch_size: int = Field(default=8, ge=1)
    threads: int = Field(default=1, ge=1, description="torch threads; more is slower when busy")
    lean: bool = Field(default=True, description="use llmx's own Llama forward where it applies")
    kernel: str = Field(
        default="auto",
        pattern=r"^(auto|torch|native(-\d+)?)$",
        description="native: the compiled forward; torch; auto: native where it can be",
    )
    script: str | None = Field(default=None, description="answers to play back (kind: scripted)")
    python: str | None = Field(default=None, description="interpreter that has vLLM (kind: vllm)")
    logprobs: bool = Field(default=False, description="keep the log-probability of each token")
    options: dict[str, Any] = Field(
        default={}, description="further settings, by vLLM's (EngineArgs) or the endpoint's names"
    )
    streaming_input: bool = Field(
        default=True, description="a speaker that continues keeps its request open (kind: vllm)"
    )
    base_url: str | None = Field(default=None, description="of an endpoint: https://HOST/v1")
    key_env: str = Field(
        default="OPENAI_API_KEY",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$",
        description="environment variable that holds the endpoint's key",
    )
    served_model: str | None = Field(
        default=None, description="name that the endpoint knows the model by; None = model.target"
    )
    dialect: Literal["openai", "vllm"] = Field(
        default="openai", description="vllm: the endpoint takes top_k and gives token ids"
    )
    retries: int = Field(default=8, ge=0, description="further tries of one request")
    timeout: float = Field(default=600.0, gt=0, description="seconds for one try")
    deadline: float | None = Field(
        default=None, gt=0, description="seconds for one request with all of its tries"
    )
    start_timeout: float = Field(
        default=900.0, gt=0, description="seconds until a server must be up (kind: vllm_server)"
    )
    max_total_tokens: int | None = Field(
        default=None, ge=1, description="prompts and answers of one arm, at most"
    )
    max_cost: float | None = Field(default=None, gt=0, description="money for one arm, at most")
    price_in: float = Field(default=0.0, ge=0, description="of a million prompt tokens")
    price_out: float = Field(default=0.0, ge=0, description="of a million completion tokens")
    keep_cost: bool = Field(
        default=False, description="keep with each record what it took: tokens by kind, money"
    )
    tool_parser: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9_]{1,40}$",
        description="vLLM's name for how the model writes tool calls (kind: vllm_server)",
    )
    date: Date = Field(
        default=DATE, description="YYYY-MM-DD that a chat template's clock shows, at midnight"
    )
    address_by: Named = Field(default="user", description="who chose base_url; no setting")
    key_by: Named = Field(default="user", description="who chose key_env; no setting")
    trust_remote_code: bool = Field(
        default=False, description="run a model's own code: --trust-remote-code; no setting"
    )

    @model_serializer(mode="wrap")
    def _without_usual(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what no setting says, so that engines from before it are written as ever."""
        written: dict[str, Any] = handler(self)
        return {key: value for key, value in written.items() if _UNSAID.get(key, _SET) != value}

    def kept_cost(self) -> dict[str, bool]:
        """Return what an identity says of `keep_cost`: nothing where records hold no cost."""
        return {"keep_cost": True} if self.keep_cost else {}

    def cost(
        self, prompt: int, completion: int, cached: int = 0, reasoning: int = 0
    ) -> CostVector | None:
        """Return what one answer took, for its record; None unless costs are kept.

        Args:
            prompt, completion, cached, reasoning: tokens, as in :class:`CostVector`.
        """
        if not self.keep_cost:
            return None
        return CostVector(
            prompt=prompt,
            cached=cached,
            completion=completion,
            reasoning=reasoning,
            calls=1,
            money=(prompt * self.price_in + completion * self.price_out) / 1e6,
        )

    @property
    def is_elsewhere(self) -> bool:
        """Whether the model runs on a machine that is not this one's business."""
        return self.kind == "openai" or self.base_url is not None

    @property
    def speaks_vllm(self) -> bool:
        """Whether the endpoint is vLLM's server."""
        return self.dialect == "vllm" or self.kind == "vllm_server"


UNSET_BY_WORDS = ("address_by", "key_by", "trust_remote_code")
"""Fields that composition fills in by itself: no key of a recipe or command line."""
_UNSAID: dict[str, Any] = {
    **{"address_by": "user", "key_by": "user", "trust_remote_code": False},
    "keep_cost": False,
    "tool_parser": None,
    "date": DATE,
}


LOSSLESS = ("speculative", "block")
"""Algorithms that draft and keep the target's law."""
LOSSY = ("fuzzy", "random", "ensemble", "typical", "fly", "cascade")
"""Algorithms that draft and do not; what they keep depends on where blocks begin."""
THRESHOLDED = ("fuzzy", "random", "typical", "fly", "cascade")
"""Algorithms with a threshold, which a draft share can stand for."""


def brought(algorithm: str) -> bool:
    """Whether the rule of an algorithm is one that a package brings, as ``accept.NAME``."""
    return algorithm not in ("target", "draft", *LOSSLESS, *LOSSY)


def _known(algorithm: str) -> str:
    if brought(algorithm) and algorithm not in (rules := kinds("accept")):
        hint = nearest(algorithm, ["target", "draft", *rules], "algorithms")
        raise ValueError(f"unknown algorithm '{algorithm}': {hint}")
    return algorithm


Algorithm = Annotated[str, AfterValidator(_known)]
"""``target`` or ``draft`` alone, or an accept rule by its name."""
Deferral = Literal["opt", "token_v3"]
Semantics = Literal["research", "fallback", "union"]
Divergence = Literal["js", "ag", "kl", "kl_reversed", "tv", "draft_token"]
DraftMode = Literal["sampled", "greedy", "greedy_soft"]
FirstBlock = Literal["draft", "target"]


_IDLE = {"stop_below": 0.0, "window": None, "deferral": "opt", "accuracy_loss": None}
_SET = object()


class SamplerSpec(Frozen):
    """How tokens are drawn: the decoding algorithm and the usual controls."""

    algorithm: Algorithm
    temperature: float = Field(default=0.6, ge=0, allow_inf_nan=False)
    top_p: float = Field(default=0.9, gt=0, le=1)
    top_k: int = Field(default=0, ge=0, description="0 = off")
    max_tokens: int = Field(default=160, ge=1)
    stop: tuple[str, ...] = ()
    repetition_penalty: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    presence_penalty: float = Field(default=0.0, allow_inf_nan=False)
    frequency_penalty: float = Field(default=0.0, allow_inf_nan=False)
    gamma: int = Field(default=5, ge=1, le=64, description="tokens drafted in one round")
    draft: DraftMode = "sampled"
    first_block: FirstBlock = Field(default="draft", description="who gives the first token")
    stop_below: float = Field(
        default=0.0, ge=0, le=1, description="a draft this unsure of its next token stops; 0 = off"
    )
    semantics: Semantics = "research"
    divergence: Divergence = "js"
    divergence_top_k: int = Field(
        default=0, ge=0, description="look at the target's top k and one bucket; 0 = at all"
    )
    divergence_on: Literal["raw", "warped"] = "raw"
    threshold: float | None = Field(default=None, description="nats; None = it is calibrated")
    draft_share: float | None = Field(default=None, gt=0, lt=1)
    accuracy_loss: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="the loosest threshold whose accuracy is at most this far below lossless SD's",
    )
    hold: bool = Field(default=False, description="move the threshold to hold draft_share")
    hold_gain: float = Field(default=0.5, gt=0, allow_inf_nan=False)
    floor: float = Field(default=0.0, ge=0, lt=1, description="least p(c) of a fuzzy accept")
    budget: float | None = Field(default=None, ge=0, description="nats an answer; None = no limit")
    strict: tuple[str, ...] = Field(
        default=(), description="'digits', or texts: tokens that hold one pass at strict_scale * T"
    )
    strict_scale: float = Field(default=0.0, ge=0, le=1)
    ensemble_weight: float = Field(default=1.0, gt=0, le=1, description="of the target; 1 = SD")
    window: int | None = Field(
        default=None, ge=1, description="of fly: tokens that must pass; None = min(6, gamma - 1)"
    )
    deferral: Deferral = Field(default="opt", description="rule of cascade")

    @model_serializer(mode="wrap")
    def _without_idle_settings(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is off, so that samplers from before it keep their fingerprints."""
        written: dict[str, Any] = handler(self)
        return {key: value for key, value in written.items() if _IDLE.get(key, _SET) != value}

    @field_validator("stop")
    @classmethod
    def _texts_to_stop_at(cls, stop: tuple[str, ...]) -> tuple[str, ...]:
        if "" in stop:  # every text holds it: each answer would be over at its first token
            raise ValueError("an empty text stops every answer; sampler.stop=[] for none")
        return stop

    @model_validator(mode="after")
    def _one_setting(self) -> SamplerSpec:
        if self.threshold is not None and self.threshold != self.threshold:
            raise ValueError("sampler.threshold is not a number")
        if self.budget is not None and self.budget != self.budget:
            raise ValueError("sampler.budget is not a number")
        if self.accuracy_loss is not None and self.algorithm not in THRESHOLDED:
            raise ValueError(
                f"sampler.accuracy_loss is for rules with a threshold: algorithm {self.algorithm}"
                " has none to calibrate"
            )
        if self.hold:
            self._holds()
        elif self.algorithm in THRESHOLDED and self._settings_given != 1:
            raise ValueError(
                "give one of sampler.threshold, sampler.draft_share and sampler.accuracy_loss, and"
                " set the others to null"
            )
        self._rivals()
        return self

    @property
    def _settings_given(self) -> int:
        """How many of the three ways to a threshold are given."""
        given = (self.threshold, self.draft_share, self.accuracy_loss)
        return sum(one is not None for one in given)

    def _rivals(self) -> None:
        if self.algorithm in ("typical", "fly") and (self.threshold or 0) < 0:
            raise ValueError(f"sampler.threshold of algorithm {self.algorithm} is 0 or more")
        if self.window is not None and self.algorithm != "fly":
            raise ValueError("sampler.window belongs to algorithm fly alone")
        if self.deferral != "opt" and self.algorithm != "cascade":
            raise ValueError("sampler.deferral belongs to algorithm cascade alone")
        if self.algorithm == "fly" and (self.window or 1) >= self.gamma:
            raise ValueError("sampler.window has to end inside a block: below sampler.gamma")

    def _holds(self) -> None:
        if self.algorithm != "fuzzy":
            raise ValueError("sampler.hold moves the threshold of algorithm fuzzy alone")
        if self.draft_share is None:
            raise ValueError("sampler.hold needs sampler.draft_share, the share to hold")
        if self.accuracy_loss is not None:
            raise ValueError("sampler.hold holds a draft share: set sampler.accuracy_loss to null")
        if self.threshold is not None and not 0 < self.threshold < float("inf"):
            raise ValueError("sampler.threshold is where sampler.hold starts: above 0, finite")

    @property
    def needs_calibration(self) -> bool:
        """Whether a draft share or an accuracy has to be turned into a threshold first."""
        return self.algorithm in THRESHOLDED and self.threshold is None

    @property
    def asked(self) -> str:
        """What the threshold is calibrated to, as a setting."""
        name = "draft_share" if self.accuracy_loss is None else "accuracy_loss"
        return f"sampler.{name}={getattr(self, name)}"


Capability = Literal[
    "text", "chat", "raw", "prefix", "logprobs", "step", "stream", "embed", "tools", "schema"
]


class Request(Sparse):
    """One prompt to complete.

    The engine renders ``messages`` with the model's own chat template; the token ids that it sent
    come back in the record. Every random number is fixed by (seed, id, draw), so that a draw is the
    same however many others are asked for. An engine that is capable of `raw` sends ``raw`` as it
    is, where there is one, and ``messages`` are then empty. One that is capable of `prefix` goes on
    with an answer that was begun: the completion is what follows. One that is capable of `tools`
    names ``tools`` to the model in its protocol's own way, and gives its calls in the record.
    """

    younger: ClassVar[frozenset[str]] = frozenset(
        {"draw", "prefix", "tools", "parallel", "must_call", "answer_schema"}
    )

    id: str
    messages: tuple[Message, ...] = ()
    raw: str | None = None
    sampler: SamplerSpec
    threshold: float | None = None
    seed: int = 0
    draw: int = Field(default=0, ge=0, description="which of several answers to the problem")
    prefix: tuple[Part, ...] = Field(
        default=(), description="beginning of the answer, sent behind the prompt as it is"
    )
    tools: tuple[ToolSpec, ...] = Field(
        default=(), description="that the model may call, where the engine is capable of `tools`"
    )
    parallel: bool = Field(default=True, description="whether one answer may hold several calls")
    must_call: bool = Field(default=False, description="allow no answer without a call")
    answer_schema: str = Field(
        default="",
        description="JSON schema that the answer has to fit, where the engine is capable of it",
    )

    @property
    def dice(self) -> str:
        """By which name the engine's random numbers are keyed, beside the seed."""
        return dice_of(self.id, self.draw)

    def resolved_threshold(self) -> float:
        """Return the threshold to decode with: a calibrated one, or the sampler's own.

        Raises:
            ConfigError: if the sampler asks for a share or an accuracy that nobody has calibrated.
        """
        if self.threshold is not None:
            return self.threshold
        if self.sampler.needs_calibration:
            raise ConfigError(
                f"{self.sampler.asked} has no threshold yet",
                "add a divergence_quantiles stage to the stage's needs, or set sampler.threshold",
            )
        return self.sampler.threshold or 0.0


def ask(
    sample: Sample,
    instruction: str,
    sampler: SamplerSpec,
    seed: int,
    threshold: float | None = None,
    *,
    system: str = "",
    preamble: str = "",
) -> Request:
    """Return the request that puts one problem to a model, as the last user turn.

    Args:
        instruction: stands below the question.
        system: a turn before all others; none where empty.
        preamble: stands above the question, and above its worked examples.

    Raises:
        ConfigError: if both the arm and the problem bring a system turn.
    """
    above = "\n\n".join(part for part in (preamble.strip(), sample.examples) if part)
    turns = turns_of(
        sample.question, instruction, system=system, preamble=above, before=sample.turns
    )
    return Request(id=sample.id, messages=turns, sampler=sampler, threshold=threshold, seed=seed)


def turns_of(
    question: str,
    instruction: str = "",
    *,
    system: str = "",
    preamble: str = "",
    before: Sequence[Message] = (),
) -> tuple[Message, ...]:
    """Return the turns that ask a question; the arguments are those of :func:`ask`.

    Args:
        before: turns of the chat so far, oldest first.
    """
    parts = (preamble.strip(), question, instruction)
    turn = Message(role="user", content="\n\n".join(part for part in parts if part))
    if not system:
        return (*before, turn)
    if any(one.role == "system" for one in before):
        raise ConfigError("a problem brings a system turn of its own", "set data.system=''")
    return (Message(role="system", content=system), *before, turn)


def sent_form(message: Message) -> dict[str, Any]:
    """Return a message as chat templates and endpoints take it, by OpenAI's names."""
    found: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        found["tool_calls"] = [_sent_call(call) for call in message.calls]
    if message.call:
        found["tool_call_id"] = message.call
    if message.reasoning:
        found["reasoning_content"] = message.reasoning
    return found


def _sent_call(call: ToolCall) -> dict[str, Any]:
    asked = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": asked}
