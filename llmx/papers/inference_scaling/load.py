"""What a pool drew, and which of its answers are equal, as the draws of each problem."""

from __future__ import annotations

from itertools import chain, repeat
from pathlib import Path

import numpy as np

from llmx.core.errors import RunError
from llmx.papers.inference_scaling.certainty import certainty_of
from llmx.papers.inference_scaling.points import ProblemDraws
from llmx.scoring.classes import ProblemClasses, read_classes
from llmx.stages.by_problem import Draws, by_problem
from llmx.stages.expense import common_prompt


def drawn(samples: Path, classes: Path) -> list[ProblemDraws]:
    """Return the draws of each problem that has classes; the texts of one are held at once.

    Args:
        samples: ``samples.jsonl`` of the stage that answered.
        classes: ``classes.jsonl`` of the stage `classes` that read it.

    Raises:
        RunError: if the two do not hold the same problems, draw by draw.
    """
    pairs = zip(read_classes(classes), chain(by_problem(samples), repeat(())), strict=False)
    return [_drawn(found, draws, classes) for found, draws in pairs]


def _drawn(found: ProblemClasses, draws: Draws, path: Path) -> ProblemDraws:
    if len(draws) != len(found.of) or any(record.id != found.id for record in draws):
        text = f"{path} holds classes of other answers than those that are there, to {found.id}"
        raise RunError(text, f"delete {path.parent}; the same command makes it again")
    certainty = np.array([certainty_of(record) for record in draws], dtype=np.float64)
    return ProblemDraws(
        id=found.id,
        cluster=found.cluster,
        classes=np.array(found.of, dtype=np.int64),
        right=np.array(found.right, dtype=np.bool_),
        prompt=draws[0].spent.prompt,
        tokens=np.array([record.tokens for record in draws], dtype=np.int64),
        cut=np.array([record.finish == "length" for record in draws], dtype=np.bool_),
        certainty=certainty if np.isfinite(certainty).any() else None,
        begun=None if found.permuted is None else common_prompt(draws, permuted=True),
    )
