"""Measure what our training stages cost beside TRL called directly with the same settings.

    python scripts/bench_train.py                       sft and grpo on the small model that ships
    python scripts/bench_train.py --kinds sft --steps 60 --rounds 9

Both sides train in one process and take turns step by step (`step_turns.py`): a step and its pair
run within seconds of each other, so that a noisy machine hits both alike. Printed are tokens/s, the
ratio of the mean times of a step, by the clock and of the processor (which other programs move
less), with 95 % intervals from a paired bootstrap over steps, and the seconds that our side takes
once a training beyond TRL's (audit, provenance, card). Steps hold rollouts, marked checkpoints and
the curve on our side. Both sides see the same rows and draw the same answers, so they must end at
the same weights, which is checked in every round.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from step_turns import Player, in_turns

from llmx.config.compose import compose
from llmx.core.progress import Silent
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, EngineSpec, ModelSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.data import load
from llmx.engines.size import ZOO
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
STEPS = {"sft": 100, "grpo": 40}
REST = 1  # turns before the first step and behind the last one


@dataclass
class Sides:
    """Seconds of both sides, round by round; one value a turn."""

    ours: list[Player] = field(default_factory=list)
    direct: list[Player] = field(default_factory=list)

    def steps(self, by: str) -> tuple[list[float], list[float]]:
        """Return the seconds of all steps of our side and of TRL's, paired."""
        mine, other = (
            [seconds for player in side for seconds in getattr(player, by)[REST:-REST]]
            for side in (self.ours, self.direct)
        )
        return mine, other

    def once(self, by: str) -> list[float]:
        """Return what our side takes more before and behind the steps, round by round."""
        mine, other = (
            [_rest(getattr(one, by)) for one in side] for side in (self.ours, self.direct)
        )
        return [a - b for a, b in zip(mine, other, strict=True)]


def _rest(turns: Sequence[float]) -> float:
    return sum(turns[:REST]) + sum(turns[-REST:])


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, default=ZOO / "gsm_draft", help="folder")
    parser.add_argument("--kinds", nargs="+", choices=sorted(SETTINGS), default=list(STEPS))
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--steps", type=int, help="of a training")
    parser.add_argument("--save-steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
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
    from transformers.trainer_callback import PrinterCallback

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
        trainer.remove_callback(PrinterCallback)  # ours prints nothing either
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


def count_tokens(kind: str, settings: Mapping[str, Any], out: Path) -> int:
    """Return how many tokens our training drew as answers, or was fed."""
    if kind == "grpo":
        return sum(int(row["tokens"]) for row in read_lines(out / "rollouts.jsonl"))
    audit = json.loads((out / "audit.json").read_text())
    fed: int = settings["max_steps"] * settings["per_device_train_batch_size"]
    return int(audit["tokens"]["tokens"]) * fed // int(audit["rows"])


def measure(kind: str, args: argparse.Namespace, data: Path) -> dict[str, Any]:
    """Time both sides of one kind, in turns."""
    steps = args.steps or STEPS[kind]
    settings = {**SETTINGS[kind], "max_steps": steps, "save_steps": args.save_steps}
    runs = our_stage(kind, settings, args, data), direct(kind, settings, args, data)
    sides, same, tokens = Sides(), True, 0
    for place in range(args.rounds + 1):
        with tempfile.TemporaryDirectory() as scratch:
            players = _round(runs, Path(scratch), swap=place % 2 == 1)
            same &= len({_weights(Path(scratch) / name) for name in ("0", "1")}) == 1
            tokens += count_tokens(kind, settings, Path(scratch) / "0") if place else 0
        if place:  # both are warm after the first round
            sides.ours.append(players[0])
            sides.direct.append(players[1])
    return {
        "kind": kind,
        "steps": args.rounds * steps,
        "tokens": tokens,
        **{by: _compared(sides, by) for by in ("clock", "processor")},
        "same_weights": same,
    }


def _round(
    runs: Sequence[Callable[[Path], Path]], scratch: Path, swap: bool
) -> tuple[Player, Player]:
    """Run both, each into the folder of its number; the second begins if they are swapped."""
    calls = [partial(run, scratch / str(place)) for place, run in enumerate(runs)]
    if swap:
        second, first = in_turns(calls[1], calls[0])
        return first, second
    return in_turns(calls[0], calls[1])


def _weights(out: Path) -> bytes:
    return (out / "model" / "model.safetensors").read_bytes()


def _compared(sides: Sides, by: str) -> dict[str, Any]:
    ours, direct = sides.steps(by)
    ratio, more = ratio_of_means(ours, direct), bootstrap_mean(sides.once(by))
    return {
        "ours": ours,
        "direct": direct,
        "ratio": [ratio.low, ratio.estimate, ratio.high],
        "once": [more.low, more.estimate, more.high],
    }


def show(found: Mapping[str, Any]) -> str:
    """Return the lines of one kind."""
    clock = found["clock"]
    rates = [found["tokens"] / sum(clock[name]) for name in ("ours", "direct")]
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
