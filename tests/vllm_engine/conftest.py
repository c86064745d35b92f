"""Tests beside a real vLLM: all are slow, and skipped where none is found (see ../conftest.py)."""

import sys
from pathlib import Path

import pytest

from llmx.core.spec import DataSpec, EngineSpec, ModelSpec
from llmx.data import load
from llmx.engines.hf import HfEngine
from llmx.engines.vllm.engine import VllmEngine
from llmx.engines.vllm.pool import POOL

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "unit" / "decoding"))  # the enumerated laws

PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
DATA = DataSpec(kind="gsm_symbolic", test=100, calibration=8, templates=(43, 10, 58, 48, 62, 16))


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.vllm)


@pytest.fixture(scope="session", autouse=True)
def side_by_side():
    """Keep the pair and the target alone up together."""
    POOL.most = 2


@pytest.fixture(scope="session")
def problems():
    return load(DATA, "test", 100)


@pytest.fixture(scope="session")
def vllm(vllm_python):
    """The zoo's pair in vLLM. Sixteen at a time, as everywhere in these tests: it is one load."""
    spec = EngineSpec(kind="vllm", batch_size=16, logprobs=True)
    return VllmEngine(PAIR, spec)


@pytest.fixture(scope="session")
def own():
    """The same pair in llmx's own loop."""
    return HfEngine(PAIR, EngineSpec(batch_size=16))
