"""Pairs and a way to train on them; without sentence-transformers every test here is skipped."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from contrasted import Contrast, save_pairs
from forked import Forks, forking


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("sentence_transformers") is None:
        skip = pytest.mark.skip(reason="needs: pip install 'llmx-lab[retrieval]'")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(skip)


@pytest.fixture
def contrast(tmp_path) -> Callable[..., Contrast]:
    save_pairs(tmp_path)

    def make(name: str = "out", **more: Any) -> Contrast:
        return Contrast(tmp_path, tmp_path / name, **more)

    return make


@pytest.fixture(scope="session")
def contrast_forks() -> Iterator[Forks]:
    trainer = "sentence_transformers.sentence_transformer.trainer"
    with forking("contrasted", "torch", trainer, "datasets") as server:
        yield server
