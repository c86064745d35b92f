"""Several processes leave the files of one, errors come back, and none outlives its parent."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dated import DATED, undated

from llmx.core.errors import LlmxError, RunError
from llmx.core.spec import RunSpec
from llmx.graph import workers
from llmx.graph.graph import build_graph
from llmx.graph.worker import main
from llmx.runs.run import run
from llmx.store.files import write_json

Recipe = Callable[..., RunSpec]


def results(folder: Path) -> dict[str, bytes]:
    """Every file of a run but those that hold times, and pages without their provenance."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in DATED]
    return {str(path.relative_to(folder)): undated(path) for path in files}


@pytest.mark.slow
def test_two_workers_leave_the_files_of_one(recipe: Recipe, tmp_path: Path) -> None:
    alone, shared = (run(recipe(), runs=tmp_path / f"{n}", workers=n).folder for n in (1, 2))
    assert alone.name == shared.name
    assert results(alone.path) == results(shared.path) and len(results(alone.path)) > 10
    assert not list((tmp_path / "2").rglob("*.partial"))


@pytest.mark.slow
def test_an_error_in_a_worker_is_one_line_with_its_hint(recipe: Recipe, arm: Callable, runs: Path):
    spec = recipe({"good": arm(), "bad": arm(answer="")})
    with pytest.raises(RunError) as caught:
        run(spec, runs=runs, workers=2)
    assert "has no answer for 'test-43-0'" in caught.value.message
    assert caught.value.hint == 'add one, or a "*" entry' and caught.value.exit_code == 2
    assert "\n" not in caught.value.message


def spec_file(spec: RunSpec, tmp_path: Path) -> str:
    write_json(tmp_path / "spec.json", spec.model_dump(mode="json"))
    return str(tmp_path / "spec.json")


@pytest.fixture
def no_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that runs inside the test must not end with the test's parent."""
    monkeypatch.setattr("llmx.graph.worker._end_with_parent", lambda parent: None)


def test_a_worker_does_all_that_no_measurement_precedes(
    recipe: Recipe, tmp_path: Path, no_watch: None
) -> None:
    spec = recipe()
    assert main(spec_file(spec, tmp_path), str(tmp_path / "cache"), "0") == 0
    whole = {path.parent.name for path in (tmp_path / "cache").glob("*/*/stage.json")}
    assert whole == {node.fingerprint for node in build_graph(spec)}


def test_a_worker_reports_its_error_as_one_json_line(
    recipe: Recipe, arm: Callable, tmp_path: Path, no_watch: None, capsys
) -> None:
    path = spec_file(recipe({"bad": arm(answer="")}), tmp_path)
    assert main(path, str(tmp_path / "cache"), "0") == 1
    (line,) = capsys.readouterr().err.splitlines()
    found = json.loads(line)
    assert set(found) == {"message", "hint", "code"} and "has no answer" in found["message"]


def test_a_defect_in_a_worker_brings_its_traceback(
    recipe: Recipe, tmp_path: Path, no_watch: None, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmx.stages.decode.DecodeStage.run", lambda *_: 1 / 0)
    assert main(spec_file(recipe(), tmp_path), str(tmp_path / "cache"), "0") == 1
    found = json.loads(capsys.readouterr().err)
    assert found["message"].startswith("ZeroDivisionError") and "Traceback" in found["trace"]


ENDINGS = {
    "killed": ("import os; os.kill(os.getpid(), 9)", "a worker process ended: exit code -9"),
    "no JSON": ("import sys; sys.exit('out of memory')", "a worker process ended: out of memory"),
    "JSON of others": (
        "import sys; print('[1]', file=sys.stderr); sys.exit('{}')",
        "a worker process ended: {}",
    ),
    "noise around": (
        "import sys, json\nprint('warning', file=sys.stderr)\n"
        "print(json.dumps({'message': 'no disk', 'hint': 'buy one'}), file=sys.stderr)\n"
        "sys.exit('bye')",
        "no disk (buy one)",
    ),
}


@pytest.mark.parametrize(("code", "says"), ENDINGS.values(), ids=ENDINGS)
def test_however_a_worker_ends_the_error_is_one_line(
    recipe: Recipe, runs: Path, monkeypatch: pytest.MonkeyPatch, code: str, says: str
) -> None:
    monkeypatch.setattr(workers, "_command", lambda *_: [sys.executable, "-c", code])
    with pytest.raises(LlmxError) as caught:
        run(recipe(), runs=runs, workers=2)
    assert str(caught.value).startswith(says)


def test_a_worker_may_warn_at_length(
    recipe: Recipe, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import sys; sys.stderr.write('a warning of a library\\n' * 10000)"  # more than a pipe
    monkeypatch.setattr(workers, "_command", lambda *_: [sys.executable, "-c", code])
    assert run(recipe(), runs=runs, workers=2).folder.finished


def test_one_failing_worker_stops_the_others(
    recipe: Recipe, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = iter(["import time; time.sleep(60)", "import sys; sys.exit('broken')"])
    monkeypatch.setattr(workers, "_command", lambda *_: [sys.executable, "-c", next(codes)])
    crew: list[workers._Worker] = []
    watch = workers._watch
    monkeypatch.setattr(workers, "_watch", lambda all_, *a: (crew.extend(all_), watch(all_, *a)))
    with pytest.raises(RunError, match="broken"):
        run(recipe(), runs=runs, workers=2)
    assert crew[0].process.returncode == -signal.SIGTERM


def test_one_open_stage_needs_no_workers(
    recipe: Recipe, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(recipe(), runs=runs, workers=1)
    monkeypatch.setattr(workers, "_command", lambda *_: pytest.fail("started a process"))
    run(recipe(reference="b"), runs=runs, workers=4)


@pytest.mark.parametrize(("cores", "workers_"), [(1, 1), (2, 2), (4, 4), (64, 4)])
def test_a_worker_a_core_up_to_four(
    monkeypatch: pytest.MonkeyPatch, cores: int, workers_: int
) -> None:
    found = {"cores": cores, "accelerators": []}
    monkeypatch.setattr(workers, "machine", lambda: found)
    assert workers.default_workers() == workers_
    found["accelerators"] = ["a GPU"]
    assert workers.default_workers() == 1


def children(pid: int) -> set[int]:
    return {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"  # ended, and nobody has asked how


def until(true: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


@pytest.fixture
def busy_run(recipe: Recipe, arm: Callable, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run of two workers that are busy for minutes: they draw a million problems for a few."""
    path = spec_file(recipe({n: arm(n, test=10**6) for n in "ab"}), tmp_path)
    code = (
        "import sys; from pathlib import Path; from llmx.core.spec import RunSpec\n"
        "from llmx.runs.run import run\n"
        "spec = RunSpec.model_validate_json(Path(sys.argv[1]).read_text())\n"
        "run(spec, runs=Path(sys.argv[2]), workers=2)"
    )
    command = [sys.executable, "-c", code, path, str(tmp_path / "runs")]
    parent = subprocess.Popen(command, start_new_session=True)
    yield parent
    parent.kill()
    parent.wait()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
def test_workers_end_with_a_parent_that_was_killed(
    busy_run: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    assert until(lambda: len(list(tmp_path.rglob("*.partial"))) == 2, 60)
    started = children(busy_run.pid)
    assert len(started) == 2 and all(map(alive, started))
    busy_run.kill()
    busy_run.wait()
    try:
        assert until(lambda: not any(map(alive, started)), 15)
    finally:
        for pid in filter(alive, started):
            os.kill(pid, signal.SIGKILL)
