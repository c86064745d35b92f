"""A tiny model and its rows; without TRL every test here is skipped."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from forked import Forks, forking
from tiny import Work, bring, save_data, save_tiny_llama


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_spec("trl") is None:
        skip = pytest.mark.skip(reason="training needs: pip install 'llmx-lab[train]'")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(skip)


@pytest.fixture(autouse=True)
def kinds_of_these_tests() -> None:
    bring()


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    return save_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    trainers = (f"trl.trainer.{kind}_trainer" for kind in ("sft", "dpo", "grpo", "rloo"))
    with forking("killed", "torch", *trainers) as server:
        yield server


@pytest.fixture
def work(model, data, tmp_path) -> Callable[..., Work]:
    def make(kind: str, settings: dict[str, Any] | None = None, **more: Any) -> Work:
        return Work(kind, model, data, tmp_path / "out", settings or {}, **more)

    return make
