"""A small corpus and its tokenizer."""

from collections.abc import Iterator
from typing import Any

import pytest
from forked import Forks, forking

from llmx.core.spec import DataSpec
from llmx.data import load
from llmx.train.tokenizer import _learn


@pytest.fixture(scope="session")
def rows() -> list[dict[str, Any]]:
    spec = DataSpec(kind="gsm_symbolic", templates=(43, 10), test=1, calibration=1, train=64)
    return [sample.model_dump() for sample in load(spec, "train")]


@pytest.fixture(scope="session")
def tokenizer(rows: list[dict[str, Any]]) -> Any:
    return _learn((text for row in rows for text in (row["question"], row["solution"])), 384)


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    with forking("test_training", "torch", "transformers.trainer") as server:
        yield server
