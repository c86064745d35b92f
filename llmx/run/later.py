"""How long a model writes that is still to be trained: its size is known before it is."""

from __future__ import annotations

from llmx.core.spec import ArmSpec
from llmx.core.stage import StageInput
from llmx.run.answering import answering_names
from llmx.train.post_training.base import size_of
from llmx.train.post_training.duration import on_cpu, written_seconds


def later_seconds(given: StageInput, arm: ArmSpec, problems: int) -> float | None:
    """Return the seconds of answers at their cap, from the rates of a training's rollouts.

    None where those rates say nothing: another engine than this process, a second model, a GPU,
    a model that no stage trains, or one of unknown size.

    Args:
        given: the stage that decodes.
        arm: with the model that answers.
        problems: how many are answered.
    """
    model, sampler = arm.model, arm.sampler
    if model is None or sampler is None or not model.target.startswith("stage:"):
        return None
    if arm.engine.kind != "hf" or sampler.algorithm != "target" or not on_cpu(given):
        return None
    size = size_of([*answering_names(given), model.target], given)
    return written_seconds(size, problems, arm.engine.batch_size, sampler.max_tokens) or None
