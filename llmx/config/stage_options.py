"""The options of stages, as the recipe, a scale, the command line and arms give them, checked.

Each kind says by a model which options there are (:mod:`llmx.core.options`).
"""

from __future__ import annotations

from collections.abc import Iterable

from llmx.config.mount import Mount
from llmx.config.origins import Origins
from llmx.config.outside import Said
from llmx.config.problems import Problems
from llmx.core.errors import nearest
from llmx.core.options import faults, model_of
from llmx.core.registry import kinds
from llmx.core.spec import StageSpec


def check_options(
    stages: Iterable[StageSpec], origins: Origins, mount: Mount, problems: Problems
) -> None:
    """Note every option that cannot be, with the place that it comes from.

    Args:
        stages: as all arms share them, or as one arm has them.
        origins: who set what of them beyond the recipe's own section.
    """
    for stage in stages:
        said = Said(f"stages.{stage.name}", origins, mount)
        model = model_of(stage.kind)
        if model is None:
            _check_scorer(stage, said, problems)
            continue
        known = {"arms": mount.recipe.arms, "needs": stage.needs}
        for fault in faults(stage, model, known):
            problems.add(f"{said.place(fault.key)}: {fault.message}", fault.hint)


def _check_scorer(stage: StageSpec, said: Said, problems: Problems) -> None:
    """Check the one option that a kind without a model is likely to hand on."""
    scorer = stage.options.get("scorer")
    if scorer is not None and str(scorer) not in kinds("scorer"):
        text = f"{said.place('scorer')}: stage {stage.name}: unknown scorer {scorer!r}"
        problems.add(text, nearest(str(scorer), kinds("scorer")))
