"""Tests beside a real vLLM: skipped where none is found, unless someone requires it."""

import os
import sys
from pathlib import Path

import pytest

from llmx.core.errors import EngineError
from llmx.engines.vllm.interpreter import find_interpreter
from llmx.engines.vllm.pool import POOL

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "unit" / "decode"))  # the enumerated laws

REQUIRED = bool(os.environ.get("CI") or os.environ.get("LLMX_REQUIRE_VLLM"))


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.vllm)


@pytest.fixture(scope="session")
def vllm_python():
    try:
        return find_interpreter()
    except EngineError as error:
        if REQUIRED:
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session", autouse=True)
def engines_stay_up():
    """All tests share the engines: a load takes a minute."""
    before, POOL.most = POOL.most, 3
    yield
    POOL.close()
    POOL.most = before
