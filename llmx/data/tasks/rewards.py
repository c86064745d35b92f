"""Rewards of the reasoning puzzles: 0 without the asked form, 0.1 for the form, 1 for the answer.

The values of arXiv 2505.24273. Each is a pure function of prompt, completion and row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llmx.data.tasks.tags import opens_thinking, strict_answer
from llmx.data.tasks.verifiers import VERIFIERS, Verifier

_FORM = 0.1

PuzzleReward = Callable[[str, str, Mapping[str, Any]], dict[str, float]]


def _reward(kind: str) -> PuzzleReward:
    verify: Verifier = VERIFIERS[kind]

    def reward(prompt: str, completion: str, row: Mapping[str, Any]) -> dict[str, float]:
        """Return ``format`` (0 or 0.1) and ``correct`` (0 or 0.9), whose sum is 0, 0.1 or 1.

        Args:
            prompt: the text that was sent; where it ends inside a think block the completion has
                to close that block, elsewhere it has to open it too.
            row: holds the reference ``answer``.

        Raises:
            ValueError: if the reference answer does not pass its own check.
        """
        reference = str(row["answer"])
        if not verify(reference, reference):
            raise ValueError(f"the reference answer of {kind} cannot be read: {reference!r}")
        found = strict_answer(completion, opens_thinking(prompt))
        right = found is not None and verify(found, reference)
        return {
            "format": _FORM if found is not None else 0.0,
            "correct": 1.0 - _FORM if right else 0.0,
        }

    reward.__name__ = kind
    return reward


countdown = _reward("countdown")
sudoku = _reward("sudoku")
mini_sudoku = _reward("mini_sudoku")
arc_1d = _reward("arc_1d")
advanced_geometry = _reward("advanced_geometry")
color_cube_rotation = _reward("color_cube_rotation")
list_functions = _reward("list_functions")
zebra_puzzles = _reward("zebra_puzzles")
self_reference = _reward("self_reference")
