"""What is measured, and how much of it."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.engines.size import ZOO

PARTS = {
    1: "kernels: the compiled forward beside torch's",
    2: "rivals: our loops beside transformers', and FSD beside SD",
    3: "accept step: its share of the target's forward",
    4: "products: what SD at a large batch reaches of the best product",
    5: "quality stage: problems/s, and two workers beside one",
    6: "start: to the first record, and a run that is there already",
}


@dataclass(frozen=True)
class Settings:
    """The command line, checked; see :func:`parse` for what each value means."""

    only: tuple[int, ...]
    target: Path
    draft: Path
    prompts: Path | None
    gamma: int
    temperatures: tuple[float, ...]
    top_p: float
    draft_mode: str
    threshold: float
    max_new: int
    problems: int
    batch: int
    batch_problems: int
    rounds: int
    repeats: int
    rows: tuple[int, ...]
    accept_problems: int
    accept_gammas: tuple[int, ...]
    accept_batches: tuple[int, ...]
    vocabulary: int
    large: bool
    large_layers: int
    stage_problems: int
    stage_rounds: int
    before: Path | None
    share_problems: int
    starts: int
    smoke_words: tuple[str, ...]
    json: Path | None


def parse(words: list[str] | None, description: str) -> Settings:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", type=_numbers, default=tuple(PARTS), help=_parts(), metavar="1,2")
    parser.add_argument("--json", type=Path, help="write every figure and every sample here")
    for add in (_models, _sampling, _decoding, _accept, _runs):
        add(parser)
    found: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in vars(parser.parse_args(words)).items()
    }
    return Settings(**found)


def _numbers(text: str) -> tuple[int, ...]:
    found = tuple(sorted({int(word) for word in text.split(",")}))
    if not set(found) <= set(PARTS):
        raise argparse.ArgumentTypeError(f"parts are {', '.join(map(str, PARTS))}")
    return found


def _parts() -> str:
    return "; ".join(f"{number} {text}" for number, text in PARTS.items())


def _models(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--target", type=Path, default=ZOO / "gsm_target", help="folder; parts 1 to 4")
    add("--draft", type=Path, default=ZOO / "gsm_draft", help="folder; parts 1 to 4")
    add("--prompts", type=Path, help="JSONL with 'prompt_ids' or 'prompt' a line; parts 1 to 4")


def _sampling(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--gamma", type=int, default=5)
    add("--temperatures", type=float, nargs="+", default=[0.6, 0.0], help="0 = greedy")
    add("--top-p", type=float, default=0.9)
    add("--draft-mode", choices=("sampled", "greedy"), default="sampled", help="of SD and FSD")
    add("--threshold", type=float, default=0.1, help="of FSD, nats of js")
    add("--max-new", type=int, default=160)


def _decoding(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--problems", type=int, default=24, help="at batch 1, a unit each")
    add("--batch", type=int, default=8, help="the larger batch")
    add("--batch-problems", type=int, default=64, help="there; a unit is two batches")
    add("--rounds", type=int, default=1, help="seeds")
    add("--repeats", type=int, default=30, help="of forwards and products")
    add("--rows", type=int, nargs="+", default=[1, 8, 32], help="of forwards")


def _accept(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--accept-problems", type=int, default=8)
    add("--accept-gammas", type=int, nargs="+", default=[5, 16], help="on synthetic logits")
    add("--accept-batches", type=int, nargs="+", default=[1, 8], help="on synthetic logits")
    add("--vocabulary", type=int, default=49152, help="of synthetic logits")
    add("--no-large", dest="large", action="store_false", help="no forward of 135 M parameters")
    add("--large-layers", type=int, default=30)


def _runs(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--stage-problems", type=int, default=64)
    add("--stage-rounds", type=int, default=3)
    add("--before", type=Path, help="another checkout, whose stage is measured too")
    add("--share-problems", type=int, default=256, help="for one worker and for two")
    add("--starts", type=int, default=5)
    add("--smoke-words", nargs="*", default=[], help="further words of the run that is repeated")
