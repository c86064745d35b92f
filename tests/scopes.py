"""Which tests one worker runs, one after the other: those of a file.

Beside vLLM it is those that can share a loaded engine or server, whatever their file: a load takes
half a minute. An engine that streams and one that answers lists are never up in one process.
"""

import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest

SHARED = {
    "servers of vLLM": r"\[vllm_server\b|vllm_engine/test_server|::test_a_server_counts_",
    "streams of vLLM": r"/test_streamer.*\[vllm\b|vllm_engine/test_streams",
    "answers of vLLM": r"/test_engine.*\[vllm\b|vllm_engine/test_(pair|recipe)",
}
"""Name → what is found in the names of its tests; the first that fits."""
POOLS = {
    "llmx.engines.vllm.pool": ("POOL", "CAST"),
    "llmx.engines.vllm_server.server": ("SERVERS", "CAST"),
}


def scope(test: str) -> str:
    """Return the tests that one worker runs, by the name of one of them."""
    found = (name for name, pattern in SHARED.items() if re.search(pattern, test))
    return next(found, test.partition("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give the workers of ``--dist loadfile`` their tests."""
    if config.option.dist != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class LoadScopes(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid)

    return LoadScopes(config, log)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End the engines of vLLM with the last test of those that share them.

    A process that runs all tests by itself takes them file by file, and keeps its engines up.
    """
    alone = not hasattr(item.config, "workerinput")
    if not alone and (nextitem is None or scope(nextitem.nodeid) != scope(item.nodeid)):
        close_engines()


@pytest.fixture(scope="session", autouse=True)
def engines_stay_up() -> Iterator[None]:
    """Let tests share engines of vLLM."""
    yield
    close_engines()


def close_engines() -> None:
    """End all engines and servers of vLLM that this process has started."""
    for module, names in POOLS.items():
        loaded = sys.modules.get(module)
        for name in names if loaded is not None else ():
            getattr(loaded, name).close()
