"""The nouns of an experiment: a sample goes in, a record comes out, metrics read its score.

Records are the state of a run. Resume, re-scoring, tables and statistics are all reads of them,
so a record holds the token ids that were really sent and received, not a rendering of them.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from llmx.core.names import path_fault

Finish = Literal["eos", "stop", "length", "filtered"]
"""How an answer ended: its model's EOS, a stop text, the length cap, or a filter of an endpoint."""

LEAST_LOGPROB = -9999.0
"""What OpenAI writes for a token that cannot be; JSON has no -Infinity."""


class Frozen(BaseModel):
    """Base of everything that is written to disk or hashed: immutable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sparse(Frozen):
    """Base of a noun that has grown: what is written leaves out its younger fields at rest.

    Files, hashes and requests from before such a field then keep their bytes. Whoever adds one
    gives it a value that says nothing, and names it in ``younger``.
    """

    younger: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_what_rests(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        known = type(self).model_fields
        for name in self.younger:
            if name in written and getattr(self, name) == known[name].default:
                del written[name]
        return written


class ToolCall(Frozen):
    """A tool that a model asks for."""

    id: str = Field(description="by which the answer names it; unique in its conversation")
    name: str
    arguments: str = Field(description="as the model wrote them, JSON or not")


class ToolSpec(Frozen):
    """A tool as a model is told of it."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")
    description: str
    parameters: dict[str, Any] = Field(description="JSON schema of an object with its arguments")

    def __hash__(self) -> int:
        """Hash by what is unique in a request: `parameters` is no hashable value."""
        return hash((self.name, self.description))


class Message(Sparse):
    """One turn of a chat."""

    younger: ClassVar[frozenset[str]] = frozenset({"calls", "call", "reasoning"})

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple[ToolCall, ...] = Field(default=(), description="tools that an assistant asks for")
    call: str = Field(default="", description="id of the call that a tool answers")
    reasoning: str = Field(default="", description="thinking that an assistant kept to itself")

    @property
    def shown(self) -> str:
        """Role, content and calls as one text, for people."""
        calls = "".join(f"\n{call.name}({call.arguments})" for call in self.calls)
        return f"{self.role}: {self.content}{calls}"


class Part(Frozen):
    """A stretch of a prompt. `ids`, where given, are what is sent in place of the text."""

    text: str
    ids: tuple[int, ...] | None = None


class SampleFile(Frozen):
    """A file that belongs to a problem: a picture, a table, a part of a repository.

    Its content is known by its hash, whoever holds the bytes.
    """

    name: str = Field(description="relative path by which a model knows it")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of its content")
    source: str = Field(default="", description="where the data kind finds the content")

    @field_validator("name")
    @classmethod
    def _stays_below(cls, value: str) -> str:
        if why := path_fault(value):
            raise ValueError(f"{value!r} is no name of a file of a problem: {why}")
        return value


class PermutedOptions(Frozen):
    """The options of a problem of which each draw shows them in another order.

    What follows from it (the order, the question, the letters) is said by
    :mod:`llmx.core.permuted`.
    """

    around: tuple[str, ...] = Field(
        min_length=2, description="the question, parted where its lettered options stand"
    )
    texts: tuple[str, ...] = Field(min_length=2, description="options, as they are published")
    right: int = Field(ge=0, description="place of the right one among them, from 0")
    seed: int = Field(description="by which orders are drawn")


class Sample(Sparse):
    """One problem of a dataset."""

    younger: ClassVar[frozenset[str]] = frozenset(
        {"turns", "files", "metadata", "steps", "examples", "permuted"}
    )

    id: str = Field(description="stable name, unique in the dataset: the key of pairing")
    question: str
    answer: str = Field(description="reference answer, normalised")
    solution: str = Field(default="", description="worked solution, where the dataset has one")
    choices: int = Field(default=0, description="options, lettered from A; 0 = none to choose from")
    cluster: str = Field(default="", description="what makes samples alike, e.g. the template")
    turns: tuple[Message, ...] = Field(
        default=(), description="of the chat before the question, oldest first"
    )
    files: tuple[SampleFile, ...] = Field(default=(), description="what comes with the question")
    metadata: dict[str, Any] = Field(
        default={}, description="JSON values for scorers, tools and reports; a model sees none"
    )
    steps: tuple[str, ...] = Field(
        default=(), description="reference of every step before the answer, in their order"
    )
    examples: str = Field(default="", description="worked examples, sent above the question")
    permuted: PermutedOptions | None = Field(
        default=None,
        description="options that each draw shows in another order; question and answer are those"
        " of the first",
    )

    def __hash__(self) -> int:
        """Hash by what is unique in a dataset: `metadata` is no hashable value."""
        return hash((self.id, self.question))


