"""How long reinforcement learning takes at scale=paper, against what the released code does.

TRL's ``max_steps`` counts optimiser steps; the released checkpoints are named by rollouts, of 128
prompts and two optimiser steps each.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from llmx.config.compose import compose
from llmx.data.tasks.dataset import ReasoningTask

# The step of the checkpoint that was evaluated, or, of short answers, of one that was seen.
PUBLISHED = {
    "countdown": 300,
    "sudoku": 200,
    "arc1d": 100,
    "cube": 400,
    "geometry": 500,
    "lists": 500,
    "self_reference": 800,
    "zebra": 800,
}
SHORT = ("cube", "geometry", "lists", "self_reference", "zebra")
PROMPTS, GROUP = 128, 8
# The space holds too few problems for one pass.
REPEATED = {"self_reference": 100}


def rollouts(settings: Mapping[str, Any]) -> float:
    """Generations of TRL: `steps_per_generation` batches are drawn at once and stepped through."""
    batches = settings["max_steps"] * settings["gradient_accumulation_steps"]
    return float(batches / settings["steps_per_generation"])


def prompts(settings: Mapping[str, Any]) -> float:
    drawn = settings["per_device_train_batch_size"] * settings["steps_per_generation"]
    return float(drawn / settings["num_generations"])


@pytest.mark.parametrize("task", PUBLISHED)
def test_as_many_rollouts_as_published_on_one_pass_of_the_prompts(task: str) -> None:
    spec = compose(f"backtracking_{task}", scale="paper")
    stages = {stage.name: stage for stage in spec.stages}
    (data,) = {arm.data.train for arm in spec.arms.values() if arm.data is not None}
    names = ("cold", "grpo") if task in SHORT else ("grpo",)
    assert [one.name for one in spec.stages if one.kind == "grpo"] == list(names)
    for name in names:
        settings = stages[name].options["settings"]
        assert (prompts(settings), settings["num_generations"]) == (PROMPTS, GROUP)
        assert rollouts(settings) == PUBLISHED[task]
        assert rollouts(settings) * PROMPTS == data * REPEATED.get(task, 1)


@pytest.mark.parametrize("task", PUBLISHED)
def test_the_warm_up_takes_300_steps_of_256_traces(task: str) -> None:
    spec = compose(f"backtracking_{task}", scale="paper")
    (sft,) = [stage.options["settings"] for stage in spec.stages if stage.kind == "sft"]
    size = sft["per_device_train_batch_size"] * sft["gradient_accumulation_steps"]
    assert (sft["max_steps"], size) == (300, 256)
    for arm in spec.arms.values():
        assert arm.data is not None
        assert task in REPEATED or arm.data.options["sft"] == 300 * 256


def test_the_smallest_space_holds_what_the_paper_scale_asks_for() -> None:
    arm = compose("backtracking_self_reference", scale="paper").arms["rl_only"]
    assert arm.data is not None
    assert len(ReasoningTask(arm.data).entries("train")) == arm.data.train
