"""Runs the Triton kernels over a block: three launches to five, no wait for the device."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from llmx.kernels.block import DIVERGENCES, Block, Pairs, Rule
from llmx.kernels.traffic import TWICE

ORDER = {name: place for place, name in enumerate(DIVERGENCES)}
FLAGS = {name: name.removeprefix("draft_").upper() for name in DIVERGENCES}


# Triton's default differs by version.
FUSION = {"enable_fp_fusion": True}
LN2 = math.log(2)
# Tokens a chunk: part of the result's last bits, and so the same for every launch.
TILE = 4096


@dataclass(frozen=True)
class Shape:
    """How the work is dealt out; changes no bit but through `warps`.

    Attributes:
        span: chunks a program.
        warps: of the passes over the vocabulary.
        tile: tokens a chunk, a power of two; another one moves last bits.
    """

    span: int = 1
    warps: int = 4
    tile: int = TILE


DEFAULT = Shape()


class Launch:
    """One block on its way through the kernels.

    Args:
        names: divergences to compute; the rule's own among them.
    """

    def __init__(
        self, block: Pairs, rule: Rule | None, names: frozenset[str], shape: Shape
    ) -> None:
        self.block, self.rule, self.names, self.shape = block, rule, names, shape
        self.ratio = rule is not None and rule.tests_ratio
        self.one_hot = rule is not None and rule.one_hot_draft
        self.pairs = block.rows * block.width
        self.tile = min(shape.tile, _power_of_two(block.vocab))
        self.chunks = -(-block.vocab // self.tile)
        self.scale = 1.0 if rule is None or rule.greedy else 1.0 / rule.temperature
        self.rate = self.scale / LN2
        edges = self._edges()
        self.rows = (
            block.target,
            block.draft,
            *block.target.stride(),
            *block.draft.stride(),
            *edges,
        )
        self.edged = {"EDGED_P": edges[0] is not None, "EDGED_Q": edges[1] is not None}
        self._allocate()

    def _edges(self) -> tuple[Tensor | None, Tensor | None]:
        """Return the edges that are read: an arg-max needs none, nor does a one-hot draft."""
        block, rule = self.block, self.rule
        if rule is None or rule.greedy or not isinstance(block, Block):
            return None, None
        wants_draft = self.ratio and not self.one_hot and block.width > 0
        return _packed(block.target_edge), _packed(block.draft_edge) if wants_draft else None

    def _allocate(self) -> None:
        from llmx.kernels.fused import compare, draw, judge, survey

        rows, width, chunks = self.block.rows, self.block.width, self.chunks
        self.stats = self._new(survey.PLANES, self.pairs, chunks)
        self.parts = self._new(compare.PARTS, self.pairs, chunks)
        self.notes = self._new(judge.NOTES, rows, width)
        self.masses = self._new(draw.MASSES, rows, chunks)
        self.best = self._new(max(self.pairs, rows), chunks, kind=torch.int32)
        self.accept = self._new(rows, width, kind=torch.int8)
        self.length = self._new(rows, kind=torch.int64)
        self.token = self._new(rows, kind=torch.int64)

    def _new(self, *shape: int, kind: torch.dtype = torch.float32) -> Tensor:
        return torch.empty(shape, dtype=kind, device=self.block.target.device)

    def _asked(self, *names: str) -> dict[str, bool]:
        """Return the flags of the kernels' divergences."""
        return {FLAGS[name]: name in self.names for name in names}

    def survey(self) -> None:
        """Read both rows of every pair once."""
        from llmx.kernels.fused.survey import survey

        edged = self.edged["EDGED_P"] or self.edged["EDGED_Q"]
        survey[self._grid(self.pairs)](
            *self.rows,
            *(self.stats, self.best, self.rate),
            *(self.block.width, self.block.vocab, self.chunks, self.pairs * self.chunks),
            RAW=bool(self.names),
            OWN=self.ratio,
            OWN_DRAFT=self.ratio and not self.one_hot,
            TEMPERED=self.scale != 1.0 or edged,
            READS_Q=bool(self.names) or (self.ratio and not self.one_hot),
            BEST=self.rule is not None and self.rule.keeps_best,
            **self.edged,
            **self._asked("kl", "kl_reversed"),
            **self._passes(),
        )

    def compare(self) -> None:
        """Read them again, with both normalisers at hand."""
        from llmx.kernels.fused.compare import compare

        compare[self._grid(self.pairs)](
            *self.rows,
            *(self.stats, self.parts),
            *(self.block.width, self.block.vocab, self.chunks, self.pairs * self.chunks),
            CHUNKS=_power_of_two(self.chunks),
            **self._asked(*TWICE),
            **self._passes(),
        )

    def judge(self) -> None:
        """Decide every drafted token."""
        from llmx.kernels.fused.judge import judge

        block, rule = self.block, self.rule
        decides = -1 if rule is None or rule.divergence is None else ORDER[rule.divergence]
        judge[(self.pairs,)](
            *self.rows,
            *(block.tokens.contiguous(), *self._limits()),
            *(self.stats, self.parts, self.best, self.notes, self.accept, self.rate),
            *(block.width, block.vocab, self.chunks, self.pairs * self.chunks, self.pairs),
            RAW=bool(self.names),
            RATIO=self.ratio,
            KEEPS_BEST=rule is not None and rule.keeps_best,
            ONE_HOT=self.one_hot,
            DECIDES=decides,
            CHUNKS=_power_of_two(self.chunks),
            **self.edged,
            **self._asked(*DIVERGENCES),
            num_warps=1,
            **FUSION,
        )

    def _limits(self) -> tuple[Any, ...]:
        """Return what decisions are taken from: keys, positions, thresholds and their strides."""
        block = self.block
        if not isinstance(block, Block):
            return None, None, None, 0, 0
        strides = (0, 0) if block.threshold is None else block.threshold.stride()
        return block.keys.contiguous(), block.position.contiguous(), block.threshold, *strides

    def draw(self) -> None:
        """Count the accepted tokens, and draw the one after them."""
        from llmx.kernels.fused.draw import pick, weigh

        block = self.block
        assert self.rule is not None and isinstance(block, Block)
        numbers = (block.width, block.vocab, self.chunks, block.rows * self.chunks, self.pairs)
        same: dict[str, Any] = {
            "GREEDY": self.rule.greedy,
            "RATIO": self.ratio,
            "ONE_HOT": self.one_hot,
        }
        same |= {"WIDTH": _power_of_two(block.width), "TILE": self.tile, **self.edged}
        found = (self.notes, self.accept, self.masses, self.best, self.rate)
        asked = tuple(
            _packed(one) for one in (block.tokens, block.keys, block.position, block.valid)
        )
        weigh[(block.rows, self.chunks)](
            *self.rows, *asked, *found, *numbers, **same, num_warps=self.shape.warps, **FUSION
        )
        pick[(block.rows,)](
            *self.rows,
            *asked,
            *found,
            *numbers,
            *(self.length, self.token),
            CHUNKS=_power_of_two(self.chunks),
            **same,
            num_warps=self.shape.warps,
            **FUSION,
        )

    def _grid(self, rows: int) -> tuple[int, int]:
        return rows, -(-self.chunks // self.shape.span)

    def _passes(self) -> dict[str, int]:
        return {"TILE": self.tile, "SPAN": self.shape.span, "num_warps": self.shape.warps, **FUSION}

    def measure(self) -> None:
        """Run what comes before the draw."""
        if self.pairs:
            self.survey()
            if self.names & TWICE:
                self.compare()
            self.judge()


def _packed(values: Tensor | None) -> Tensor | None:
    return None if values is None else values.contiguous()


def _power_of_two(number: int) -> int:
    """Return the least power of two that is not smaller; 1 for 0."""
    return 1 << max(number - 1, 0).bit_length()
