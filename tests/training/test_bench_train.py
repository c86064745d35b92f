"""The benchmark of trainings: both sides take turns and end at the same weights."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from counts import thorough

SCRIPTS = Path(__file__).parents[2] / "scripts"
SMALL = ("--rows", "24", "--steps", "3", "--rounds", "1", "--save-steps", "2")


@pytest.mark.slow
@thorough
def test_both_sides_end_at_the_same_weights(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    words = ("--kinds", "grpo", *SMALL, "--json", str(figures))
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "bench_train.py"), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "same weights: True" in done.stdout
    (found,) = json.loads(figures.read_text())
    for by in ("clock", "processor"):
        assert len(found[by]["ours"]) == len(found[by]["direct"]) == 3
        low, ratio, high = found[by]["ratio"]
        assert low <= ratio <= high


def test_a_side_that_fails_does_not_leave_the_other_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from step_turns import in_turns

    def fails() -> None:
        raise ValueError("no model")

    with pytest.raises(ValueError, match="no model"):
        in_turns(fails, lambda: None)
    with pytest.raises(ValueError, match="no model"):
        in_turns(lambda: None, fails)


def test_turns_alternate_and_each_side_keeps_its_generators(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import torch
    from step_turns import _Boundary, in_turns

    order: list[str] = []
    drawn: dict[str, list[float]] = {"a": [], "b": []}

    def training(name: str) -> None:
        torch.manual_seed(5)
        for _ in range(4):
            _Boundary().on_step_begin()
            order.append(name)
            drawn[name].append(float(torch.rand(1)))
        _Boundary().on_train_end()

    players = in_turns(lambda: training("a"), lambda: training("b"))
    assert "".join(order) == "baabbaab"
    assert drawn["a"] == drawn["b"] and len(set(drawn["a"])) == 4
    assert [len(player.clock) for player in players] == [6, 6]
