"""A recipe that trains from nothing, on traces and by reward, killed at any file it makes durable.

The whole command runs, in processes that end themselves before or after a sync, a rename or a link;
what an undisturbed one leaves is compared byte by byte: weights, rollouts, answers, scores.
"""

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from counts import count
from forked import Forks, end, forking

pytestmark = pytest.mark.slow

COMMAND = [
    "run", "recipe=backtracking_countdown", "scale=smoke", "arms=[k0]", "--workers", "1", "--quiet",
    "stages.sft.settings.save_steps=1", "stages.grpo.settings.save_steps=1",
    "stages.base.trainer.save_steps=1",
]  # fmt: skip
DURABLE = ("fsync", "replace", "rename", "link")
COMPARED = ("model.safetensors", "training.json", "rollouts.jsonl", "samples.jsonl", "scores.jsonl")


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    pytest.importorskip("trl")
    trainers = ("trl.trainer.sft_trainer", "trl.trainer.grpo_trainer", "transformers.trainer")
    with forking("test_kill_training", "torch", *trainers) as server:
        yield server


class Calls:
    """Counts calls that make a file durable, and ends the process before or after one."""

    def __init__(self, at: int | None, after: bool) -> None:
        self.at, self.after, self.made = at, after, 0

    def watch(self, name: str) -> None:
        real = getattr(os, name)

        def counted(*given: Any, **more: Any) -> Any:
            self.made += 1
            if self.made == self.at and not self.after:
                end()
            found = real(*given, **more)
            if self.made == self.at:
                end()
            return found

        setattr(os, name, counted)


def run(runs: str, at: int | None, after: bool) -> None:
    """Run the command in this process, to its end or to its `at`-th durable call."""
    from llmx.cli import main

    os.environ["LLMX_RUNS"], sys.argv = runs, ["llmx", *COMMAND]
    calls = Calls(at, after)
    for name in DURABLE:
        calls.watch(name)
    try:
        main()
    except SystemExit as ended:
        assert not ended.code
    Path(runs, "calls").write_text(str(calls.made))


def left(runs: Path) -> dict[str, bytes]:
    paths = [path for name in COMPARED for path in runs.glob(f"backtracking*/**/{name}")]
    return {str(path.relative_to(runs)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, forks) -> tuple[dict[str, bytes], int]:
    runs = tmp_path_factory.mktemp("undisturbed")
    assert forks.run("test_kill_training:run", str(runs), None, False) == 0
    found = left(runs)
    weights = {name.split("/")[1] for name in found if name.endswith(".safetensors")}
    assert weights == {"base", "sft", "grpo"}
    return found, int((runs / "calls").read_text())


@pytest.mark.parametrize("seed", range(count(1, 25)))
def test_kills_of_a_recipe_with_reward_change_nothing(tmp_path, undisturbed, forks, seed):
    expected, calls = undisturbed
    rng, killed = random.Random(seed), 0
    for _ in range(2):  # what is done is not done again, so later points lie nearer to the end
        at = rng.randrange(1, calls // 2)
        killed += forks.run("test_kill_training:run", str(tmp_path), at, rng.random() < 0.5) != 0
    assert forks.run("test_kill_training:run", str(tmp_path), None, False) == 0
    assert killed >= 1 and left(tmp_path) == expected
    assert not list(tmp_path.rglob("*.partial"))
