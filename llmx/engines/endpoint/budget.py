"""Tokens and money that may be spent, counted so that requests in flight cannot pass the limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llmx.core.errors import ConfigError, EngineError
from llmx.core.record import Message, Record
from llmx.core.spec import EngineSpec
from llmx.core.speech import Request

_MILLION = 1e6
_TOKENS_PER_BYTE = 1 / 3
"""Of a prompt, until an answer tells: English has about four bytes a token, other texts fewer."""


@dataclass(frozen=True)
class Spent:
    """Prompt tokens and completion tokens."""

    prompt: float = 0
    completion: float = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.prompt + other.prompt, self.completion + other.completion)

    @property
    def tokens(self) -> float:
        """Both."""
        return self.prompt + self.completion


def spent_on(record: Record) -> Spent:
    """Return what one answer took; where nobody counted, what its bytes let expect."""
    sent: float | None = len(record.prompt_ids) or record.prompt_tokens
    received: float | None = record.completion_tokens
    if sent is None:
        sent = len(record.prompt.encode()) * _TOKENS_PER_BYTE
    if received is None and not record.completion_ids:
        received = len((record.text + record.reasoning).encode()) * _TOKENS_PER_BYTE
    return Spent(sent, received or record.tokens)


@dataclass
class Budget:
    """What one arm's answers may take, those of earlier tries included.

    A request is admitted if everything that was spent, everything in flight at its cap, and its own
    cap stay within the limits. Completion tokens are bounded by ``max_tokens``; a prompt's tokens
    are an estimate from its bytes, at the highest ratio that was seen.
    """

    spec: EngineSpec
    spent: Spent = field(default_factory=Spent)
    answers: int = 0
    _flying: dict[str, Spent] = field(default_factory=dict)
    _ratio: float = _TOKENS_PER_BYTE
    _seen: bool = False

    @classmethod
    def after(cls, spec: EngineSpec, kept: Sequence[Record]) -> Budget:
        """Return the budget that answers of an earlier try leave.

        Raises:
            ConfigError: if money is limited and has no price.
        """
        if spec.max_cost is not None and not (spec.price_in or spec.price_out):
            hint = "engine.price_in=… engine.price_out=… (per million tokens)"
            raise ConfigError("engine.max_cost needs prices", hint)
        start = sum((spent_on(record) for record in kept), Spent())
        return cls(spec, start, len(kept))

    def cost(self, spent: Spent) -> float:
        """Return money, in the unit of the prices."""
        priced = spent.prompt * self.spec.price_in + spent.completion * self.spec.price_out
        return priced / _MILLION

    def admits(self, request: Request) -> bool:
        """Whether a request may be sent now."""
        total = sum(self._flying.values(), self.spent + self._most(request))
        tokens, money = self.spec.max_total_tokens, self.spec.max_cost
        return (tokens is None or total.tokens <= tokens) and (
            money is None or self.cost(total) <= money
        )

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight, so that a refusal is final."""
        return not self._flying

    def start(self, request: Request) -> None:
        """Set aside what a request may take."""
        self._flying[request.dice] = self._most(request)

    def settle(self, request: Request, record: Record | None) -> None:
        """Count what it took; None if it had no answer."""
        self._flying.pop(request.dice)
        if record is None:
            return
        took = spent_on(record)
        self.spent, self.answers = self.spent + took, self.answers + 1
        ratio = took.prompt / max(_bytes(request), 1)
        self._ratio = max(self._ratio, ratio) if self._seen else ratio or _TOKENS_PER_BYTE
        self._seen = True

    def _most(self, request: Request) -> Spent:
        return Spent(_bytes(request) * self._ratio, request.sampler.max_tokens)

    def used_up(self, left: int) -> EngineError:
        """Return the error that ends a run cleanly.

        Args:
            left: requests that were not sent.
        """
        spent = f"{self.spent.tokens:,.0f} tokens"
        if self.spec.max_cost is not None:
            spent += f", {self.cost(self.spent):.4g} in money"
        text = f"the budget is used up: {spent} for {self.answers} answers, {left} not asked"
        hint = "answers are kept: raise engine.max_total_tokens or engine.max_cost, run again"
        return EngineError(text, hint)


def _bytes(request: Request) -> int:
    begun = sum(len(part.text.encode()) for part in request.prefix)
    told = sum(len(tool.model_dump_json().encode()) for tool in request.tools)
    return begun + told + sum(_bytes_of(message) for message in request.messages)


def _bytes_of(message: Message) -> int:
    called = sum(len((call.name + call.arguments).encode()) for call in message.calls)
    return len((message.content + message.reasoning).encode()) + called
