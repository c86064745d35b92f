"""What a stranger may hand over, and what the answer to it has to look like."""

import json
import struct
from pathlib import Path
from typing import Any

import yaml
from typer.testing import Result

SCRIPT = "answers.json"
DECODE = {"kind": "decode", "over": "arm", "split": "test"}
RECIPE: dict[str, Any] = {
    "description": "of a stranger",
    "defaults": [{"override /model": "zoo_gsm"}, {"override /data": "gsm_symbolic"}],
    "data": {"templates": [43, 10], "test": 4, "calibration": 2, "train": 0, "heldout": 0},
    "stages": {"generate": DECODE},
    "arms": {"greedy": ["sampler=greedy"]},
}


def recipe(name: str, **changes: Any) -> Path:
    """Write a recipe; what is given takes the place of the usual."""
    path = Path(f"{name}.yaml")
    path.write_text(yaml.safe_dump({**RECIPE, **changes}, sort_keys=False, allow_unicode=True))
    return path


def recipe_and(name: str, text: str) -> Path:
    """Write a recipe with more lines below it."""
    path = recipe(name)
    path.write_text(path.read_text() + text)
    return path


def refused(done: Result, *named: str) -> None:
    """Check that a command ended with lines for a person, and with no traceback."""
    assert isinstance(done.exception, SystemExit), repr(done.exception)
    assert done.exit_code == 2, done.output
    lines = done.stderr.splitlines()
    assert lines and all(line.startswith("error: ") for line in lines), done.stderr
    assert len(lines) == 1, done.stderr
    for word in named:
        assert word in done.stderr, done.stderr


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def nested(depth: int, *, lists: bool = False) -> str:
    """Return JSON so many levels deep."""
    opened, closed = ("[", "]") if lists else ('{"a":', "}")
    return opened * depth + "1" + closed * depth


def header(text: str) -> bytes:
    """Return a safetensors file of a header alone."""
    return struct.pack("<Q", len(text)) + text.encode()


def model(folder: Path, **files: str | bytes) -> Path:
    """Write a model folder that a plan can read; a file's name is given with `__` for its dot."""
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 99}
    plain = {
        "config.json": json.dumps({**shape, "intermediate_size": 32, "model_type": "llama"}),
        "model.safetensors": header('{"w":{"shape":[4,4],"dtype":"F32","data_offsets":[0,64]}}'),
        "tokenizer_config.json": "{}",
    }
    folder.mkdir()
    for name, content in {**plain, **{k.replace("__", "."): v for k, v in files.items()}}.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(raw)
    return folder
