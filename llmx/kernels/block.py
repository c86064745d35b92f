"""What the verifier is given, what it is asked, and what it answers. Shapes are checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from llmx.core.errors import ConfigError, nearest

Semantics = Literal["speculative", "research", "fallback", "union"]

# In the order of their rows in what the kernels write.
DIVERGENCES = ("js", "ag", "tv", "kl", "kl_reversed", "draft_token")
SEMANTICS = ("speculative", "research", "fallback", "union")
_FLOATS = (torch.float16, torch.bfloat16, torch.float32)
# Below it, 1/temperature times a difference of logits can leave float32.
_COLDEST = 1e-6


@dataclass(frozen=True)
class Rule:
    """When a drafted token stands, and what follows a rejection; docs/papers/fsd.md has the table.

    Attributes:
        semantics: ``speculative`` (Leviathan et al., arXiv 2211.17192), or how fuzzy decoding
            (Holsman et al., arXiv 2502.20704) treats what its threshold refuses.
        divergence: which decides; None under ``speculative`` only.
        temperature: of the draws and of the ratio, not of the divergence; 0 = arg-max.
        one_hot_draft: q is one-hot on the drafted token (it was the draft's arg-max).

    Raises:
        ConfigError: for a value that cannot be used.
    """

    semantics: Semantics
    divergence: str | None = None
    temperature: float = 1.0
    one_hot_draft: bool = False

    def __post_init__(self) -> None:
        if self.semantics not in SEMANTICS:
            hint = nearest(self.semantics, SEMANTICS)
            raise ConfigError(f"unknown semantics '{self.semantics}'", hint)
        if self.by_divergence != (self.divergence is not None):
            text = f"semantics={self.semantics} with divergence={self.divergence}"
            raise ConfigError(text, "all semantics but speculative need a divergence")
        check_names(() if self.divergence is None else (self.divergence,))
        if not (self.temperature == 0 or _COLDEST <= self.temperature < float("inf")):
            text = f"temperature={self.temperature} is not allowed"
            raise ConfigError(text, f"temperature is 0, or from {_COLDEST} up")

    @property
    def by_divergence(self) -> bool:
        """Whether a divergence takes part."""
        return self.semantics != "speculative"

    @property
    def greedy(self) -> bool:
        """Whether tokens are the arg-max."""
        return self.temperature == 0

    @property
    def tests_ratio(self) -> bool:
        """Whether ``u q(c) < p(c)`` is an acceptance, and a rejection draws from the residual."""
        return self.semantics in ("speculative", "fallback") and not self.greedy

    @property
    def keeps_best(self) -> bool:
        """Whether the target's arg-max is accepted: one-hot p and q make the ratio this test."""
        ratio = self.semantics in ("speculative", "fallback")
        return self.semantics == "union" or (ratio and self.greedy)


def check_names(names: tuple[str, ...]) -> None:
    """Raise ConfigError for a divergence that no kernel computes."""
    for name in names:
        if name not in DIVERGENCES:
            hint = nearest(name, DIVERGENCES)
            raise ConfigError(f"unknown divergence '{name}'", hint)


@dataclass(frozen=True)
class Pairs:
    """B rows of K >= 0 drafted tokens over a vocabulary of V >= 1, all on one device.

    Logits may have any strides. A token is masked by a logit of -inf (or under -1e30); +inf takes
    all mass. Token ids are trusted to be in the vocabulary.

    Attributes:
        target: float16, bfloat16 or float32 (B, K, V), logits.
        draft: the same (B, K, V); the two types may differ.
        tokens: int64 (B, K), drafted.

    Raises:
        ConfigError: for shapes, types or devices that do not fit.
    """

    target: Tensor
    draft: Tensor
    tokens: Tensor

    def __post_init__(self) -> None:
        if self.target.dim() != 3 or self.target.shape[2] == 0 or self.draft.dim() != 3:
            shapes = tuple(self.target.shape), tuple(self.draft.shape)
            raise ConfigError(
                "logits have shapes {} and {}".format(*shapes), "give (B, K, V), V >= 1"
            )
        for name, (shape, kinds) in self._needs().items():
            value = getattr(self, name)
            if value is not None:
                self._check(name, value, shape, kinds)

    def _needs(self) -> dict[str, tuple[tuple[int, ...], tuple[torch.dtype, ...]]]:
        """Return field -> (shape, types)."""
        shape = (self.rows, self.width, self.vocab)
        return {
            "target": (shape, _FLOATS),
            "draft": (shape, _FLOATS),
            "tokens": (shape[:2], (torch.int64,)),
        }

    def _check(
        self, name: str, value: Tensor, shape: tuple[int, ...], kinds: tuple[torch.dtype, ...]
    ) -> None:
        if tuple(value.shape) != shape:
            raise ConfigError(f"{name} has shape {tuple(value.shape)}", f"give {shape}")
        if value.dtype not in kinds:
            wanted = " or ".join(str(kind).removeprefix("torch.") for kind in kinds)
            raise ConfigError(f"{name} is {str(value.dtype).removeprefix('torch.')}", wanted)
        if value.device != self.target.device:
            where = f"{name} is on {value.device}, target on {self.target.device}"
            raise ConfigError(where, "move it")

    @property
    def rows(self) -> int:
        """B."""
        return self.target.shape[0]

    @property
    def width(self) -> int:
        """K."""
        return self.draft.shape[1]

    @property
    def vocab(self) -> int:
        """V."""
        return self.target.shape[2]


@dataclass(frozen=True)
class Block(Pairs):
    """Pairs, the target's row after them, and what decisions and draws depend on.

    Attributes:
        target: (B, K+1, V); the last column is the bonus's.
        keys: int64 (B,), the bits of :func:`llmx.core.philox.keys`.
        position: int64 (B,), output position of the first drafted token.
        valid: int64 (B,), how many drafted tokens count (an EOS or the cap ends them earlier).
        threshold: float32 (B, K), of the divergence; may be expanded. Read by rules by divergence.
        target_edge: float32 (B, K+1), the least logit that top-p and top-k leave in the target
            (see :mod:`llmx.kernels.edge`); None = nothing is cut off. Divergences ignore it.
        draft_edge: float32 (B, K), the same of the draft.
    """

    keys: Tensor
    position: Tensor
    valid: Tensor
    threshold: Tensor | None = None
    target_edge: Tensor | None = None
    draft_edge: Tensor | None = None

    def _needs(self) -> dict[str, tuple[tuple[int, ...], tuple[torch.dtype, ...]]]:
        rows, width = self.rows, self.width
        whole, real = (torch.int64,), (torch.float32,)
        return super()._needs() | {
            "target": ((rows, width + 1, self.vocab), _FLOATS),
            "keys": ((rows,), whole),
            "position": ((rows,), whole),
            "valid": ((rows,), whole),
            "threshold": ((rows, width), real),
            "target_edge": ((rows, width + 1), real),
            "draft_edge": ((rows, width), real),
        }


def check_threshold(block: Block, rule: Rule) -> None:
    """Raise ConfigError for a rule by divergence without thresholds."""
    if rule.by_divergence and block.threshold is None:
        text = f"semantics={rule.semantics} without a threshold"
        raise ConfigError(text, "give Block.threshold, float32 (B, K)")


@dataclass(frozen=True)
class Outcome:
    """The verifier's answer.

    Attributes:
        divergences: name -> float32 (B, K), as :mod:`llmx.papers.fsd.divergence` defines them.
        normalisers: of the rows that were read: ``target`` and ``draft``, the log-sum-exp of
            the raw logits, where a divergence was asked for; ``target_warped`` and
            ``draft_warped``, of ``logits / temperature`` above the edge, where the ratio was
            tested. float32 (B, K). On CUDA each is computed when it is read, not before.
        chances: p(c) and q(c) of the ratio test, float32 (2, B, K); None without that test.
        accept: bool (B, K), the rule at each token, taken alone.
        length: int64 (B,), accepted tokens before the first rejection.
        token: int64 (B,), the replacement, or the bonus where all valid tokens stand.
    """

    divergences: dict[str, Tensor]
    normalisers: Mapping[str, Tensor]
    chances: Tensor | None
    accept: Tensor
    length: Tensor
    token: Tensor
