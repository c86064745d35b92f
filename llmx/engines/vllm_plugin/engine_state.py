"""What the plugin knows of a running engine: its requests, their blocks, and what was counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmx.engines.vllm_plugin.acceptance import StepOutcome, Verified, outcome
from llmx.engines.vllm_plugin.answer import InFlight
from llmx.engines.vllm_plugin.drafting import Drafting
from llmx.engines.vllm_plugin.groups import Row, alike
from llmx.engines.vllm_plugin.rule import rule_of

_KEPT = 4096  # counts of finished requests that nobody asked for


class EngineState:
    """One a model runner.

    Args:
        config: ``additional_config["llmx"]``.
        gamma: tokens drafted in a round; 0 without speculation.
    """

    def __init__(self, config: Mapping[str, Any], gamma: int) -> None:
        self.config = dict(config)
        self.gamma = gamma
        self.answers: dict[str, InFlight | None] = {}
        self.params: dict[str, Any] = {}
        self.taken: dict[str, dict[str, Any]] = {}
        self.emitted: dict[str, int] = {}
        self.drafting: Drafting | None = None
        self.unmasked: Any = None

    def answer(self, name: str, state: Any) -> InFlight | None:
        """Return what is known of a request; None where it has no rule of llmx's.

        Args:
            name: vLLM's name of the request.
            state: vLLM's ``CachedRequestState``.
        """
        # A request that takes more input gets the rule of its next chunk with new parameters.
        params = state.sampling_params
        if name not in self.answers or self.params[name] is not params:
            rule = None
            if params is not None:
                rule = rule_of(self.config, params, name, self.gamma)
            self.answers[name] = None if rule is None else InFlight(rule)
            self.params[name] = params
        return self.answers[name]

    def rows(self, names: Sequence[str], states: Mapping[str, Any], ahead: bool) -> list[Row]:
        """Return the rows of a batch that have a rule.

        Args:
            ahead: count the tokens of this step, which vLLM has not noted down yet.
        """
        found = []
        for place, name in enumerate(names):
            answer = self.answer(name, states[name])
            if answer is not None:
                more = self.emitted.get(name, 0) if ahead else 0
                given = len(states[name].output_token_ids) + more
                found.append((place, answer, answer.rule.position + given))
        return found

    def accept(
        self, seen: Verified, rows: Sequence[Row], names: Sequence[str], discarded: Any
    ) -> list[tuple[int, list[int]]]:
        """Return the tokens of each row that has a rule.

        Args:
            discarded: (B,), rows in the middle of their prompt: what they give is thrown away.
        """
        given = []
        self.emitted = {}
        for options, members in alike(rows):
            found = outcome(seen, members, options)
            for at, (place, answer, position) in enumerate(members):
                tokens = found.tokens[at, : found.count[at]].tolist()
                given.append((place, tokens))
                if not discarded[place]:
                    self.emitted[names[place]] = len(tokens)
                    self._count(answer, found, at, position)
        return given

    def _count(self, answer: InFlight, found: StepOutcome, at: int, position: int) -> None:
        count, run, drafted = (int(x[at]) for x in (found.count, found.accepted, found.drafted))
        tally = answer.tally
        tally.rounds.append((drafted, run, count))
        marks = found.fragile[at, :count].nonzero()[0]
        tally.fragile += (position + marks).tolist()
        if found.divergence is not None:
            seen = min(run + 1, drafted)
            tally.divergences += enumerate(found.divergence[at, :seen].tolist())

    def forget(self, names: Sequence[str]) -> None:
        """Drop requests that have ended; counts of those with a key stay until they are taken."""
        for name in names:
            answer = self.answers.pop(name, None)
            self.emitted.pop(name, None)
            self.params.pop(name, None)
            if answer is not None and answer.rule.key is not None:
                self.taken[answer.rule.key] = answer.tally.plain()
        while len(self.taken) > _KEPT:
            self.taken.pop(next(iter(self.taken)))

    def take(self, key: str) -> dict[str, Any] | None:
        """Return the counts of one request, ended or not, and forget them."""
        if key in self.taken:
            return self.taken.pop(key)
        for answer in self.answers.values():
            if answer is not None and answer.rule.key == key:
                return answer.tally.plain()
        return None
