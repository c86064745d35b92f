"""What deciding costs beside running the target: the accept step of every rule, by block length.

    python scripts/bench_accept.py                    the pair that ships, on its test problems

The accept step is all that lies between the target's logits and the emitted tokens: warping,
divergence, ratio test, replacement or bonus token. It is timed inside the real loop, round by
round, at batch 1; printed is its time over that of the target's forward of the same rounds, with a
95 % interval over problems, and what is left of a round beside both models.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import transformers

from llmx.config.compose import compose
from llmx.core.exchange import ask
from llmx.core.spec import SamplerSpec
from llmx.data import load
from llmx.engines.hf import HfEngine
from llmx.methods.decode import decode_refill, rounds, verify
from llmx.stats import ratio_of_means

RULES: dict[str, dict[str, Any]] = {
    "SD": {"algorithm": "speculative"},
    "FSD research": {"algorithm": "fuzzy", "draft": "greedy", "threshold": 0.1},
    "FSD fall-back": {
        "algorithm": "fuzzy",
        "draft": "greedy",
        "threshold": 0.1,
        "semantics": "fallback",
    },
}


@dataclass
class Watch:
    """Seconds by name, of the problem at hand."""

    seconds: dict[str, float] = field(default_factory=dict)

    def over(self, home: Any, name: str, label: str) -> None:
        """Time every call of a function of a module or object from now on."""
        inner: Callable[..., Any] = getattr(home, name)

        def timed(*args: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            try:
                return inner(*args, **named)
            finally:
                spent = time.perf_counter() - begun
                self.seconds[label] = self.seconds.get(label, 0.0) + spent

        setattr(home, name, timed)

    def take(self) -> dict[str, float]:
        """Return what was measured since the last call, and begin anew."""
        found, self.seconds = self.seconds, {}
        return found


def watch(engine: HfEngine) -> Watch:
    """Time both models' forwards and the two halves of the accept step."""
    made = Watch()
    made.over(engine.pair.target, "forward", "target")
    made.over(engine.pair.draft, "forward", "draft")
    made.over(engine.pair.target, "prefill", "prefill")
    made.over(engine.pair.draft, "prefill", "prefill")
    made.over(verify, "judge", "accept")
    made.over(rounds, "follow", "accept")
    return made


def measure(
    engine: HfEngine, made: Watch, prompts: Sequence[list[int]], repeats: int, gammas: Sequence[int]
) -> dict[tuple[str, int], list[dict[str, float]]]:
    """Decode each problem under every rule and block length in turn."""
    cells = {
        (rule, gamma): engine.options(
            SamplerSpec(gamma=gamma, top_p=0.9, temperature=0.6, max_tokens=160, **settings),
            settings.get("threshold", 0.0),
        )
        for rule, settings in RULES.items()
        for gamma in gammas
    }
    found: dict[tuple[str, int], list[dict[str, float]]] = {cell: [] for cell in cells}
    for turn in range(-1, repeats):  # the first turn warms up
        for place, prompt in enumerate(prompts):
            for cell, options in cells.items():
                made.take()
                begun = time.perf_counter()
                pair = engine.pair
                decode_refill(
                    pair.target, pair.draft, [prompt], [f"{place}"], options, turn, slots=1
                )
                row = {"all": time.perf_counter() - begun, **made.take()}
                if turn >= 0:
                    found[cell].append(row)
    return found


def show(found: dict[tuple[str, int], list[dict[str, float]]]) -> None:
    """Print a line a rule and block length."""
    print("rule            gamma   accept step / target forward   rest of a round (% of all)")
    for (rule, gamma), rows in found.items():
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        span = ratio_of_means(columns["accept"], columns["target"])
        known = sum(columns[name] for name in ("accept", "target", "draft", "prefill"))
        rest = 100 * float((columns["all"] - known).sum() / columns["all"].sum())
        text = f"{100 * span.estimate:.1f} % ({100 * span.low:.1f} to {100 * span.high:.1f})"
        print(f"{rule:<16}{gamma:>5}   {text:<29}  {rest:.1f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--gamma", type=int, nargs="+", default=[5, 16])
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    arm = compose("fsd_gsm8k").arms["sd"]
    assert arm.data is not None and arm.sampler is not None
    engine = HfEngine(arm.model, arm.engine)
    samples = load(arm.data, "test", args.problems)
    prompts = [engine.prompt_ids(ask(sample, "", arm.sampler, 0)) for sample in samples]
    show(measure(engine, watch(engine), prompts, args.repeats, args.gamma))


if __name__ == "__main__":
    main()
