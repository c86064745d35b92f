"""Twenty steps give the curve that they gave when it was written down, to 1e-4.

python tests/training/test_golden_curves.py      writes the curves anew, after a change that
                                                 is meant to move them
"""

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import pytest
from tiny import DRAWN, FAST, Work, save_data, save_tiny_llama

from llmx.store.files import read_json, write_json

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parent.parent / "golden/training"
LOCKED = ("torch", "transformers", "trl")
RUNS = {
    "sft": {**FAST, "max_steps": 20},
    "grpo": {**DRAWN, "per_device_train_batch_size": 8, "max_steps": 20, "beta": 0.04},
}
KEPT = ("step", "loss", "grad_norm", "entropy", "reward", "length", "truncated", "kl")


def run(kind: str, folder: Path, model: Path, data: Path) -> list[dict[str, float]]:
    out = Work(kind, model, data, folder, RUNS[kind]).run()
    curve = read_json(out / "training.json")["curve"]
    return [{name: point[name] for name in KEPT if name in point} for point in curve]


def versions() -> dict[str, str]:
    return {name: version(name).partition("+")[0] for name in LOCKED}


@pytest.mark.parametrize("kind", RUNS)
def test_the_curve_is_the_golden_one(kind, tmp_path, model, data):
    golden = read_json(GOLDEN / f"{kind}.json")
    if golden["versions"] != versions():
        pytest.skip(f"written down with {golden['versions']}, here is {versions()}")
    curve = run(kind, tmp_path / "out", model, data)
    assert len(curve) == len(golden["curve"]) == 20
    for ours, theirs in zip(curve, golden["curve"], strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)


def test_the_golden_runs_learn():
    sft, grpo = (read_json(GOLDEN / f"{kind}.json")["curve"] for kind in RUNS)
    assert sft[-1]["loss"] < sft[0]["loss"] - 1
    ends = [sum(point["reward"] for point in part) for part in (grpo[:5], grpo[-5:])]
    assert ends[1] > ends[0]


if __name__ == "__main__":
    for name in sys.argv[1:] or RUNS:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            (folder / "data").mkdir()
            places = (save_tiny_llama(folder / "model"), save_data(folder / "data"))
            found = {"versions": versions(), "curve": run(name, folder / "out", *places)}
        write_json(GOLDEN / f"{name}.json", found)
