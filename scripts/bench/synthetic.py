"""Part 3, at a real vocabulary: the accept step alone, on logits that two models might give.

Target and draft are nearly equal, so that almost every token is read and kept: the dearest case.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.accept_share import RULES, options
from bench.clock import Lap, timed
from bench.models import KERNELS, Models
from bench.steps import Steps
from llmx.decoding import DecodeOptions
from llmx.decoding.accept import Floats, Ints, leading
from llmx.decoding.cached_model import CachedModel
from llmx.decoding.propose import Proposal
from llmx.decoding.rounds import follow
from llmx.decoding.rows import Rows
from llmx.decoding.verify import verify
from llmx.decoding.warp import warp
from llmx.engines.native.model import Acceptance, functions

_NOISE = 0.005  # between target and draft, in logits


@dataclass(frozen=True)
class Case:
    """One shape of the accept step."""

    rule: str
    temperature: float
    gamma: int
    rows: int

    def __str__(self) -> str:
        return f"{self.rule}, gamma {self.gamma}, batch {self.rows}, T {self.temperature:g}"


class Given:
    """A step model whose logits are there before it is asked."""

    def __init__(self, given: Tensor) -> None:
        self.given = given
        self.vocab_size = given.shape[-1]
        self.device = given.device

    def new_cache(self, rows: int, capacity: int) -> None:
        """Return none."""

    def forward(self, tokens: Tensor, start: Tensor, cache: None) -> Tensor:
        """Return what is there."""
        return self.given

    def prefill(self, tokens: Tensor, rows: Tensor, cache: None) -> None:
        """Do nothing."""


class GivenBlocks(Acceptance, Given):
    """The same, judged by the compiled library."""

    does_blocks: ClassVar[bool] = True

    def feed(self, tokens: Ints, start: Ints, cache: None) -> Floats:
        """Return what is there."""
        found: Floats = self.given.numpy()
        return found

    def fill(self, tokens: Ints, rows: Ints, cache: None) -> None:
        """Do nothing."""

    @cached_property
    def calls(self) -> Any:  # type: ignore[override]
        """The library."""
        return functions()

    def narrow(self, cache: None, kept: Ints) -> None:
        """Return none."""

    def draft(self, cache: None, job: Any) -> Any:
        """Never asked for: the block is given."""
        raise NotImplementedError


class Step:
    """The accept step of one case by one kernel, ready to be done again and again."""

    def __init__(self, case: Case, kernel: str, how: DecodeOptions, vocabulary: int) -> None:
        self.how, self.case = how, case
        target, draft, tokens = logits(case, vocabulary)
        kind = GivenBlocks if kernel == "native" else Given
        capacity = 2 * how.gamma + how.max_tokens + 4
        native = kernel == "native"
        self.lane = CachedModel(kind(target), case.rows, capacity, vocabulary, host=native)
        self.rows = Rows(case.rows, capacity, how, 0)
        names = [str(row) for row in range(case.rows)]
        self.rows.admit(np.arange(case.rows), [[1, 2]] * case.rows, names)
        # The torch loop has q from its own drawing.
        drawn = None if native or how.one_hot_draft else _warped(draft, how)
        block: list[Any] = [one.numpy() if native else one for one in (tokens, draft)]
        self.proposal = Proposal(block[0], block[1], block[1], how, None, drawn)
        self.valid = np.full(case.rows, case.gamma)

    @torch.inference_mode()
    def __call__(self) -> float:
        """Judge the block and draw the token that follows; return the tokens kept a row."""
        verdict = verify(self.lane, self.rows, self.proposal, self.how, self.valid)
        run = leading(verdict.accept, self.valid)
        follow(self.lane, self.rows, self.proposal, verdict, run, self.valid, self.how)
        return float(run.mean())


def _warped(draft: Tensor, how: DecodeOptions) -> Tensor:
    return warp(draft, how.temperature, how.top_p, how.top_k)


def logits(case: Case, vocabulary: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return target, draft and drafted tokens: few likely tokens and a long tail in each row."""
    draws = np.random.default_rng(case.rows * 100 + case.gamma)
    size, ranks = (case.rows, case.gamma + 1, vocabulary), np.arange(1.0, vocabulary + 1)
    tail = -1.2 * np.log(draws.permuted(np.tile(ranks, (*size[:2], 1)), axis=-1))
    draft = (tail + draws.standard_normal(size)).astype(np.float32)
    target = draft + _NOISE * draws.standard_normal(size, np.float32)
    tokens = torch.from_numpy(draft[:, :-1].argmax(-1))
    return torch.from_numpy(target), torch.from_numpy(draft)[:, :-1].contiguous(), tokens


def measure(models: Models, steps: Steps) -> dict[tuple[Case, str], tuple[list[Lap], float]]:
    """Time every case by both kernels in turns; return the laps, and the tokens kept a row."""
    settings = models.settings
    cases = [
        Case(rule, heat, gamma, rows)
        for gamma in settings.accept_gammas
        for rows in settings.accept_batches
        for heat in settings.temperatures
        for rule in RULES
    ]
    steps.begin("synthetic logits", len(cases))
    found: dict[tuple[Case, str], tuple[list[Lap], float]] = {}
    for case in cases:
        found |= _measured(models, case)
        steps.step()
    return found


def _measured(models: Models, case: Case) -> dict[tuple[Case, str], tuple[list[Lap], float]]:
    settings = models.settings
    how = options(models, case.rule, case.temperature, case.gamma)
    made = {kernel: Step(case, kernel, how, settings.vocabulary) for kernel in KERNELS}
    kept = {kernel: step() for kernel, step in made.items()}  # warm up
    laps: dict[str, list[Lap]] = {kernel: [] for kernel in KERNELS}
    for _ in range(max(1, settings.repeats // 3)):
        for kernel, step in made.items():
            laps[kernel].append(timed(step)[1])
    return {(case, kernel): (laps[kernel], kept[kernel]) for kernel in KERNELS}
