"""Measure decoding on two model folders: our loops beside transformers' own.

    python scripts/bench_decode.py                    the pair that ships, on its test problems
    python scripts/bench_decode.py --target FOLDER --draft FOLDER --prompts FILE

The arms are interleaved problem by problem, so that a noisy machine hits all alike. A unit is one
problem at batch 1, or two batches of problems (slots refilled) at a larger one. Printed are the
median tokens/s of the units, and ratios of total tokens/s with a 95 % interval from a paired
bootstrap over units. Prefill counts in every arm.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from llmx.config.compose import compose
from llmx.core.exchange import ask
from llmx.data import load as load_data
from llmx.engines.hf import HfEngine
from llmx.engines.locate import ZOO
from llmx.engines.step import build_step_model
from llmx.methods.decode import Decoded, DecodeOptions, StepModel, decode_refill

Prompts = list[list[int]]
TARGET, GENERATE, ASSISTED = "target (ours)", "generate (transformers)", "assisted (transformers)"
SD, FSD = "SD (ours)", "FSD (ours)"
RATIOS = ((SD, TARGET), (SD, ASSISTED), (FSD, SD), (FSD, TARGET), (TARGET, GENERATE))


@dataclass(frozen=True)
class Timing:
    """One unit of one arm: what it emitted, how long it took, target rounds where known."""

    tokens: int
    seconds: float
    rounds: int = 0
    accepted: int = 0


@dataclass(frozen=True)
class Pair:
    """The two models, as transformers and as step models."""

    target: Any
    draft: Any
    target_step: StepModel
    draft_step: StepModel


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--target", type=Path, default=ZOO / "gsm_target", help="folder")
    parser.add_argument("--draft", type=Path, default=ZOO / "gsm_draft", help="folder")
    parser.add_argument("--prompts", type=Path, help="JSONL with 'prompt_ids' or 'prompt' a line")
    parser.add_argument("--random", type=int, metavar="LENGTH", help="random prompt ids instead")
    parser.add_argument("--problems", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--max-new", type=int, default=100)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--gamma", type=int, default=5)
    parser.add_argument("--temperature", type=float, default=0.6, help="0 = greedy")
    parser.add_argument("--top-p", type=float, default=0.9)
    parser.add_argument("--draft-mode", choices=("sampled", "greedy"), default="sampled")
    parser.add_argument("--threshold", type=float, default=0.1, help="of FSD, nats")
    parser.add_argument("--divergence", default="js")
    parser.add_argument("--semantics", choices=("research", "fallback"), default="research")
    parser.add_argument("--no-lean", action="store_true", help="transformers' forward in our loops")
    parser.add_argument("--json", type=Path, help="write every figure here")
    return parser.parse_args()


def load(args: argparse.Namespace) -> Pair:
    """Load both folders in float32."""
    target, draft = (
        transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        for folder in (args.target, args.draft)
    )
    draft.generation_config.num_assistant_tokens = args.gamma
    draft.generation_config.num_assistant_tokens_schedule = "constant"
    draft.generation_config.assistant_confidence_threshold = 0.0
    lean = not args.no_lean
    return Pair(target, draft, build_step_model(target, lean), build_step_model(draft, lean))


def read_prompts(args: argparse.Namespace, vocab: int) -> Prompts:
    """Return token ids: random ones, from a file, or the problems that the pair was made for."""
    if args.random:
        draws = np.random.default_rng(0).integers(0, vocab, (args.problems, args.random))
        rows: Prompts = draws.tolist()
        return rows
    if args.prompts is None:
        return zoo_prompts(args.problems)
    lines = [json.loads(line) for line in args.prompts.read_text().splitlines() if line.strip()]
    if "prompt_ids" in lines[0]:
        return [line["prompt_ids"] for line in lines[: args.problems]]
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.target)
    return [tokenizer(line["prompt"])["input_ids"] for line in lines[: args.problems]]


def zoo_prompts(problems: int) -> Prompts:
    """Return the first problems of the test split that the shipped pair is measured on."""
    arm = compose("fsd_gsm8k").arms["sd"]
    assert arm.data is not None and arm.sampler is not None
    engine = HfEngine(arm.model, arm.engine)
    samples = load_data(arm.data, "test", problems)
    return [engine.prompt_ids(ask(sample, "", arm.sampler, 0)) for sample in samples]


def eos_ids(model: Any) -> tuple[int, ...]:
    """Return the tokens that end an output of this model."""
    ids = model.generation_config.eos_token_id
    return () if ids is None else tuple(np.atleast_1d(ids).tolist())


Arm = Callable[[Prompts, Sequence[str], int], Timing]


def own_arm(pair: Pair, options: DecodeOptions, batch: int) -> Arm:
    """Return an arm that runs one of our loops."""

    def run(prompts: Prompts, ids: Sequence[str], seed: int) -> Timing:
        start = time.perf_counter()
        outputs = decode_refill(
            pair.target_step, pair.draft_step, prompts, ids, options, seed, slots=batch
        )
        seconds = time.perf_counter() - start
        tokens = sum(len(one.token_ids) for one in outputs)
        rounds = sum(one.rounds for one in outputs)
        return Timing(tokens, seconds, rounds, sum(one.accepted for one in outputs))

    return run


def generate_arm(pair: Pair, options: DecodeOptions, batch: int, assisted: bool) -> Arm:
    """Return an arm that runs transformers' generate, left-padded in fixed batches."""
    settings: dict[str, Any] = {"max_new_tokens": options.max_tokens, "do_sample": False}
    if options.temperature > 0:
        settings |= {"do_sample": True, "temperature": options.temperature}
        settings |= {"top_p": options.top_p, "top_k": 0}
    if assisted:
        settings["assistant_model"] = pair.draft
    # Any token will do as padding: it is masked, and outputs are counted up to their own end.
    settings["pad_token_id"] = (options.eos_ids or (0,))[0]

    def run(prompts: Prompts, ids: Sequence[str], seed: int) -> Timing:
        torch.manual_seed(seed)
        start = time.perf_counter()
        parts = [prompts[at : at + batch] for at in range(0, len(prompts), batch)]
        tokens = sum(_generate(pair.target, part, settings, options.eos_ids) for part in parts)
        return Timing(tokens, time.perf_counter() - start)

    return run


