"""The settings of a decoding run, checked once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from llmx.core.errors import ConfigError
from llmx.core.spec import Algorithm, Divergence, DraftMode, FirstBlock, Semantics
from llmx.core.speech import LOSSLESS, Deferral, brought
from llmx.decoding.stateful_rule import Beside, StatefulRule, stateful_rule

_INFINITE = float("inf")


@dataclass(frozen=True)
class DecodeOptions:
    """How tokens are drawn.

    Attributes:
        algorithm: ``target`` or ``draft`` alone, lossless ``speculative`` (Leviathan et al.,
            arXiv 2211.17192), lossless ``block`` verification (Sun et al., arXiv 2403.10444),
            ``fuzzy`` (Holsman et al., arXiv 2502.20704), ``random``
            acceptance, the control of the latter, or ``ensemble``: speculation against
            ``w p + (1 - w) q``, the lossy option of transformers (`assistant_ensemble_weight`).
            ``typical`` acceptance (Cai et al., arXiv 2401.10774), ``fly`` (Li et al., arXiv
            2511.22972) and speculative ``cascade`` (Narasimhan et al., arXiv 2405.19261): see
            :mod:`llmx.decoding.lossy_rules`. Any other is a rule that a package brings: see
            :mod:`llmx.decoding.accept_rule` and :mod:`llmx.decoding.stateful_rule`.
        temperature: 0 = arg-max.
        top_k: 0 = off.
        repetition_penalty: divides the positive logits of every token of prompt and output, and
            multiplies the negative ones (Keskar et al., arXiv 1909.05858, section 4.1).
        presence_penalty, frequency_penalty: taken from the logits of output tokens, once, and
            once an occurrence.
        gamma: tokens drafted in a round.
        draft: ``sampled`` draws from the draft's own warped distribution, the acceptance ratio
            then uses that distribution; ``greedy`` drafts the arg-max and the ratio uses a one-hot
            q. Both are lossless under ``speculative``. ``greedy_soft`` drafts the arg-max but
            keeps the draft's distribution in the ratio, as transformers 4.44 did, which the paper
            used: it accepts more, and is not lossless.
        semantics: of a rule by divergence. ``research``: accept iff it is at most the threshold,
            otherwise draw from the full target. ``fallback``: otherwise the speculative test
            decides, and a rejection draws from its residual. ``union``: as ``research``, but the
            target's own arg-max is always kept.
        divergence: which; of the distributions named by `divergence_on`: ``raw`` (temperature 1,
            nothing cut off or penalised) or ``warped`` (what tokens are drawn from).
        divergence_top_k: look at the target's top k tokens and one bucket for the rest; 0 = all.
        threshold: nats for ``fuzzy`` (infinite values allowed), a probability for ``random``; ε of
            ``typical``, least entropy in nats of ``fly``, α of ``cascade``.
        hold_share: None, or the draft share that each answer's own threshold is moved to hold.
        hold_gain: of that loop; see :mod:`llmx.decoding.stateful_rule`.
        floor: an accept by divergence needs at least this target probability of the token.
        budget: nats; an accept by divergence needs what is charged to an answer to stay under it.
        strict_ids: tokens whose threshold is ``strict_scale * threshold``.
        stop_below: a draft stops before the first position at which its likeliest token has less
            than this probability (of its scores at temperature 1, penalties included, nothing cut
            off); the target gives the next token. 0 = off. It may stop at once.
        ensemble_weight: w, of the target.
        window: of ``fly``, tokens that must pass behind a rejection; None = min(6, γ - 1), as in
            vLLM.
        deferral: rule of ``cascade``.
        eos_ids: tokens that end an output; they are part of it.
        logprobs: keep the log-probability of every token; changes none of them.
        first_block: ``draft`` drafts from the prompt at once, as the authors' code does;
            ``target`` takes one target token first, as vLLM does. The law of ``fuzzy`` depends
            on it, since the alignment of the blocks does.

    Raises:
        ConfigError: for a value out of range.
    """

    algorithm: Algorithm
    temperature: float = 0.6
    top_p: float = 0.9
    top_k: int = 0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    max_tokens: int = 160
    gamma: int = 5
    draft: DraftMode = "sampled"
    semantics: Semantics = "research"
    divergence: Divergence = "js"
    divergence_top_k: int = 0
    divergence_on: Literal["raw", "warped"] = "raw"
    threshold: float = 0.0
    hold_share: float | None = None
    hold_gain: float = 0.5
    floor: float = 0.0
    budget: float = _INFINITE
    strict_ids: tuple[int, ...] = ()
    strict_scale: float = 0.0
    stop_below: float = 0.0
    ensemble_weight: float = 1.0
    window: int | None = None
    deferral: Deferral = "opt"
    eos_ids: tuple[int, ...] = ()
    first_block: FirstBlock = "draft"
    logprobs: bool = False

    def __post_init__(self) -> None:
        for name, (true, wanted) in self._needs().items():
            if not true:
                text = f"decoding option {name}={getattr(self, name)} is not allowed"
                raise ConfigError(text, f"{name} is {wanted}")

    def _needs(self) -> dict[str, tuple[bool, str]]:
        """Return field -> (whether it is in range, what the range is); NaN is in none."""
        limit, reached = self._limit()
        return {
            "temperature": (0 <= self.temperature < _INFINITE, "0 or more"),
            "top_p": (0 < self.top_p <= 1, "a number in (0, 1]"),
            "top_k": (self.top_k >= 0, "0 (off) or more"),
            "repetition_penalty": (0 < self.repetition_penalty < _INFINITE, "above 0"),
            "presence_penalty": (abs(self.presence_penalty) < _INFINITE, "a finite number"),
            "frequency_penalty": (abs(self.frequency_penalty) < _INFINITE, "a finite number"),
            "max_tokens": (self.max_tokens >= 1, "1 or more"),
            "gamma": (self.gamma >= 1, "1 or more"),
            "threshold": (reached, limit),
            "divergence_top_k": (self.divergence_top_k >= 0, "0 (off) or more"),
            "floor": (0 <= self.floor < 1, "a number in [0, 1)"),
            "budget": (self.budget >= 0, "0 or more"),
            "strict_scale": (0 <= self.strict_scale <= 1, "a number in [0, 1]"),
            "stop_below": (0 <= self.stop_below <= 1, "a number in [0, 1]"),
            "ensemble_weight": (0 < self.ensemble_weight <= 1, "a number in (0, 1]"),
            "hold_share": (self.hold_share is None or 0 < self.hold_share < 1, "in (0, 1)"),
            "window": (self._window_fits(), "from 1 to gamma - 1"),
            "hold_gain": (0 < self.hold_gain < _INFINITE, "above 0"),
        }

    def _limit(self) -> tuple[str, bool]:
        """Return what the threshold has to be, and whether it is."""
        if self.algorithm == "random":
            return "a probability for algorithm=random", 0 <= self.threshold <= 1
        if self.tightens:
            return f"0 or more for algorithm={self.algorithm}", self.threshold >= 0
        return "a number", self.threshold == self.threshold

    def _window_fits(self) -> bool:
        return self.algorithm != "fly" or 1 <= self.deferral_window < self.gamma

    @property
    def uses_target(self) -> bool:
        """Whether a target model is run at all."""
        return self.algorithm != "draft"

    @property
    def uses_draft(self) -> bool:
        """Whether a draft model is run at all."""
        return self.algorithm != "target"

    @property
    def drafts_greedily(self) -> bool:
        """Whether the drafted token is the arg-max of the draft."""
        return self.draft != "sampled" or self.temperature == 0

    @property
    def one_hot_draft(self) -> bool:
        """Whether q is one-hot in the acceptance ratio."""
        return self.draft == "greedy" or self.temperature == 0

    @cached_property
    def stateful(self) -> StatefulRule | None:
        """The rule, if it is one with a memory: looked up once, not in every round."""
        return stateful_rule(self.algorithm)

    @cached_property
    def _beside(self) -> Beside | None:
        return None if self.stateful is None else self.stateful.beside(self)

    @property
    def tests_ratio(self) -> bool:
        """Whether the speculative test takes part in acceptance."""
        ratio = (*LOSSLESS, "ensemble", "fly", "cascade")
        return self.algorithm in ratio or self._beside == "ratio"

    @property
    def lossless(self) -> bool:
        """Whether a drafted text has the target's law (but for ``greedy_soft`` drafts)."""
        return self.algorithm in LOSSLESS

    @property
    def draft_decides(self) -> bool:
        """Whether the text depends on what is drafted: not where it is the target's arg-max."""
        return not self.lossless or self.temperature > 0

    @property
    def looks_ahead(self) -> bool:
        """Whether a drafted token can fall for what was drafted behind it.

        Then no row may be cut at its first rejection, and nothing may be drawn again from the
        random numbers of tokens that were refused.
        """
        return self.joint or self.algorithm == "fly"

    @property
    def joint(self) -> bool:
        """Whether a block is verified as a whole; one arg-max after the other is no less."""
        return self.algorithm == "block" and self.temperature > 0

    @property
    def tests_first(self) -> bool:
        """Whether the target's own arg-max is accepted: one-hot distributions have no ratio."""
        return self._beside == "first" or (
            self.temperature == 0 and (self.tests_ratio or self.rival)
        )

    @property
    def penalised(self) -> bool:
        """Whether logits depend on the tokens that came before by a penalty."""
        none = self.repetition_penalty == 1
        return not (none and self.presence_penalty == 0 and self.frequency_penalty == 0)

    @property
    def guarded(self) -> bool:
        """Whether something besides the threshold can refuse what a threshold accepts."""
        return self.floor > 0 or self.budget < _INFINITE or bool(self.strict_ids)

    @property
    def rival(self) -> bool:
        """Whether the rule is one of :mod:`llmx.decoding.lossy_rules`."""
        return self.algorithm in ("typical", "fly", "cascade")

    @property
    def brought(self) -> bool:
        """Whether the rule is an ``AcceptRule`` of a package, or of no known kind."""
        return brought(self.algorithm) and self.stateful is None

    @property
    def tightens(self) -> bool:
        """Whether a larger threshold keeps fewer tokens."""
        return self.algorithm in ("typical", "fly")

    @property
    def strictest(self) -> float:
        """The threshold at which nothing stands but what stands without it."""
        return _INFINITE if self.tightens else -_INFINITE

    def threshold_at(self, distance: float) -> float:
        """Return the threshold that keeps tokens up to a distance; see `lossy_rules`."""
        return max(0.0, -distance) if self.tightens else distance

    @property
    def deferral_window(self) -> int:
        """Tokens behind a rejection that ``fly`` looks at; 0 for other rules."""
        if self.algorithm != "fly":
            return 0
        return min(6, self.gamma - 1) if self.window is None else self.window

    @cached_property
    def undrafted(self) -> DecodeOptions:
        """How the tokens are picked that no draft proposed: under ``typical`` the arg-max."""
        return replace(self, temperature=0.0) if self.algorithm == "typical" else self
