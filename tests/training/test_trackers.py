"""Trackers: one façade, nothing imported until chosen, TensorBoard without a step twice."""

import subprocess
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from tiny import FAST

from llmx.core.errors import ConfigError
from llmx.train.course import trackers as module
from llmx.train.course.trackers import TRACKERS, Tracked, chosen, tracking
from llmx.train.course.watch import curve, numbers, watch


class Recorder(ModuleType):
    """Stands for a tracker's package and writes down every call."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.found: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args: Any, **named: Any) -> Any:
            self.calls.append((name, args, named))
            return self.found if name == "search_runs" else self

        return call


def about(folder, start=0):
    return Tracked("llmx", "sft-abc", folder, {"learning_rate": 1e-3}, start)


@pytest.mark.parametrize("name", ["wandb", "mlflow", "trackio"])
def test_each_tracker_opens_logs_and_closes(name, tmp_path, monkeypatch):
    package = Recorder(name)
    monkeypatch.setitem(sys.modules, name, package)
    with tracking([name], about(tmp_path)) as opened:
        opened[0].log(3, {"loss": 0.5})
    calls = [call for call, _, _ in package.calls]
    start, end = {"wandb": ("init", "finish"), "mlflow": ("start_run", "end_run"),
                  "trackio": ("init", "finish")}[name]  # fmt: skip
    assert start in calls and calls[-1] == end
    logged = [c for c in package.calls if c[0] in ("log", "log_metrics")]
    assert logged == [(logged[0][0], ({"loss": 0.5},), {"step": 3})]
    assert "sft-abc" in str(package.calls[calls.index(start)])
    assert not list(tmp_path.iterdir())


def test_mlflow_goes_on_with_the_run_of_the_same_training(tmp_path, monkeypatch):
    package = Recorder("mlflow")
    package.found = [SimpleNamespace(info=SimpleNamespace(run_id="r7"))]
    monkeypatch.setitem(sys.modules, "mlflow", package)
    with tracking(["mlflow"], about(tmp_path, start=2)):
        pass
    (asked,) = (named for call, _, named in package.calls if call == "search_runs")
    (began,) = (named for call, _, named in package.calls if call == "start_run")
    assert asked["filter_string"] == "tags.llmx = 'sft-abc'" and began == {"run_id": "r7"}


def test_every_tracker_is_closed_though_one_cannot_be(tmp_path, monkeypatch):
    first, last = Recorder("wandb"), Recorder("trackio")
    monkeypatch.setitem(sys.modules, "wandb", first)
    monkeypatch.setitem(sys.modules, "trackio", last)
    last.finish = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError), tracking(["wandb", "trackio"], about(tmp_path)):
        pass
    assert first.calls[-1][0] == "finish"


@pytest.mark.slow
def test_arms_that_differ_in_their_inputs_alone_have_runs_of_their_own(work, monkeypatch):
    """The cache names a stage's folder by a fingerprint that knows the inputs."""
    names = []
    recorder: Any = Recorder("any")
    monkeypatch.setitem(TRACKERS, "any", lambda told: names.append(told.name) or recorder)
    monkeypatch.setattr(module, "installed", lambda name: True)
    for name in ("aaaa1111bbbb2222", "cccc1111bbbb2222"):
        job = work("sft", {**FAST, "max_steps": 1}, options={"trackers": ["any"]})
        replace(job, out=job.out.with_name(f"{name}.partial")).run()
    assert names == ["sft-aaaa1111bb", "sft-cccc1111bb"]


def test_a_tracker_is_closed_when_training_fails(tmp_path, monkeypatch):
    package = Recorder("wandb")
    monkeypatch.setitem(sys.modules, "wandb", package)
    with pytest.raises(KeyboardInterrupt), tracking(["wandb"], about(tmp_path)):
        raise KeyboardInterrupt
    assert package.calls[-1][0] == "finish"


def test_nothing_is_imported_until_it_is_chosen():
    code = (
        "import sys, llmx.train.course.trackers as t, pathlib\n"
        "with t.tracking([], t.Tracked('a', 'b', pathlib.Path('.'), {})): pass\n"
        "assert not {'wandb', 'mlflow', 'trackio', 'tensorboard', 'torch'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_tensorboard_by_default_where_it_is(monkeypatch):
    monkeypatch.setattr(module, "installed", lambda name: name == "tensorboard")
    assert chosen(None) == ("tensorboard",) and chosen([]) == ()
    with pytest.raises(ConfigError, match="tracker 'wandb' is not installed"):
        chosen(["wandb"])
    monkeypatch.setattr(module, "installed", lambda name: False)
    assert chosen(None) == ()
    assert set(TRACKERS) == {"tensorboard", "wandb", "mlflow", "trackio"}


def test_tensorboard_takes_back_what_a_kill_cut_off(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for start, steps in ((0, range(1, 6)), (3, range(4, 7))):
        with tracking(["tensorboard"], about(tmp_path, start)) as opened:
            for step in steps:
                opened[0].log(step, {"loss": float(step + 10 * start)})
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    found = [(event.step, event.value) for event in events.Scalars("loss")]
    assert found == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 34.0), (5, 35.0), (6, 36.0)]


@pytest.mark.slow
def test_a_training_is_logged_as_its_curve(work):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from llmx.store.files import read_json

    out = work("sft", {**FAST, "max_steps": 3}, options={"trackers": None}).run()
    events = EventAccumulator(str(out / "tensorboard"))
    events.Reload()
    losses = [event.value for event in events.Scalars("loss")]
    assert losses == pytest.approx([p["loss"] for p in read_json(out / "training.json")["curve"]])


def test_a_curve_holds_finite_numbers_and_no_stop_watch():
    logs = {"loss": 1.0, "step_time": 3.0, "num_tokens": 9, "kl": float("nan"), "x": None,
            "completions/mean_length": 4.0, "train_runtime": 2.0}  # fmt: skip
    assert numbers(logs) == {"loss": 1.0, "length": 4.0}
    assert curve([{"step": 2, **logs}, {"step": 2, "train_loss": 1.0}]) == [
        {"step": 2, "loss": 1.0, "length": 4.0}
    ]


class Noted:
    """Keeps the lines that a training shows."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)


def test_a_training_without_signal_is_warned_of_while_it_runs(tmp_path):
    noted = Noted()
    callback = watch(noted, (), tmp_path, lambda: True)
    state = SimpleNamespace(global_step=1, is_world_process_zero=True)
    dead = {"loss": 0.0, "frac_reward_zero_std": 1.0, "completions/clipped_ratio": 1.0}
    alive = {"loss": 0.1, "frac_reward_zero_std": 0.5, "completions/clipped_ratio": 1.0}
    for logs in (dead, dead, alive, {"loss": 0.2}):
        callback.on_log(None, state, None, logs)
    first, second, *rest = noted.lines
    what = "the rewards of every group are equal, every completion is cut; loss 0, truncated 1"
    assert first == f"WARNING no signal: {what}"
    assert second == f"WARNING no signal for 2 logs: {what}"
    assert not any("WARNING" in line for line in rest)
