"""Recipes as a stranger may send them, written below the folder of a test."""

from pathlib import Path

HEAD = """\
name: stranger
description: d
"""
STAGES = "stages:\n  generate: {kind: decode, over: arm, split: test}\n"
ARMS = "arms:\n  greedy: [sampler=greedy]\n"


def defaults(engine: str, judge: str = "") -> str:
    chosen = [f"engine: {engine}", "model: zoo_gsm", "data: gsm_symbolic"]
    chosen += [f"judge: {judge}"] if judge else []
    return "defaults:\n" + "".join(f"  - override /{one}\n" for one in chosen)


def stranger(
    folder: Path,
    own: str = "",
    engine: str = "vllm",
    stages: str = STAGES,
    arms: str = ARMS,
    **more,
) -> Path:
    """Write a recipe with `own` at its end and return its path."""
    path = folder / "from" / "stranger.yaml"
    path.parent.mkdir(exist_ok=True)
    text = HEAD + stages + arms + defaults(engine, **more) + own + "\n"
    path.write_text(text, encoding="utf-8")
    return path


def line_of(path: Path, word: str) -> str:
    """``file:line`` of the first line that holds a word."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return f"{path.name}:{next(at for at, line in enumerate(lines, 1) if word in line)}"
