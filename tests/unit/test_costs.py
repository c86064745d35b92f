"""What tests cost is counted where they run, printed once, and held to a budget."""

import subprocess
import sys
from pathlib import Path

import costs
import pytest

TESTS = Path(__file__).parents[1]
SPENDS = """
import subprocess, sys, time
def spend(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
def test_here():
    spend(0.4)
def test_asleep():
    time.sleep(0.5)
def test_in_a_child():
    subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.4: 0"])
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suite") / "tests"
    for place in ("papers/dear", "papers/cheap", "unit/stats"):
        (folder / place).mkdir(parents=True)
        name = place.rpartition("/")[2]
        text = "def test_nothing(): pass" if name == "cheap" else SPENDS
        (folder / place / f"test_{name}.py").write_text(text)
    (folder / "conftest.py").write_text(
        f"import sys; sys.path.insert(0, {str(TESTS)!r})\nimport costs\n"
        "costs.BUDGETS = {'papers/*': 0.3}\npytest_plugins = ('costs',)"
    )
    return folder


@pytest.fixture(params=[(), ("-n", "2")], ids=["one process", "two workers"])
def done(suite, request, tmp_path, monkeypatch):
    monkeypatch.setenv("LLMX_TEST_TIMES", str(tmp_path / "times"))
    monkeypatch.delenv("LLMX_THOROUGH", raising=False)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *request.param]
    done = subprocess.run([*words, str(suite)], cwd=suite, capture_output=True, text=True)
    return done, (tmp_path / "times").read_text()


@pytest.mark.slow
def test_each_test_is_counted_and_one_area_over_its_budget_fails_them(done):
    done, times = done
    assert done.returncode == 1 and "7 passed" in done.stdout, done.stdout + done.stderr
    assert "tests/papers/dear takes 1 s of processor time, its budget is 0" in done.stdout
    assert "of 0 (over)  papers/dear" in done.stdout and "of 0  papers/cheap" in done.stdout
    assert "  unit/stats\n" in done.stdout and "s  in all\n" in done.stdout
    seconds = {test: float(used) for used, test in map(str.split, times.splitlines())}
    assert len(seconds) == 7 and list(seconds.values()) == sorted(seconds.values(), reverse=True)
    for name in ("here", "in_a_child"):
        assert 0.4 <= seconds[f"papers/dear/test_dear.py::test_{name}"] < 2
    assert seconds["papers/dear/test_dear.py::test_asleep"] < 0.3


@pytest.mark.parametrize(
    ("test", "area"),
    [
        ("tests/papers/fsd/test_a.py::test_b[tests/c]", "papers/fsd"),
        ("tests/papers/fsd/deep/test_a.py::test_b", "papers/fsd"),
        ("tests/unit/test_a.py::test_b", "unit"),
        ("tests/chaos/test_a.py::test_b", "chaos"),
        ("tests/test_a.py::test_b", "tests"),
    ],
)
def test_an_area_is_a_folder_and_a_paper_is_one(test, area):
    assert costs.area(test) == area


def test_a_budget_is_held_with_slack_for_a_busy_machine():
    assert costs.budget("papers/new") == 90 and costs.budget("unit/stats") is None
    assert not costs.over({"papers/new": 135.0, "papers/fsd": 1.0, "unit/stats": 999.0})
    assert costs.over({"papers/new": 135.1})[0].startswith("tests/papers/new takes 135 s")
    assert "(over)" in costs.table({"papers/new": 91.0})[0]