class CostVector(Frozen):
    """What an answer took, of every kind of cost that somebody counted; 0 where nobody did.

    Vectors add up: the cost of a conversation is the sum of its calls'.
    """

    prompt: int = Field(default=0, ge=0, description="tokens sent, cached ones among them")
    cached: int = Field(default=0, ge=0, description="of them found in a prefix cache")
    completion: int = Field(default=0, ge=0, description="tokens received, reasoning among them")
    reasoning: int = Field(default=0, ge=0, description="of them not part of the text")
    calls: int = Field(default=0, ge=0, description="requests to a model")
    money: float = Field(default=0.0, ge=0, description="in the unit of the engine's prices")

    def __add__(self, other: CostVector) -> CostVector:
        """Return both together."""
        names = CostVector.model_fields
        return CostVector(**{name: getattr(self, name) + getattr(other, name) for name in names})


class Record(Sparse):
    """One completion, with everything that was really sent and received."""

    younger: ClassVar[frozenset[str]] = frozenset(
        {"turns", "calls", "draw", "cost", "reasoning", "ended"}
    )

    id: str
    prompt_ids: tuple[int, ...] = Field(description="token ids sent, chat template included")
    completion_ids: tuple[int, ...] = Field(description="token ids received, EOS included")
    prompt: str = Field(description="`prompt_ids`, decoded with special tokens shown")
    text: str = Field(description="`completion_ids`, decoded without special tokens")
    finish: Finish
    rounds: int = Field(description="forward passes of the target after the prompt (verify steps)")
    drafted: int = Field(default=0, description="tokens proposed by the draft")
    accepted: int = Field(default=0, description="proposed tokens that were kept and emitted")
    fragile: tuple[int, ...] = Field(
        default=(),
        description="positions whose decision had a margin under 1e-4 (see docs/architecture.md)",
    )
    logprobs: tuple[float, ...] = Field(
        default=(),
        description="log-probability of each completion token, of the target and before "
        "temperature; empty where nobody asked (engine.logprobs)",
    )
    prompt_tokens: int | None = Field(
        default=None, description="as an endpoint counts them; None where `prompt_ids` are known"
    )
    completion_tokens: int | None = Field(
        default=None, description="as an endpoint counts them; None where the ids are known"
    )
    turns: tuple[Message, ...] = Field(
        default=(),
        description="what was said between the first prompt and this completion, where it took"
        " several calls: completions, observations of tools, further questions, oldest first",
    )
    calls: tuple[ToolCall, ...] = Field(
        default=(), description="tools that the completion asks for"
    )
    draw: int = Field(
        default=0, ge=0, description="which of several completions of one problem this is, from 0"
    )
    cost: CostVector | None = Field(
        default=None,
        description="all that it took; None where nobody asked (engine.keep_cost): see `spent`",
    )
    reasoning: str = Field(
        default="", description="what an endpoint says was thought; no part of the text"
    )
    ended: str = Field(
        default="", description="an endpoint's word for the end, where it is not a usual one"
    )

    @property
    def spent(self) -> CostVector:
        """What it took: as it was counted, or of one call what ids and the endpoint tell."""
        if self.cost is not None:
            return self.cost
        sent = len(self.prompt_ids) or self.prompt_tokens or 0
        return CostVector(prompt=sent, completion=self.tokens, calls=1)

    @property
    def tokens(self) -> int:
        """Tokens of the completion: its ids, or what the endpoint counts where it gives none."""
        return len(self.completion_ids) or self.completion_tokens or 0

    @property
    def sent(self) -> tuple[tuple[int, ...], str]:
        """What was asked; an endpoint that gives no ids leaves the text to compare."""
        return self.prompt_ids, self.prompt

    @property
    def received(self) -> tuple[tuple[int, ...], str]:
        """What was answered; an endpoint that gives no ids leaves the text to compare."""
        return self.completion_ids, self.text


