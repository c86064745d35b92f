"""A run in a fork is as alone as one in a process that was started for it."""

import os
import subprocess
import time

import planting
import pytest
from planting import FAILED, copied, tried

LOOKS = """
import os, sys
def test_the_folder_is_the_packages():
    assert os.getcwd() == os.environ["PYTHONPATH"] == sys.path[0] and "LATER" in os.environ
    import llmx
    assert os.path.dirname(os.path.dirname(llmx.__file__)) == os.getcwd()
def test_the_process_is_its_own():
    assert os.getsid(0) == os.getpid() and "LLMX_THOROUGH" not in os.environ
    place = "/proc/self/fd"
    open_ = os.listdir(place) if os.path.isdir(place) else []
    assert not [one for one in open_ if os.path.realpath(f"{place}/{one}").startswith("pipe:")]
"""
STAYS = """
import subprocess, sys, time
def test_stays():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open("child", "w") as file:
        file.write(str(child.pid))
    {then}
"""
PROFILE = "import hypothesis; hypothesis.settings.register_profile('found', deadline=None)"


@pytest.fixture(autouse=True, scope="module")
def quick():
    """A server that has loaded little."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planting, "_LOADED", ("hypothesis",))
        planting._warm.cache_clear()
        yield
        planting._warm().communicate()
        planting._warm.cache_clear()


@pytest.fixture
def run(tmp_path):
    folder = copied(tmp_path)
    (folder / "conftest.py").write_text(PROFILE)

    def run(text, seconds=300):
        (folder / "test_it.py").write_text(text)
        return tried(folder, str(folder / "test_it.py"), seconds)

    return run


def gone(process):
    for _ in range(500):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_it_has_a_folder_an_environment_and_a_session_of_its_own(run, monkeypatch):
    monkeypatch.setenv("LATER", "set after the libraries were loaded")
    monkeypatch.setenv("LLMX_THOROUGH", "1")
    done = run(LOOKS)
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout


def test_it_knows_nothing_of_the_one_before(run):
    assert run("import llmx; llmx.left = 1\ndef test_a(): pass").returncode == 0
    done = run("import llmx\ndef test_b(): assert not hasattr(llmx, 'left')\ndef test_c(): 1 / 0")
    assert done.returncode == FAILED and "ZeroDivisionError" in done.stdout
    assert "1 failed, 1 passed" in done.stdout


@pytest.mark.parametrize("then", ["pass", "import os; os.kill(os.getpid(), 9)"])
def test_nothing_that_it_started_stays(run, then, tmp_path):
    assert run(STAYS.format(then=then)).returncode == (0 if then == "pass" else -9)
    assert gone(int((tmp_path / "child").read_text()))


def test_one_that_takes_too_long_ends_with_what_it_started(run, tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        run(STAYS.format(then="time.sleep(500)"), 10)
    assert gone(int((tmp_path / "child").read_text()))
