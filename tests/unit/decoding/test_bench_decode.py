"""The benchmark of decoding prints every figure of every part, at its tiniest size."""

import json
import math
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from counts import thorough

ROOT = Path(__file__).parents[3]
SCRIPTS = ROOT / "scripts"
DECODING = (
    "--problems", "2", "--batch", "2", "--batch-problems", "4", "--rows", "1", "2",
    "--repeats", "1", "--max-new", "6", "--accept-problems", "1", "--accept-gammas", "2", "3",
    "--accept-batches", "1", "2", "--vocabulary", "300", "--large-layers", "1",
)  # fmt: skip
RUNS = ("--stage-problems", "1", "--stage-rounds", "1", "--share-problems", "17", "--starts", "1")
HEATS, KERNELS, RULES = ("T 0.6", "T 0"), ("native", "torch"), ("SD", "FSD-R", "FSD-H")
LOOPS = ("target", "SD", "FSD-H")


def figures(folder: Path, *words: str) -> dict[str, Any]:
    """Run parts; return name → figure, of those that were printed."""
    path = folder / "figures.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "bench_decode.py"), *words, "--json", str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "left" in done.stderr and "done in" in done.stderr
    whole = json.loads(path.read_text())
    assert whole["about"]["commit"] and whole["about"]["compiler"] and whole["samples"]
    assert str(ROOT) not in path.read_text()
    found = {figure["name"]: figure for figure in whole["figures"]}
    assert len(found) == len(whole["figures"])
    assert all(f"  {name}: " in done.stdout for name in found)
    numbers = [span["value"] for one in found.values() for span in one["spans"].values()]
    assert all(map(math.isfinite, numbers))
    return found


def of(found: dict[str, Any], part: int) -> set[str]:
    return {name for name, figure in found.items() if figure["part"] == part}


@pytest.fixture(scope="module")
def decoded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return figures(tmp_path_factory.mktemp("bench"), "--only", "1,2,3,4", *DECODING)


@pytest.mark.slow
def test_kernels_beside_each_other_in_loops_and_alone(decoded: dict[str, Any]) -> None:
    wanted = {
        f"{loop} {side}, batch {batch}, {heat}"
        for loop, batch, heat in product(LOOPS, (1, 2), HEATS)
        for side in ("(native)", "(torch)", "native over torch")
    }
    wanted |= {
        f"forward, {name}, {rows} rows of {width}{side}"
        for name, rows, width in product(("draft", "target"), (1, 2), (1, 6))
        for side in (" (native)", " (torch)", ", torch over native")
    }
    assert of(decoded, 1) == wanted
    assert all(set(decoded[name]["spans"]) == {"processor", "wall"} for name in wanted)


@pytest.mark.slow
def test_rivals_at_every_temperature(decoded: dict[str, Any]) -> None:
    wanted = {f"{loop}, {heat}" for loop in (*LOOPS, "generate", "assisted") for heat in HEATS}
    pairs = (("SD", "assisted"), ("SD", "target"), ("target", "generate"), ("FSD-H", "SD"))
    wanted |= {f"{a} over {b}, {heat}, tokens/s" for a, b in pairs for heat in HEATS}
    counts = ("drafted share", "tokens a round", "target rounds a problem")
    for heat in HEATS:
        wanted |= {f"FSD-H over SD, {heat}, problems/s", f"FSD-H over SD, {heat}, rounds a problem"}
        wanted |= {f"{loop}, {heat}, {what}" for loop in ("SD", "FSD-H") for what in counts}
    assert of(decoded, 2) == wanted | {"greedy SD gives the text of the greedy target"}
    same = decoded["greedy SD gives the text of the greedy target"]
    assert same["spans"]["count"]["value"] == 1


