"""Killed at any moment, a training goes on and ends at the bytes of one that was not."""

import json
import random
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from counts import count
from forked import Forks
from tiny import DRAWN, FAST, ROWS, Work, save_data

from llmx.core.progress import Silent
from llmx.store.files import read_json, read_lines

# 6 steps an epoch
SFT = {**FAST, "per_device_train_batch_size": 2, "gradient_accumulation_steps": 2,
       "max_steps": 10, "save_steps": 2}  # fmt: skip
DPO = {**FAST, "max_steps": 8, "save_steps": 2}
GRPO = {**DRAWN, "max_steps": 6, "save_steps": 2, "beta": 0.04}
# A buffer lasts 2 * 2 / 1 = 4 steps, so a save asked for every 3 is made after 4, 8, ….
BUFFER = {**DRAWN, "max_steps": 10, "save_steps": 3, "steps_per_generation": 2, "num_iterations": 2}
# 24 rows, two prompts a step: the second epoch begins after step 12.
EPOCHS = {**DRAWN, "gradient_accumulation_steps": 2, "max_steps": 16, "save_steps": 7}


class Steps(Silent):
    """Remembers where a training went on and how many steps it made."""

    def __init__(self) -> None:
        self.before = self.made = 0

    def start(self, total: int, done: int = 0, unit: str = "samples") -> None:
        self.before = done

    def advance(self, amount: int = 1) -> None:
        self.made += amount


Kill = Callable[[Work, str, int], None]


@pytest.fixture
def kill(forks: Forks) -> Kill:
    """Run in a process of its own until it ends itself."""
    return lambda work, moment, at: forks.kill("killed:main", dumps(asdict(work)), moment, at)


def dumps(about: object) -> str:
    return json.dumps(about, default=str)


def undisturbed(work: Work) -> Path:
    return replace(work, out=work.out.parent / "undisturbed").run()


def assert_same(work: Work, whole: Path, kinds: tuple[str, ...] = ()) -> None:
    for name in ("model/model.safetensors", "training.json", "audit.json", *kinds):
        assert (work.out / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "settings", "moment", "at", "before"),
    [
        ("sft", SFT, "step", 9, 8),
        ("sft", SFT, "save", 4, 6),
        ("sft", SFT, "export", 1, None),
        ("sft", SFT, "sweep", 1, None),
        ("dpo", DPO, "step", 5, 4),
        ("grpo", GRPO, "step", 3, 2),
        ("grpo", BUFFER, "step", 7, 4),
        ("grpo", EPOCHS, "step", 15, 14),
        ("rloo", GRPO, "step", 5, 4),
    ],
    ids=[
        "sft, second epoch", "sft, inside a save", "sft, while the model is written",
        "sft, while the checkpoints are deleted",
        "dpo", "grpo with a reference", "grpo, inside a buffer", "grpo, second epoch", "rloo",
    ],
)  # fmt: skip
def test_a_killed_training_ends_at_the_same_bytes(
    work: Callable[..., Work], kill: Kill, kind, settings, moment, at, before
):
    job = work(kind, settings)
    whole = undisturbed(job)
    kill(job, moment, at)
    assert (job.out / "training.json").exists() == (moment == "sweep")
    steps = Steps()
    job.run(steps)
    expected = (0, 0) if before is None else (before, settings["max_steps"] - before)
    assert (steps.before, steps.made) == expected
    assert_same(job, whole, ("rollouts.jsonl",) if kind in ("grpo", "rloo") else ())


GATED = {**DRAWN, "max_steps": 8, "save_steps": 2, "learning_rate": 1e-2}


@pytest.mark.slow
def test_a_reward_with_state_goes_on_with_the_state_of_its_checkpoint(work, kill):
    """Its gate opens and shuts by the batch before, which may be one of an earlier try."""
    job = work("grpo", GATED, options={"rewards": ["letters", "gate"]})
    whole = undisturbed(job)
    opened = {}
    for row in read_lines(whole / "rollouts.jsonl"):
        opened.setdefault(row["step"], set()).add(row["rewards"]["open"])
    gates = [value for step in sorted(opened) for value in opened[step]]
    assert len(gates) == GATED["max_steps"] and 0.0 in gates[2:] and max(gates) > 0
    for at in (3, 2, 3):
        kill(job, "step", at)
    job.run()
    assert_same(job, whole, ("rollouts.jsonl",))
    assert not (job.out / "model" / "rewards.json").exists()


@pytest.mark.slow
def test_an_adapter_goes_on_too(work, kill):
    job = work("sft", SFT, options={"lora": {"r": 2, "dropout": 0.1}})
    whole = undisturbed(job)
    kill(job, "step", 9)
    job.run()
    assert_same(job, whole, ("adapter/adapter_model.safetensors",))


@pytest.mark.slow
def test_no_rollout_is_there_twice(work, kill):
    job = work("grpo", BUFFER)
    kill(job, "step", 7)
    drawn = read_lines(job.out / "rollouts.jsonl")
    assert {row["step"] for row in drawn} == {0, 4}  # those of step 4 are not in the checkpoint
    job.run()
    rows = read_lines(job.out / "rollouts.jsonl")
    assert [row["step"] for row in rows] == sorted([0, 4, 8] * 8)
    curve = read_json(job.out / "training.json")["curve"]
    assert [point["step"] for point in curve] == list(range(1, 11))


def kills(seed: int) -> list[tuple[str, int]]:
    """Three moments; together they let fewer steps pass than the training has."""
    if seed == 0:
        return [("step", 1), ("save", 2), ("step", 2)]
    rng = random.Random(seed)
    return [(rng.choice(["step", "save"]), rng.randint(1, 3)) for _ in range(3)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(count(1, 10)))
def test_killed_again_and_again(work, kill, seed):
    job = work("sft", {**SFT, "save_steps": 1})
    whole = undisturbed(work("sft", SFT))
    for moment, at in kills(seed):
        kill(job, moment, at)
    job.run()
    one, other = (out / "model/model.safetensors" for out in (job.out, whole))
    assert one.read_bytes() == other.read_bytes()


DRAWN_TWICE = {**DRAWN, "per_device_train_batch_size": 8, "save_steps": 2}
# kind, settings, rows, steps of a pass over them, ends that `make test` tries
PASSES = [
    ("grpo", DRAWN_TWICE, 8, 4, 1),
    ("rloo", DRAWN_TWICE, 8, 4, 0),
    ("grpo", {**BUFFER, "save_steps": 3}, 4, 8, 0),
    ("sft", SFT, 24, 6, 0),
    ("dpo", DPO, 24, 6, 0),
]
ENDS = [(*case[:4], seed) for case in PASSES for seed in range(count(case[4], 6))]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "settings", "rows", "each", "seed"), ENDS)
def test_kills_in_three_passes_over_the_rows_change_nothing(
    work, kill, tmp_path, kind, settings, rows, each, seed
):
    job = work(kind, {**settings, "max_steps": 3 * each})
    job.data = tmp_path / "few"
    job.data.mkdir()
    save_data(job.data, ROWS[:rows])
    whole = undisturbed(job)
    rng = random.Random(seed)
    for passed in range(3):
        kill(job, "step in all", each * passed + rng.randint(1, each))
        assert not (job.out / "training.json").exists()
    job.run()
    assert_same(job, whole, ("rollouts.jsonl",) if kind in ("grpo", "rloo") else ())
