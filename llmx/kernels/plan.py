"""What a rule asks of the kernels over a shape: sizes and flags, without a tensor."""

from __future__ import annotations

import math
from dataclasses import dataclass

from llmx.kernels.block import DIVERGENCES, Block, Pairs, Rule

# These need both normalisers at every token, and so a second read of both rows.
TWICE = frozenset(("js", "ag", "tv"))


def bytes_read(block: Block, rule: Rule) -> int:
    """Return bytes of logits that are read to decide a block and to draw what follows.

    Each pair of rows once, or twice for a divergence of :data:`TWICE`; then the one row of each
    sequence that the next token is drawn from, and the draft's where a residual may be needed. Sums
    of chunks are a few thousandths of that, and left out.
    """
    p, q = (x.element_size() * block.vocab * block.rows for x in (block.target, block.draft))
    ratio = rule.tests_ratio and not rule.one_hot_draft
    pair = p + (q if rule.divergence is not None or ratio else 0)
    passes = 2 if rule.divergence in TWICE else 1
    return passes * block.width * pair + p + (q if ratio and block.width else 0)


ORDER = {name: place for place, name in enumerate(DIVERGENCES)}
FLAGS = {name: name.removeprefix("draft_").upper() for name in DIVERGENCES}
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


@dataclass(frozen=True)
class KernelPlan:
    """B rows of K drafted tokens over a vocabulary of V, under one rule.

    Attributes:
        rule: None where divergences alone are asked for.
        names: divergences to compute; the rule's own among them.
        rows, width, vocab: B, K, V.
    """

    rule: Rule | None
    names: frozenset[str]
    rows: int
    width: int
    vocab: int
    shape: Shape = DEFAULT

    @classmethod
    def of(
        cls, block: Pairs, rule: Rule | None, report: tuple[str, ...], shape: Shape = DEFAULT
    ) -> KernelPlan:
        """Return the plan of a block; `report` names divergences besides the rule's own."""
        own = () if rule is None or rule.divergence is None else (rule.divergence,)
        return cls(rule, frozenset((*own, *report)), block.rows, block.width, block.vocab, shape)

    @property
    def pairs(self) -> int:
        """B times K."""
        return self.rows * self.width

    @property
    def tile(self) -> int:
        """Tokens a chunk."""
        return min(self.shape.tile, power_of_two(self.vocab))

    @property
    def chunks(self) -> int:
        """Chunks a row."""
        return -(-self.vocab // self.tile)

    @property
    def spans(self) -> int:
        """Programs that share a row."""
        return -(-self.chunks // self.shape.span)

    @property
    def scale(self) -> float:
        """What logits are multiplied with before they are drawn from."""
        return 1.0 if self.rule is None or self.rule.greedy else 1.0 / self.rule.temperature

    @property
    def ratio(self) -> bool:
        """Whether the ratio test takes part."""
        return self.rule is not None and self.rule.tests_ratio

    @property
    def one_hot(self) -> bool:
        """Whether q is one-hot."""
        return self.rule is not None and self.rule.one_hot_draft

    @property
    def twice(self) -> bool:
        """Whether some divergence reads both rows again."""
        return bool(self.names & TWICE)

    def numbers(self) -> dict[str, int | float]:
        """Return the kernels' arguments that are numbers."""
        sizes = {"width": self.width, "vocab": self.vocab, "chunks": self.chunks}
        planes = {"plane": self.pairs * self.chunks, "row_plane": self.rows * self.chunks}
        return {**sizes, **planes, "pairs": self.pairs, "rate": self.scale / LN2}

    def flags(self, edged_p: bool, edged_q: bool) -> dict[str, int | bool]:
        """Return the kernels' compile-time arguments.

        Args:
            edged_p, edged_q: whether an edge of the target's or the draft's is read.
        """
        return {
            **self._what(edged_p or edged_q),
            "EDGED_P": edged_p,
            "EDGED_Q": edged_q,
            "TILE": self.tile,
            "SPAN": self.shape.span,
            "WIDTH": power_of_two(self.width),
            "CHUNKS": power_of_two(self.chunks),
            **{FLAGS[name]: name in self.names for name in DIVERGENCES},
        }

    def _what(self, edged: bool) -> dict[str, int | bool]:
        """Return which sums are taken and which tests are made."""
        rule, measures, reads_q = self.rule, bool(self.names), self.ratio and not self.one_hot
        best = rule is not None and rule.keeps_best
        return {
            "RAW": measures,
            "OWN": self.ratio,
            "OWN_DRAFT": reads_q,
            "TEMPERED": self.scale != 1.0 or edged,
            "READS_Q": measures or reads_q,
            "BEST": best,
            "KEEPS_BEST": best,
            "RATIO": self.ratio,
            "ONE_HOT": self.one_hot,
            "GREEDY": rule is not None and rule.greedy,
            "DECIDES": -1 if rule is None or rule.divergence is None else ORDER[rule.divergence],
        }


def power_of_two(number: int) -> int:
    """Return the least power of two that is not smaller; 1 for 0."""
    return 1 << max(number - 1, 0).bit_length()