def _generate(model: Any, prompts: Prompts, settings: dict[str, Any], ends: tuple[int, ...]) -> int:
    width = max(map(len, prompts))
    pad = settings["pad_token_id"]
    tokens = torch.tensor([[pad] * (width - len(row)) + row for row in prompts])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in prompts])
    with torch.inference_mode():
        output = model.generate(input_ids=tokens, attention_mask=mask, **settings)
    return sum(_length(row, ends) for row in output[:, width:].tolist())


def _length(output: list[int], ends: tuple[int, ...]) -> int:
    return next((at + 1 for at, token in enumerate(output) if token in ends), len(output))


def arms(pair: Pair, args: argparse.Namespace, batch: int) -> dict[str, Arm]:
    """Return what is measured at one batch size; assisted generation takes batch 1 only."""
    base = DecodeOptions(
        algorithm="target",
        temperature=args.temperature,
        top_p=args.top_p,
        max_tokens=args.max_new,
        gamma=args.gamma,
        draft=args.draft_mode,
        semantics=args.semantics,
        divergence=args.divergence,
        threshold=args.threshold,
        eos_ids=eos_ids(pair.target),
    )
    found = {
        TARGET: own_arm(pair, base, batch),
        GENERATE: generate_arm(pair, base, batch, assisted=False),
        SD: own_arm(pair, replace(base, algorithm="speculative"), batch),
        FSD: own_arm(pair, replace(base, algorithm="fuzzy"), batch),
    }
    if batch == 1:
        found[ASSISTED] = generate_arm(pair, base, batch, assisted=True)
    return found


def measure(
    found: dict[str, Arm], prompts: Prompts, batch: int, rounds: int
) -> dict[str, list[Timing]]:
    """Time every arm on every unit; the arm that goes first changes from unit to unit."""
    size = 1 if batch == 1 else 2 * batch
    units = [range(at, min(at + size, len(prompts))) for at in range(0, len(prompts), size)]
    names = list(found)
    timings: dict[str, list[Timing]] = {name: [] for name in names}
    for name in names:
        found[name]([prompts[at] for at in units[0]], [str(at) for at in units[0]], 0)
    for step, (seed, unit) in enumerate((seed, unit) for seed in range(rounds) for unit in units):
        for name in names[step % len(names) :] + names[: step % len(names)]:
            part = [prompts[at] for at in unit]
            timings[name].append(found[name](part, [str(at) for at in unit], seed))
    return timings


def rate(timings: Sequence[Timing]) -> float:
    """Return total tokens/s."""
    return sum(one.tokens for one in timings) / sum(one.seconds for one in timings)


