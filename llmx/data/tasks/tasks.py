"""The puzzles of arXiv 2505.24273: generators, their configurations, and short questions.

Kinds are named as reasoning-gym names its datasets. The configurations are the released ones, which
are the package's defaults; each value can be changed under ``data.options.generator``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmx.data.templated import question_key

Entry = Mapping[str, Any]
"""An item of reasoning-gym: ``question``, ``answer``, ``metadata``."""


@dataclass(frozen=True)
class Task:
    """One kind of puzzle.

    Attributes:
        generator: configuration of the generator, without seed and size.
        cluster: the field of the metadata that says what makes problems alike; empty = none.
        example: an answer of the right form, shown in raw prompts.
    """

    example: str
    generator: Mapping[str, Any] = field(default_factory=dict)
    cluster: str = ""


TASKS: dict[str, Task] = {
    "countdown": Task(
        example="(1 + 2) / 3",
        generator={
            "min_numbers": 4,
            "max_numbers": 6,
            "min_value": 1,
            "max_value": 100,
            "min_target": 100,
            "max_target": 999,
            "operators": ["+", "-", "*", "/"],
            "shuffle": True,
        },
    ),
    "sudoku": Task(
        example="\n".join("1 2 3 4 5 6 7 8 9" for _ in range(2)) + "\n...",
        generator={"min_empty": 30, "max_empty": 50},
    ),
    "mini_sudoku": Task(
        example="1 2 3 4\n3 4 1 2\n...", generator={"min_empty": 8, "max_empty": 12}
    ),
    "arc_1d": Task(
        example="0 0 1 1 2",
        generator={"min_size": 10, "max_size": 30, "num_train": 3},
        cluster="task_name",
    ),
    "advanced_geometry": Task(
        example="(1.000, -2.500) or 3.142 or 45.00°",
        generator={
            "min_coord": -10,
            "max_coord": 10,
            "task_types": ["orthocenter", "incircle_radius", "angle_measure"],
        },
        cluster="task_type",
    ),
    "color_cube_rotation": Task(
        example="red", generator={"min_rotations": 1, "max_rotations": 3}, cluster="num_rotations"
    ),
    "list_functions": Task(example="[1, 2, 3]"),
    "zebra_puzzles": Task(example="bob", generator={"num_people": 4, "num_characteristics": 4}),
    "self_reference": Task(example="3", generator={"difficulty": 5}),
}

SECONDS: dict[str, float] = {
    # to draw one problem, in the configurations above, on one core
    "countdown": 0.045,
    "sudoku": 0.07,
    "mini_sudoku": 0.002,
    "arc_1d": 0.0005,
    "advanced_geometry": 0.012,
    "color_cube_rotation": 0.0002,
    "list_functions": 0.0002,
    "zebra_puzzles": 0.25,
    "self_reference": 0.0005,
}


def cluster(kind: str, entry: Entry) -> str:
    """Return what makes a problem like others; Countdown's is how many numbers it has."""
    if kind == "countdown":
        return f"numbers-{len(entry['metadata']['numbers'])}"
    name = TASKS[kind].cluster
    return f"{name}-{entry['metadata'][name]}" if name else ""


def problem_key(kind: str, entry: Entry) -> str:
    """Return the hash by which splits are kept apart.

    A Countdown problem is its numbers, in any order, and its target: the generator has several
    wordings of one. Elsewhere it is the normalised question.
    """
    if kind == "countdown":
        about = entry["metadata"]
        return question_key(f"{sorted(about['numbers'])} {about['target']}")
    return question_key(entry["question"])


def brief(kind: str, entry: Entry) -> str | None:
    """Return a short question for models that are trained on this data alone, or None."""
    about = entry["metadata"]
    if kind == "countdown":
        return f"{' '.join(map(str, about['numbers']))} make {about['target']}"
    if kind in ("sudoku", "mini_sudoku"):
        return "\n".join(" ".join(map(str, line)).replace("0", "_") for line in about["puzzle"])
    if kind == "arc_1d":
        pairs = [f"{_row(one['input'])} > {_row(one['output'])}" for one in about["train_examples"]]
        return "\n".join([*pairs, f"{_row(about['test_example']['input'])} > ?"])
    return None


def _row(values: list[int]) -> str:
    return " ".join(map(str, values))
