"""What decodes: our loops by either kernel, and transformers' own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from bench.models import LOOPS, Models, Prompts
from llmx.decoding import decode_refill


@dataclass(frozen=True, order=True)
class Cell:
    """One way to decode.

    Attributes:
        kernel: native, torch or transformers.
        loop: of :data:`~bench.models.LOOPS`, or generate, or assisted.
    """

    kernel: str
    loop: str
    temperature: float
    batch: int

    def __str__(self) -> str:
        return f"{self.loop} ({self.kernel}), batch {self.batch}, T {self.temperature:g}"


@dataclass(frozen=True)
class Outcome:
    """What a unit of an arm gave; counts that transformers does not give are zero."""

    texts: tuple[tuple[int, ...], ...]
    rounds: int = 0
    drafted: int = 0
    accepted: int = 0

    @property
    def tokens(self) -> int:
        """Tokens of all outputs."""
        return sum(map(len, self.texts))


Arm = Callable[[Prompts, list[str], int], Outcome]


def arm_of(models: Models, cell: Cell) -> Arm:
    """Return the arm of a cell."""
    return _own(models, cell) if cell.loop in LOOPS else _generate(models, cell)


def _own(models: Models, cell: Cell) -> Arm:
    pair, options = models.pair(cell.kernel), models.options(cell.loop, cell.temperature)

    def run(prompts: Prompts, ids: list[str], seed: int) -> Outcome:
        found = decode_refill(
            pair.target, pair.draft, prompts, ids, options, seed, slots=cell.batch
        )
        return Outcome(
            tuple(one.token_ids for one in found),
            sum(one.rounds for one in found),
            sum(one.drafted for one in found),
            sum(one.accepted for one in found),
        )

    return run


def _generate(models: Models, cell: Cell) -> Arm:
    """Return an arm that runs transformers' generate on a fixed batch, padded on the left."""
    target, draft = models.whole
    settings = _settings(models, cell.temperature)
    if cell.loop == "assisted":
        settings["assistant_model"] = draft

    def run(prompts: Prompts, ids: list[str], seed: int) -> Outcome:
        torch.manual_seed(seed)
        parts = [prompts[at : at + cell.batch] for at in range(0, len(prompts), cell.batch)]
        rows = [row for part in parts for row in _outputs(target, part, settings)]
        return Outcome(tuple(_whole(row, models.ends) for row in rows))

    return run


def _settings(models: Models, temperature: float) -> dict[str, Any]:
    settings: dict[str, Any] = {"max_new_tokens": models.settings.max_new, "do_sample": False}
    if temperature > 0:
        settings |= {"do_sample": True, "temperature": temperature}
        settings |= {"top_p": models.settings.top_p, "top_k": 0}
    # Any token will do as padding: it is masked, and outputs are counted up to their own end.
    settings["pad_token_id"] = (models.ends or (0,))[0]
    return settings


def _outputs(model: Any, prompts: Prompts, settings: dict[str, Any]) -> list[list[int]]:
    width, pad = max(map(len, prompts)), settings["pad_token_id"]
    tokens = torch.tensor([[pad] * (width - len(row)) + row for row in prompts])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in prompts])
    with torch.inference_mode():
        output = model.generate(input_ids=tokens, attention_mask=mask, **settings)
    found: list[list[int]] = output[:, width:].tolist()
    return found


def _whole(output: list[int], ends: tuple[int, ...]) -> tuple[int, ...]:
    end = next((at + 1 for at, token in enumerate(output) if token in ends), len(output))
    return tuple(output[:end])
