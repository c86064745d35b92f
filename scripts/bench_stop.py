"""Measure `sampler.stop_below` on the pair that ships: tokens/s with a bound over none, at batch 1.

    python scripts/bench_stop.py --gamma 5 16 --temperature 0.6 0 --bounds 0.3 0.5

Problems are of the calibration split: a bound that is chosen here has seen no test problem. Arms
are interleaved problem by problem and the one that goes first changes. Ratios are of total
tokens/s, with a 95 % interval from a paired bootstrap over units.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

import torch
from bench_decode import Pair, Prompts, Timing, eos_ids, load, measure, own_arm, rate, ratio

from llmx.config.compose import compose
from llmx.core.exchange import ask
from llmx.data import load as load_data
from llmx.engines.hf import HfEngine
from llmx.engines.locate import ZOO
from llmx.methods.decode import DecodeOptions


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gamma", type=int, nargs="+", default=[5, 16])
    parser.add_argument("--temperature", type=float, nargs="+", default=[0.6, 0.0])
    parser.add_argument("--bounds", type=float, nargs="+", default=[0.3, 0.5])
    parser.add_argument("--problems", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--max-new", type=int, default=160)
    parser.add_argument("--draft-mode", choices=("sampled", "greedy"), default="sampled")
    parser.set_defaults(target=ZOO / "gsm_target", draft=ZOO / "gsm_draft", no_lean=False)
    return parser.parse_args()


def prompts(problems: int) -> Prompts:
    """Return the first problems of the calibration split."""
    arm = compose("fsd_gsm8k").arms["sd"]
    assert arm.data is not None and arm.sampler is not None
    engine = HfEngine(arm.model, arm.engine)
    samples = load_data(arm.data, "calibration", problems)
    return [engine.prompt_ids(ask(sample, "", arm.sampler, 0)) for sample in samples]


def show(name: str, units: Sequence[Timing], plain: Sequence[Timing]) -> None:
    """Print one arm beside the arm without a bound."""
    value, low, high = ratio(units, plain)
    rounds = sum(one.rounds for one in units)
    tokens = sum(one.tokens for one in units)
    kept = sum(one.accepted for one in units) / rounds
    print(
        f"  {name:<16}{rate(units):8.1f} tokens/s  {value:.3f} [{low:.3f}, {high:.3f}]  "
        f"{tokens} tokens, {tokens / rounds:.2f} a round, {kept:.2f} kept"
    )


def setting(pair: Pair, base: DecodeOptions, args: argparse.Namespace, given: Prompts) -> None:
    """Measure every bound at one γ and one temperature."""
    bounds = [0.0, *args.bounds]
    found = {f"stop_below={b}": own_arm(pair, replace(base, stop_below=b), 1) for b in bounds}
    timings = measure(found, given, 1, args.rounds)
    print(f"\nγ={base.gamma} T={base.temperature} {base.draft}: {len(given)} problems")
    for name, units in timings.items():
        show(name, units, timings["stop_below=0.0"])


def main() -> None:
    """Measure and print every combination."""
    args = parse()
    args.gamma, gammas = max(args.gamma), args.gamma
    torch.set_num_threads(1)
    pair, given = load(args), prompts(args.problems)
    for gamma in gammas:
        for temperature in args.temperature:
            base = DecodeOptions(
                "speculative",
                temperature=temperature,
                max_tokens=args.max_new,
                gamma=gamma,
                draft=args.draft_mode,
                eos_ids=eos_ids(pair.target),
            )
            setting(pair, base, args, given)


if __name__ == "__main__":
    main()
