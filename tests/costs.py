"""What tests cost in processor time: printed by area at the end, and held to a budget.

Counted is what this process and the processes that a test waited for spent, user and system. It
hardly depends on what else runs, where seconds on the clock do; but a busy machine shares caches
and halves of cores, and makes it up to 1.3 times as much. A budget is meant for a quiet one, so an
area fails from `SLACK` times its budget on, and is marked from its budget on.

``LLMX_TEST_TIMES=FILE`` writes every test's seconds to a file, the dearest first.
"""

import os
import resource
from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from counts import THOROUGH

BUDGETS = {"papers/*": 90.0}
"""Seconds by area; what is not listed has none. The tests beside vLLM are an area of their own."""
SLACK = 1.5
LOADING = "loading"
_SHOWN = 0.5  # seconds; whoever costs less is not worth a line


def spent() -> float:
    """Return the seconds of this process, and of all that it has started and waited for."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def area(test: str) -> str:
    """Return ``papers/fsd``, ``unit/stats``, ``chaos`` for the name of a test."""
    parts = PurePosixPath(test.partition("::")[0]).parts
    parts = parts[parts.index("tests") + 1 :] if "tests" in parts else parts
    return "/".join(parts[:-1][:2]) or "tests"


def budget(name: str) -> float | None:
    """Return the seconds that an area may take."""
    return next((given for kind, given in BUDGETS.items() if fnmatch(name, kind)), None)


def over(seconds: Mapping[str, float]) -> list[str]:
    """Return a line for every area that takes more than its budget and the slack."""
    return [
        f"tests/{name} takes {used:.0f} s of processor time, its budget is {most:.0f}"
        for name, used in sorted(seconds.items())
        if (most := budget(name)) is not None and used > SLACK * most
    ]


def table(seconds: Mapping[str, float]) -> list[str]:
    """Return a line for each area, the dearest first, and one for the sum."""
    lines = []
    for name, used in sorted(seconds.items(), key=lambda pair: -pair[1]):
        most = budget(name)
        held = "" if most is None else f" of {most:.0f}" + (" (over)" if used > most else "")
        if used >= _SHOWN or held:
            lines.append(f"{used:8.1f} s{held}  {name}")
    return [*lines, f"{sum(seconds.values()):8.1f} s  in all"]


class Costs:
    """Counts the tests of one process; where others run them, their counts are added up."""

    def __init__(self) -> None:
        self.tests: dict[str, float] = {}
        self.theirs: dict[str, float] = {}
        self.areas: Counter[str] = Counter()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Count a test with what is set up for it."""
        before = spent()
        result = yield
        seconds = self.tests[item.nodeid] = spent() - before
        name = "vllm" if item.get_closest_marker("vllm") else area(item.nodeid)
        self.areas[name] += seconds
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Count the rest: imports, collection and what ends with the session."""
        self.areas[LOADING] += max(spent() - sum(self.tests.values()), 0.0)
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["costs"] = (dict(self.areas), self.tests)
        elif over(self.areas) and not THOROUGH and not session.exitstatus:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a worker has counted, unless it crashed."""
        areas, tests = getattr(node, "workeroutput", {}).get("costs", ({}, {}))
        self.areas.update(areas)
        self.theirs.update(tests)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the areas, and who is over."""
        terminalreporter.section("processor time")
        for line in [*table(self.areas), *([] if THOROUGH else over(self.areas))]:
            terminalreporter.write_line(line)
        if "LLMX_TEST_TIMES" in os.environ:
            dearest = sorted((self.tests | self.theirs).items(), key=lambda pair: -pair[1])
            lines = [f"{seconds:.2f}\t{test}\n" for test, seconds in dearest]
            Path(os.environ["LLMX_TEST_TIMES"]).write_text("".join(lines), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Count in every process that runs tests."""
    config.pluginmanager.register(Costs(), "llmx-costs")