class Score(Sparse):
    """What a scorer says of one record."""

    younger: ClassVar[frozenset[str]] = frozenset({"values", "draw"})

    id: str
    cluster: str
    expected: str
    strict: str | None = Field(description="answer in the asked format, None if absent")
    flexible: str | None = Field(
        description="last answer of its kind anywhere in the text, or None"
    )
    correct: bool = Field(description="strict answer equals the reference")
    correct_flexible: bool
    unparsed: bool = Field(description="no answer in the asked format: not the same as wrong")
    tokens: int
    finish: Finish
    rounds: int
    drafted: int
    accepted: int
    values: dict[str, float] = Field(
        default={}, description="of every metric that the scorer declares, beside `correct`"
    )
    draw: int = Field(
        default=0, ge=0, description="which of several answers to the problem, from 0"
    )


def dice_of(name: str, draw: int) -> str:
    """Return by which name a draw's random numbers are keyed; the first draw has the problem's."""
    return f"{name}#{draw}" if draw else name


def as_json(value: BaseModel) -> dict[str, Any]:
    """Return the JSON form of a model, keys in field order."""
    return value.model_dump(mode="json")


class Metric(Frozen):
    """A number that a scorer gives every answer, and how several of them are read.

    A scorer declares its metrics (``metrics: ClassVar[tuple[Metric, ...]]``) and gives each answer
    a value of every one (``Score.values``). Everything that reads accuracy then reads them too.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_.@-]{0,39}$", description="e.g. ndcg@10")
    better: Literal["higher", "lower"] = "higher"
    aggregate: Literal["mean", "sum"] = Field(
        default="mean", description="over the problems of an arm"
    )
    unit: str = Field(
        default="",
        pattern=r"^[^`|<>\n]{0,20}$",
        description="of the aggregate; % = a share, shown as percent, its differences as points",
    )
    low: float | None = Field(default=None, allow_inf_nan=False, description="least of one answer")
    high: float | None = Field(default=None, allow_inf_nan=False, description="most of one answer")
    boolean: bool = Field(
        default=False, description="each answer has it or not: 1 or 0, as right and wrong are"
    )
    explain: str = Field(default="", description="a sentence for the legend of a table")

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Metric:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low={self.low:g} is not below high={self.high:g}")
        if self.boolean and (self.low, self.high) != (0.0, 1.0):
            raise ValueError("a metric that is had or not has low=0 and high=1")
        return self

    def of(self, score: Score) -> float:
        """Return the value of one answer."""
        return float(score.correct) if self.name == ACCURACY else score.values[self.name]

    def fault(self, value: object) -> str:
        """Return why no answer has this value; empty where one may."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return "is no number"
        if value != value or value in (float("inf"), float("-inf")):
            return "is not finite"
        if self.boolean and value not in (0, 1):
            return "is neither 0 nor 1"
        if self.low is not None and value < self.low:
            return f"is below {self.low:g}"
        if self.high is not None and value > self.high:
            return f"is above {self.high:g}"
        return ""

    @property
    def signed(self) -> int:
        """1 where more is better, else -1."""
        return 1 if self.better == "higher" else -1

    @property
    def reach(self) -> float | None:
        """How far two answers can be apart; None where a bound is missing."""
        return None if self.low is None or self.high is None else self.high - self.low


ACCURACY = "accuracy"
"""Name of the metric that every scorer has: whether the strict answer is right."""

METRICS = "metrics.json"
"""File beside ``scores.jsonl`` that holds what its `values` are; none where there are none."""

RIGHT = Metric(name=ACCURACY, unit="%", low=0.0, high=1.0, boolean=True)
