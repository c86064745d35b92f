"""Measure what our training stages cost beside TRL called directly with the same settings.

    python scripts/bench_train.py                       sft and grpo on the small model that ships
    python scripts/bench_train.py --kinds sft --steps 60 --rounds 9

A unit is one whole training: from rows on the disk to a model on the disk. Each side trains for
some steps and for three times as many; the difference is what steps cost (rollouts, marked
checkpoints and curve count on our side), what is left is paid once a training (audit, provenance,
card). The four trainings take turns in an order that turns from round to round, so that a noisy
machine hits all alike. Printed are tokens/s, the ratios of the mean times of a step, by the clock
and of the processor (which other programs move less), with 95 % intervals from a paired bootstrap
over rounds, and the seconds that our side takes once beyond TRL's. Both sides see the same rows in
the same order, so they must end at the same weights, which is checked.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmx.config.compose import compose
from llmx.core.progress import Silent
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, EngineSpec, ModelSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.data import load
from llmx.engines.locate import ZOO
from llmx.stats import bootstrap_mean, ratio_of_means
from llmx.store.files import read_lines, write_lines
from llmx.train.rewards.gsm import gsm

COMMON = {"gradient_checkpointing": False, "bf16": False, "logging_steps": 1}
SETTINGS: dict[str, dict[str, Any]] = {
    "sft": {**COMMON, "per_device_train_batch_size": 16, "learning_rate": 1e-5},
    "grpo": {
        **COMMON,
        "per_device_train_batch_size": 16,
        "learning_rate": 1e-6,
        "num_generations": 8,
        "max_completion_length": 64,
    },
}
STEPS = {"sft": 50, "grpo": 20}
LONGER = 3  # the long training has so many times the steps of the short one


@dataclass
class Timed:
    """Seconds of every round by the clock and of the processor, and what the last one left."""

    run: Callable[[Path], Path]
    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    weights: bytes = b""

    def __call__(self) -> None:
        """Run one whole training."""
        with tempfile.TemporaryDirectory() as scratch:
            started, before = time.perf_counter(), time.process_time()
            model = self.run(Path(scratch))
            self.clock.append(time.perf_counter() - started)
            self.processor.append(time.process_time() - before)
            self.weights = (model / "model.safetensors").read_bytes()


@dataclass(frozen=True)
class Side:
    """The same training in two lengths."""

    short: Timed
    long: Timed

    def steps(self, by: str) -> list[float]:
        """Return the seconds of the steps that the long one has more, round by round."""
        pairs = zip(getattr(self.long, by), getattr(self.short, by), strict=True)
        return [long - short for long, short in pairs]

    def once(self, by: str) -> list[float]:
        """Return the seconds that do not grow with the steps, round by round."""
        return [
            short - steps / (LONGER - 1)
            for short, steps in zip(getattr(self.short, by), self.steps(by), strict=True)
        ]


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, default=ZOO / "gsm_draft", help="folder")
    parser.add_argument("--kinds", nargs="+", choices=sorted(SETTINGS), default=list(STEPS))
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--steps", type=int, help="of the short trainings")
    parser.add_argument("--save-steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write every figure here")
    return parser.parse_args()


def our_stage(
    kind: str, settings: Mapping[str, Any], args: argparse.Namespace, data: Path
) -> Callable[[Path], Path]:
    """Return what runs the stage."""
    rewards = {"rewards": ["gsm"]} if kind == "grpo" else {}
    options = {"settings": dict(settings), "trackers": [], **rewards}
    stage = StageSpec(name=kind, kind=kind, needs=("data",), options=options)
    engine = EngineSpec(device="cpu", threads=args.threads)
    arm = ArmSpec(model=ModelSpec(target=str(args.model)), engine=engine)
    given, work = StageInput(stage, {"main": arm}), lookup("stage", kind)()

    def run(out: Path) -> Path:
        work.run(StageContext(given, work.identity(given), {"data": data}, out, Silent()))
        return out / "model"

    return run


def direct(
    kind: str, settings: Mapping[str, Any], args: argparse.Namespace, data: Path
) -> Callable[[Path], Path]:
    """Return what calls TRL as its documentation does."""
    import trl
    from datasets import Dataset
    from transformers import AutoTokenizer

    fixed = {"seed": 0, "save_total_limit": 2, "report_to": [], "disable_tqdm": True}
    own = {"use_cpu": True, "dataloader_pin_memory": False}

    def run(out: Path) -> Path:
        rows = [_direct_row(kind, row) for row in read_lines(data / "train.jsonl")]
        config = getattr(trl, f"{kind.upper()}Config")(
            output_dir=str(out / "checkpoints"), **fixed, **own, **settings
        )
        rewards = {"reward_funcs": _direct_reward} if kind == "grpo" else {}
        trainer = getattr(trl, f"{kind.upper()}Trainer")(
            str(args.model),
            args=config,
            train_dataset=Dataset.from_list(rows),
            processing_class=AutoTokenizer.from_pretrained(args.model),
            **rewards,
        )
        trainer.train()
        trainer.save_model(str(out / "model"))
        return out / "model"

    return run


def _direct_row(kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    prompt = [{"role": "user", "content": row["question"]}]
    if kind == "grpo":
        return {"prompt": prompt, "answer": row["answer"]}
    return {"prompt": prompt, "completion": [{"role": "assistant", "content": row["solution"]}]}


def _direct_reward(completions: Any, answer: Any, **_: Any) -> list[float]:
    pairs = zip(completions, answer, strict=True)
    return [sum(gsm("", one[0]["content"], {"answer": right}).values()) for one, right in pairs]


def count_tokens(kind: str, settings: Mapping[str, Any], run: Callable[[Path], Path]) -> int:
    """Train once, unmeasured, and count: answers drawn, or tokens fed in as many steps."""
    with tempfile.TemporaryDirectory() as scratch:
        run(Path(scratch))
        rollouts = read_lines(Path(scratch) / "rollouts.jsonl")
        audit = json.loads((Path(scratch) / "audit.json").read_text())
    if kind == "grpo":
        return sum(int(row["tokens"]) for row in rollouts)
    fed: int = settings["max_steps"] * settings["per_device_train_batch_size"]
    return int(audit["tokens"]["tokens"]) * fed // int(audit["rows"])


def measure(kind: str, args: argparse.Namespace, data: Path) -> dict[str, Any]:
    """Time both sides of one kind, in turns."""
    steps = args.steps or STEPS[kind]
    lengths = [
        {**SETTINGS[kind], "max_steps": n, "save_steps": args.save_steps}
        for n in (steps, LONGER * steps)
    ]
    ours, trl = (
        Side(*(Timed(make(kind, settings, args, data)) for settings in lengths))
        for make in (our_stage, direct)
    )
    short, long = (
        count_tokens(kind, n, run.run) for n, run in zip(lengths, _runs(ours), strict=True)
    )
    with tempfile.TemporaryDirectory() as scratch:
        trl.short.run(Path(scratch))  # both are warm before the first round
    for place in range(args.rounds):
        for side in (ours, trl) if place % 2 else (trl, ours):
            for run in _runs(side) if place % 4 < 2 else _runs(side)[::-1]:
                run()
    return {
        "kind": kind,
        "steps": (LONGER - 1) * steps,
        "tokens": long - short,
        **{by: _compared(ours, trl, by) for by in ("clock", "processor")},
        "same_weights": ours.long.weights == trl.long.weights,
    }


def _runs(side: Side) -> tuple[Timed, Timed]:
    return side.short, side.long


def _compared(ours: Side, trl: Side, by: str) -> dict[str, Any]:
    ratio = ratio_of_means(ours.steps(by), trl.steps(by))
    once = [one - other for one, other in zip(ours.once(by), trl.once(by), strict=True)]
    more = bootstrap_mean(once)
    return {
        "ours": ours.steps(by),
        "direct": trl.steps(by),
        "ratio": [ratio.low, ratio.estimate, ratio.high],
        "once": [more.low, more.estimate, more.high],
    }


def show(found: Mapping[str, Any]) -> str:
    """Return the lines of one kind."""
    clock = found["clock"]
    rates = [found["tokens"] * len(clock[n]) / sum(clock[n]) for n in ("ours", "direct")]
    head = (
        f"{found['kind']:5} {found['steps']} steps, {found['tokens']:,} tokens: ours"
        f" {rates[0]:,.0f} tokens/s, TRL {rates[1]:,.0f}; same weights: {found['same_weights']}"
    )
    lines = []
    for by in ("clock", "processor"):
        ratio = "{1:.3f} ({0:.3f} to {2:.3f})".format(*found[by]["ratio"])
        once = "{1:+.1f} s ({0:+.1f} to {2:+.1f})".format(*found[by]["once"])
        lines.append(f"      by the {by}: a step {ratio} times TRL's, once a training {once}")
    return "\n".join([head, *lines])


def main() -> None:
    """Measure and print."""
    import datasets
    import torch
    import transformers

    args = parse()
    warnings.simplefilter("ignore", FutureWarning)
    torch.set_num_threads(args.threads)
    datasets.disable_progress_bars()
    transformers.logging.set_verbosity_error()
    spec = compose("zoo_gsm").arms["draft"].data
    assert spec is not None
    with tempfile.TemporaryDirectory() as scratch:
        rows = load(spec, "train", args.rows)
        write_lines(Path(scratch) / "train.jsonl", [row.model_dump() for row in rows])
        found = [measure(kind, args, Path(scratch)) for kind in args.kinds]
    print(f"{platform.processor() or platform.machine()}, {args.threads} threads")
    print("\n".join(map(show, found)))
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