def ratio(above: Sequence[Timing], below: Sequence[Timing]) -> tuple[float, float, float]:
    """Return the ratio of total tokens/s, and its 95 % interval by a paired bootstrap."""
    a, b = (np.array([(one.tokens, one.seconds) for one in part]) for part in (above, below))
    picks = np.random.default_rng(0).integers(0, len(a), (2000, len(a)))
    sums = a[picks].sum(1), b[picks].sum(1)
    draws = (sums[0][:, 0] / sums[0][:, 1]) / (sums[1][:, 0] / sums[1][:, 1])
    low, high = np.quantile(draws, (0.025, 0.975))
    return rate(above) / rate(below), float(low), float(high)


def show(timings: dict[str, list[Timing]], batch: int) -> None:
    """Print one batch size."""
    print(f"\nbatch {batch}: median tokens/s of {len(timings[SD])} units")
    for name, units in timings.items():
        median = float(np.median([one.tokens / one.seconds for one in units]))
        print(f"  {name:<26}{median:9.1f}{_acceptance(units)}")
    for above, below in RATIOS:
        if above in timings and below in timings:
            value, low, high = ratio(timings[above], timings[below])
            # Resampling a single unit gives an interval of no width, which would mislead.
            interval = f"[{low:.2f}, {high:.2f}]" if len(timings[above]) > 1 else "(one unit)"
            print(f"  {above} / {below}: {value:.2f} {interval}")


def _acceptance(units: Sequence[Timing]) -> str:
    accepted, rounds = sum(one.accepted for one in units), sum(one.rounds for one in units)
    return f"   {accepted / rounds:.2f} accepted a round" if accepted else ""


def same_text(pair: Pair, args: argparse.Namespace, prompts: Prompts) -> None:
    """Print how many greedy outputs of SD are the target's, and where the others part."""
    ids = [str(at) for at in range(len(prompts))]
    base = DecodeOptions(
        "target",
        temperature=0,
        max_tokens=args.max_new,
        gamma=args.gamma,
        eos_ids=eos_ids(pair.target),
    )
    alone, drafted = (
        decode_refill(
            pair.target_step, pair.draft_step, prompts, ids, options, 0, slots=max(args.batch)
        )
        for options in (base, replace(base, algorithm="speculative"))
    )
    parted = [_parting(one, two) for one, two in zip(alone, drafted, strict=True)]
    places = [place for place in parted if place is not None]
    safe = sum(not fragile for _, fragile in places)
    print(f"\ngreedy SD = greedy target in {len(prompts) - len(places)} of {len(prompts)} outputs;")
    print(f"  parted at a margin under 1e-4: {len(places) - safe}, elsewhere: {safe}")


def _parting(one: Decoded, two: Decoded) -> tuple[int, bool] | None:
    if one.token_ids == two.token_ids:
        return None
    pairs = zip(one.token_ids, two.token_ids, strict=False)
    shorter = min(len(one.token_ids), len(two.token_ids))
    at = next((at for at, (left, right) in enumerate(pairs) if left != right), shorter)
    return at, at in one.fragile or at in two.fragile


def main() -> None:
    """Measure, print, and write the JSON file."""
    args = parse()
    torch.set_num_threads(args.threads)
    transformers.utils.logging.set_verbosity_error()
    pair = load(args)
    prompts = read_prompts(args, min(pair.target_step.vocab_size, pair.draft_step.vocab_size))
    results = {}
    for batch in args.batch:
        results[batch] = measure(arms(pair, args, batch), prompts, batch, args.rounds)
        show(results[batch], batch)
    small, large = min(results), max(results)
    print()
    for name in (TARGET, SD, FSD):
        gain = rate(results[large][name]) / rate(results[small][name])
        print(f"{name}: batch {large} / batch {small} = {gain:.2f}")
    same_text(pair, args, prompts)
    if args.json:
        args.json.write_text(json.dumps(_report(args, results), indent=1, default=str))


def _report(
    args: argparse.Namespace, results: dict[int, dict[str, list[Timing]]]
) -> dict[str, Any]:
    return {
        "settings": vars(args),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "machine": {"processor": platform.processor(), "threads": torch.get_num_threads()},
        "timings": {
            batch: {name: [asdict(one) for one in units] for name, units in found.items()}
            for batch, found in results.items()
        },
    }


if __name__ == "__main__":
    main()