@pytest.mark.slow
def test_the_accept_step_on_the_pair_and_beside_a_large_forward(decoded: dict[str, Any]) -> None:
    places = [f"{rule} ({kernel}), {heat}" for rule, kernel, heat in product(RULES, KERNELS, HEATS)]
    wanted = {f"accept step over target's forward, {place}" for place in places}
    wanted |= {f"a round beside models and accept step, {place}" for place in places}
    for rule, gamma, batch, heat in product(RULES, (2, 3), (1, 2), HEATS):
        case = f"{rule}, gamma {gamma}, batch {batch}, {heat}"
        wanted |= {f"tokens kept, {case}", f"reading both models' logits once, {case}"}
        for kernel in KERNELS:
            wanted |= {f"accept step, {case} ({kernel})"}
            wanted |= {f"accept step over forward of 135 M, {case} ({kernel})"}
    wanted |= {
        f"forward of 135 M, {rows} rows of {width} ({kernel})"
        for rows, width, kernel in product((1, 2), (3, 4), KERNELS)
    }
    assert of(decoded, 3) == wanted | {"memory read"}


@pytest.mark.slow
def test_arithmetic_over_the_best_product(decoded: dict[str, Any]) -> None:
    found = of(decoded, 4)
    assert len([name for name in found if name.startswith("product ")]) == 10
    for heat, which in product(HEATS, ("", ", heads asked for alone")):
        where = f"SD (native), batch 2, {heat}{which}"
        assert {f"arithmetic of {where}", f"{where}, over the best product"} <= found
    assert "best product" in found and len(found) == 10 + 1 + 8


@pytest.mark.slow
@thorough
def test_stages_workers_and_starts(tmp_path: Path) -> None:
    smoke = ("--smoke-words", "arms=[sd]")
    found = figures(tmp_path, "--only", "5,6", "--before", str(ROOT), *RUNS, *smoke)
    for arm in ("target, greedy", "SD"):
        sides = [name for name in found if name.startswith(f"decode stage, {arm} (")]
        assert len(sides) == 3
        assert f"decode stage, {arm}, native over torch" in found
        assert any(f"decode stage, {arm}, native over before" in name for name in found)
    ratio = "two workers over one, problems/s"
    assert {f"{ratio}, with their start", f"{ratio}, from the first part on"} <= set(found)
    assert {f"SD, 17 problems, workers {n}, with their start" for n in (1, 2)} <= set(found)
    assert {"fresh process to the first record", "a run that is there already (scale=smoke)"} == of(
        found, 6
    )


def test_a_drafted_row_is_fed_one_token_more_than_it_drafts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The count of tokens fed, beside what the draft's cache holds."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from bench.arithmetic import Counted
    from bench.models import Models
    from bench.settings import parse

    from llmx.decoding import decode_refill

    models = Models(parse([], ""))
    pair = models.native(Counted)
    options = models.options("SD", 0.0)
    (one,) = decode_refill(pair.target, pair.draft, [[5, 6, 7, 8]], ["a"], options, 0, slots=1)
    assert isinstance(pair.target, Counted) and isinstance(pair.draft, Counted)
    assert pair.target.fed.logits == one.drafted + one.rounds
    assert pair.target.fed.tokens == pair.target.fed.logits + 3
    assert pair.draft.fed.tokens == 3 + pair.draft.fed.logits + _rounds_that_drafted(one, options)


def _rounds_that_drafted(one: Any, options: Any) -> int:
    """At the length cap a round may draft nothing; this answer ends before it."""
    assert one.finish == "eos"
    return int(one.rounds)


def test_the_library_s_product_is_a_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from bench.products import natives

    draws = np.random.default_rng(0)
    x, w = (draws.standard_normal(size, np.float32) for size in ((5, 40), (70, 40)))
    assert np.abs(natives(5, 40, 70)() - x @ w.T).max() < 1e-4


def test_an_interval_is_paired_by_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from bench.spans import ratio, ratio_of_rates, short

    slow = [(10.0, float(at)) for at in range(1, 20)]
    fast = [(10.0, at / 2) for at in range(1, 20)]
    paired = ratio_of_rates(fast, slow)
    assert paired.low == paired.value == paired.high == 2
    assert ratio([1.0], [2.0]).low is None
    assert [short(one) for one in (0.01234, 3.14159, 42.0, 12345.6, 0.0)] == [
        "0.0123", "3.14", "42.0", "12,346", "0",
    ]  # fmt: skip
