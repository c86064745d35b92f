"""How many bytes of logits the kernels must read: what a time is compared with."""

from __future__ import annotations

from llmx.kernels.block import Block, Rule

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
