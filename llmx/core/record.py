"""The nouns of an experiment: a sample goes in, a record comes out.

Records are the state of a run. Resume, re-scoring, tables and statistics are all reads of them,
so a record holds the token ids that were really sent and received, not a rendering of them.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Finish = Literal["eos", "stop", "length"]


class Frozen(BaseModel):
    """Base of everything that is written to disk or hashed: immutable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sample(Frozen):
    """One problem of a dataset."""

    id: str = Field(description="stable name, unique in the dataset: the key of pairing")
    question: str
    answer: str = Field(description="reference answer, normalised")
    solution: str = Field(default="", description="worked solution, where the dataset has one")
    choices: int = Field(default=0, description="options, lettered from A; 0 = none to choose from")
    cluster: str = Field(default="", description="what makes samples alike, e.g. the template")


class Record(Frozen):
    """One completion, with everything that was really sent and received."""

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


class Score(Frozen):
    """What a scorer says of one record."""

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


def as_json(value: BaseModel) -> dict[str, Any]:
    """Return the JSON form of a model, keys in field order."""
    return value.model_dump(mode="json")
