"""Measure `sampler.stop_below` on the pair that ships: tokens/s with a bound over none, at batch 1.

    python scripts/bench_stop.py --gamma 5 16 --temperature 0.6 0 --bounds 0.3 0.5

Problems are of the calibration split: a bound that is chosen here has seen no test problem. Arms
are interleaved problem by problem and the one that goes first changes. Ratios are of total
tokens/s by the thread's processor time, with a 95 % interval from a paired bootstrap over units.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from bench.clock import timed
from bench.spans import ratio_of_rates

from llmx.config.compose import compose
from llmx.core.speech import ask
from llmx.data import load
from llmx.decoding import DecodeOptions, decode_refill
from llmx.engines.hf import HfEngine

Units = list[tuple[float, float]]  # tokens and seconds of each problem


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gamma", type=int, nargs="+", default=[5, 16])
    parser.add_argument("--temperature", type=float, nargs="+", default=[0.6, 0.0])
    parser.add_argument("--bounds", type=float, nargs="+", default=[0.3, 0.5])
    parser.add_argument("--problems", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--kernel", choices=("auto", "native", "torch"), default="auto")
    return parser.parse_args()


class Bench:
    """The pair, and the calibration problems that it answers."""

    def __init__(self, kernel: str, problems: int) -> None:
        arm = compose("fsd_gsm8k").arms["sd"]
        assert arm.data is not None and arm.sampler is not None
        self.engine = HfEngine(arm.model, arm.engine.model_copy(update={"kernel": kernel}))
        samples = load(arm.data, "calibration", problems)
        asks = [ask(sample, "", arm.sampler, 0) for sample in samples]
        self.prompts = [self.engine.prompt_ids(one) for one in asks]
        self.base = self.engine.options(arm.sampler, 0.0)

    def measure(self, arms: Mapping[str, DecodeOptions], rounds: int) -> dict[str, Units]:
        """Let every arm answer every problem, interleaved."""
        found: dict[str, Units] = {name: [] for name in arms}
        for seed in range(-1, rounds):  # the first round warms up
            for place, prompt in enumerate(self.prompts):
                names = list(arms)
                first = (place + seed) % len(names)
                for name in names[first:] + names[:first]:
                    unit = self._answer(prompt, arms[name], seed)
                    if seed >= 0:
                        found[name].append(unit)
        return found

    def _answer(self, prompt: list[int], options: DecodeOptions, seed: int) -> tuple[float, float]:
        pair = self.engine.pair
        models = pair.target, pair.draft
        work = lambda: decode_refill(*models, [prompt], ["one"], options, seed, slots=1)  # noqa: E731
        outputs, lap = timed(work)
        return float(len(outputs[0].token_ids)), lap.processor


def show(found: Mapping[str, Units]) -> None:
    """Print each arm beside the one without a bound."""
    plain = found["off"]
    for name, units in found.items():
        tokens, seconds = (sum(column) for column in zip(*units, strict=True))
        print(f"  {name:<8}{tokens / seconds:8.1f} tokens/s  {ratio_of_rates(units, plain)}")


def arms_of(base: DecodeOptions, bounds: Sequence[float]) -> dict[str, DecodeOptions]:
    """Return the sampler without a bound and with each."""
    return {"off": base, **{str(bound): replace(base, stop_below=bound) for bound in bounds}}


def main() -> None:
    """Measure and print every combination."""
    args = parse()
    torch.set_num_threads(1)
    bench = Bench(args.kernel, args.problems)
    for gamma in args.gamma:
        for temperature in args.temperature:
            base = replace(bench.base, gamma=gamma, temperature=temperature)
            print(f"\nγ={gamma} T={temperature} {base.draft}: {len(bench.prompts)} problems")
            show(bench.measure(arms_of(base, args.bounds), args.rounds))


if __name__ == "__main__":
    main()
