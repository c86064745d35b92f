"""What every test shares: calm property tests, one thread, no hub, none of the user's settings."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from counts import THOROUGH
from hypothesis import Phase, settings

pytest_plugins = ("costs", "scopes")

# Before torch is imported: on a busy machine two threads are slower than one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Before the hub's client is imported, which reads it once: without a network it tries for a minute.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# A cache that the whole session shares, and nothing of the user's own; processes inherit it.
# Compiled libraries are named by sources, compiler and flags: those of earlier sessions are taken.
LIBRARIES = Path(__file__).parent.parent / ".pytest_cache" / "native"
if "LLMX_CACHE" not in os.environ:
    os.environ["LLMX_CACHE"] = tempfile.mkdtemp(prefix="llmx-cache-")
    LIBRARIES.mkdir(parents=True, exist_ok=True)
    Path(os.environ["LLMX_CACHE"], "native").symlink_to(LIBRARIES)
    atexit.register(shutil.rmtree, os.environ["LLMX_CACHE"], ignore_errors=True)

# Examples have no deadline: on a busy machine one would fail tests that are right. The usual ones
# are the same in every run; the thorough ones are new each time.
settings.register_profile("usual", deadline=None, max_examples=50, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=500, print_blob=True)
# A planted fault (tests/mutants) has to be found, not to be made small.
settings.register_profile("found", settings.get_profile("usual"), phases=[Phase.generate])
settings.load_profile("thorough" if THOROUGH else "usual")


@pytest.fixture(autouse=True)
def nothing_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """No run folder, recipes or plugins that the person who runs the tests has chosen."""
    monkeypatch.delenv("LLMX_RUNS", raising=False)
    monkeypatch.delenv("LLMX_RECIPES", raising=False)
    monkeypatch.setenv("LLMX_PLUGINS", "")


@pytest.fixture(autouse=True)
def nothing_drawn_before() -> None:
    """No problems of an earlier test, which may have put a dataset of its own in place."""
    drawn = sys.modules.get("llmx.data.drawn")
    if drawn is not None:
        drawn.forget()


@pytest.fixture(scope="session")
def vllm_python() -> Path:
    """The interpreter that has vLLM; without one a test is skipped, unless vLLM is required."""
    from llmx.core.errors import EngineError
    from llmx.engines.vllm.interpreter import find_interpreter

    try:
        return find_interpreter()
    except EngineError as error:
        if os.environ.get("LLMX_REQUIRE_VLLM"):
            raise
        pytest.skip(str(error))
