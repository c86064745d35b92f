"""The tasks of MMEB (Jiang et al., arXiv 2410.05160): families, domains, rows, target prompts.

Rows are those of the cards of TIGER-Lab/MMEB-train, rounded; an evaluation has about 1,000.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from llmx.data.pairs.pairs import Family

Category = Literal["retrieval", "classification", "VQA", "grounding"]
FAMILY: dict[Category, Family] = {
    "retrieval": "retrieval",
    "classification": "classification",
    "VQA": "short_answer",
    "grounding": "grounding",
}
PROMPTS = {
    "label": "Represent the class label: ",
    "answer": "Represent the answer: ",
    "caption": "Represent the image caption: ",
}
"""What may stand before targets that are a text and nothing else."""
_CAPTIONS = ("MSCOCO_i2t", "VisualNews_i2t")
QUERIES = 1000
"""Of an evaluation, about; each has as many candidates at most."""


@dataclass(frozen=True)
class MmebTask:
    """One evaluation of MMEB, and the training set of its name.

    Attributes:
        rows: that train, about; 0: it is out of domain.
        trains: name of the training set, which is spelled otherwise for one.
    """

    name: str
    category: Category
    rows: int = 0
    trains: str = ""

    @property
    def family(self) -> Family:
        """What its targets are."""
        return FAMILY[self.category]

    @property
    def in_domain(self) -> bool:
        """Whether it has a training set."""
        return self.rows > 0

    @property
    def prompt(self) -> str:
        """What stands before its targets, where they are texts: one of three, or nothing."""
        kinds = {"classification": "label", "VQA": "answer"}
        kind = "caption" if self.name in _CAPTIONS else kinds.get(self.category)
        return "" if kind is None else PROMPTS[kind]


def _of(category: Category, trained: dict[str, int], others: str) -> list[MmebTask]:
    own = [
        MmebTask(name, category, rows, {"ImageNet-1K": "ImageNet_1K"}.get(name, name))
        for name, rows in trained.items()
    ]
    return [*own, *(MmebTask(name, category) for name in others.split())]


_TASKS = (
    *_of(
        "classification",
        {
            "ImageNet-1K": 100_000,
            "N24News": 49_000,
            "HatefulMemes": 8_500,
            "VOC2007": 7_800,
            "SUN397": 19_900,
        },
        "Place365 ImageNet-A ImageNet-R ObjectNet Country211",
    ),
    *_of(
        "VQA",
        {
            "OK-VQA": 9_000,
            "A-OKVQA": 17_100,
            "DocVQA": 39_500,
            "InfographicsVQA": 23_900,
            "ChartQA": 28_300,
            "Visual7W": 69_800,
        },
        "ScienceQA GQA TextVQA VizWiz",
    ),
    *_of(
        "retrieval",
        {
            "VisDial": 123_000,
            "CIRR": 26_100,
            "VisualNews_t2i": 100_000,
            "VisualNews_i2t": 100_000,
            "MSCOCO_t2i": 100_000,
            "MSCOCO_i2t": 113_000,
            "NIGHTS": 15_900,
            "WebQA": 17_200,
        },
        "FashionIQ Wiki-SS-NQ OVEN EDIS",
    ),
    *_of("grounding", {"MSCOCO": 100_000}, "RefCOCO RefCOCO-Matching Visual7W-Pointing"),
)
TASKS = {task.name: task for task in _TASKS}
"""Name of an evaluation to the task."""
COUNTS: dict[Category, int] = {
    category: sum(task.category == category for task in _TASKS) for category in FAMILY
}
"""Evaluations of each category."""
