"""Exploring a divergence log: laws that hold for every log, and the drift by hand."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from llmx.core.errors import RunError
from llmx.core.record import as_json
from llmx.papers.fsd.explore import DivergenceLog
from llmx.papers.fsd.explore.drift import Logged, drift
from llmx.papers.fsd.explore.explore import explore
from llmx.papers.fsd.explore.markdown import markdown
from llmx.papers.fsd.explore.model import Explored, LoggedRule
from llmx.papers.fsd.explore.picture import picture
from llmx.papers.fsd.explore.solve import rungs, solve
from llmx.report.figures.names import SHARE
from llmx.report.figures.others import of_exploration

NAMES = ("js", "kl", "kl_reversed", "js_top50", "kl_reversed_top50", "kl_warped")
GAMMA, TEXTS, BLOCKS = 4, 30, 8


def invented(seed: int = 0) -> DivergenceLog:
    """A log in which `kl` is four times `js`, and every other measure something else."""
    rng = np.random.default_rng(seed)
    size = (TEXTS * BLOCKS, GAMMA)
    js = rng.gamma(0.5, 0.1, size).astype(np.float32)
    others = [rng.gamma(0.5, 0.2, size).astype(np.float32) for _ in NAMES[2:]]
    p, q = rng.uniform(0.05, 1, (2, *size)).astype(np.float32)
    emitted = rng.integers(20, 40, TEXTS)
    return DivergenceLog(
        measures=np.array(NAMES),
        divergence=np.stack([js, 4 * js, *others]),
        token=rng.integers(0, 9, size),
        p=p,
        q=q,
        entropy_p=p,
        entropy_q=q,
        lossless=rng.random(size) < np.exp(-5 * js),
        argmax=rng.random(size) < np.exp(-8 * js),
        valid=rng.integers(1, GAMMA + 1, TEXTS * BLOCKS),
        closed=rng.random(TEXTS * BLOCKS) < 0.1,
        sample=np.repeat(np.arange(TEXTS), BLOCKS),
        start=np.tile(np.arange(BLOCKS) * 5, TEXTS),
        ids=np.array([f"t{place}" for place in range(TEXTS)]),
        emitted=emitted,
        accepted=(emitted * 0.7).astype(np.int64),
    )


def rule(arm: str, measure: str | None = None, threshold: float | None = None) -> LoggedRule:
    algorithm = "fuzzy" if measure else "speculative"
    return LoggedRule(
        arm=arm,
        algorithm=algorithm,
        measure=measure,
        threshold=threshold,
        gamma=GAMMA,
        draft="greedy",
        stride=5,
        seed=0,
    )


def found(share: float = 0.6, **more: Logged) -> Explored:
    logs = {"sd": Logged(rule("sd"), invented()), **more}
    return explore(logs, dict.fromkeys(logs, "sd"), share, "research")


@pytest.mark.parametrize("semantics", ["research", "fallback", "union"])
@pytest.mark.parametrize("measure", NAMES)
def test_no_threshold_comes_nearer_to_a_share_than_the_solved_one(measure, semantics):
    log = invented()
    share = log.share(measure, 0.1, semantics)
    got = log.share(measure, solve(log, measure, share, semantics), semantics)
    assert got == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize("measure", NAMES)
def test_a_curve_rises_from_nothing_to_everything(measure):
    log = invented()
    ladder = rungs(log, measure, 21)
    assert ladder == sorted(ladder)
    shares = [log.share(measure, rung) for rung in ladder]
    assert shares == sorted(shares)
    assert log.share(measure, -np.inf) == 0
    assert shares[-1] == log.share(measure, np.inf)


def test_a_measure_that_is_a_multiple_of_another_decides_alike():
    explored = found()
    by_name = {one.measure: one for one in explored.at_share}
    js, kl = by_name["js"], by_name["kl"]
    assert kl.threshold == pytest.approx(4 * js.threshold, rel=1e-5)
    assert (kl.share, kl.refused, kl.surprise) == (js.share, js.refused, js.surprise)
    (same,) = [one for one in explored.agreement if {one.first, one.second} == {"js", "kl"}]
    assert same.differ == 0
    off = {(row.source, row.to): row for row in explored.transfer}
    # A threshold four times too large for js lets more pass than was asked; the other way less.
    assert off["kl", "js"].share > off["kl", "js"].asked_share > off["js", "kl"].share


def test_each_divergence_is_tried_under_the_others_and_under_its_own_forms_alone():
    pairs = {(row.source, row.to) for row in found().transfer}
    whole = ("js", "kl", "kl_reversed")
    assert pairs == {
        *((a, b) for a in whole for b in whole if a != b),
        ("js", "js_top50"),
        ("kl_reversed", "kl_reversed_top50"),
        ("kl", "kl_warped"),
    }
    assert all(row.low <= row.share <= row.high for row in found().transfer)


def test_what_passes_is_counted_before_the_first_rejection():
    log = replace(
        invented(),
        divergence=np.array([[[0.1, 9, 0.1, 0.1]] * TEXTS * BLOCKS] * len(NAMES), np.float32),
        lossless=np.array([[False, True, True, True]] * TEXTS * BLOCKS),
        valid=np.full(TEXTS * BLOCKS, GAMMA),
        closed=np.zeros(TEXTS * BLOCKS, bool),
    )
    logs = {"sd": Logged(rule("sd"), log)}
    (js, *_) = explore(logs, {"sd": "sd"}, 0.5, "research").at_share
    assert (js.share, js.refused) == (0.5, 1.0)


def test_an_arm_that_is_its_reference_does_not_drift_in_its_texts():
    log = invented()
    own = Logged(rule("js", "js", 0.1), log)
    one = drift("js", [(own, Logged(rule("sd"), log))])
    assert one is not None
    assert one.texts.estimate == 0
    assert one.predicted == one.own == log.share("js", 0.1)
    assert one.real == log.accepted.sum() / log.emitted.sum()
    assert one.whole.estimate == pytest.approx(one.alignment.estimate)


def test_the_parts_of_a_drift_add_up_and_do_not_see_the_order_of_texts():
    first, second = invented(0), invented(1)
    pairs = [(Logged(rule("js", "js", 0.1), second), Logged(rule("sd"), first))]
    one = drift("js", pairs)
    assert one.whole.estimate == pytest.approx(one.texts.estimate + one.alignment.estimate)
    turned = replace(
        second,
        ids=second.ids[::-1],
        emitted=second.emitted[::-1],
        accepted=second.accepted[::-1],
        sample=TEXTS - 1 - second.sample,
    )
    again = drift("js", [(Logged(rule("js", "js", 0.1), turned), pairs[0][1])])
    assert again == one


def test_texts_that_only_one_arm_has_are_left_out():
    log = invented()
    others = replace(log, ids=np.array([f"x{place}" for place in range(TEXTS)]))
    assert drift("js", [(Logged(rule("js", "js", 0.1), others), Logged(rule("sd"), log))]) is None


def test_a_report_reads_the_document_and_it_says_what_it_left_out():
    logs = {"sd@g=3": Logged(rule("a"), invented()), "sd@g=5": Logged(rule("b"), invented())}
    explored = explore(logs, {name: name for name in logs}, 0.6, "fallback")
    assert "sd@g=5" in explored.notes[0]
    read = of_exploration(as_json(explored)).of(SHARE)
    assert len(read) == len(explored.transfer) > 0
    assert "Nothing was decoded" in markdown(explored)
    assert "`sd@g=5`" in markdown(explored)


def test_two_seeds_are_one_base_with_its_problems_counted_once():
    logs = {f"sd@seed={seed}": Logged(rule("sd"), invented(seed)) for seed in (0, 1)}
    explored = explore(logs, {name: name for name in logs}, 0.6, "research")
    assert (explored.base, explored.seeds, explored.problems) == ("sd", 2, TEXTS)


def test_the_picture_has_a_rising_curve_for_every_whole_measure():
    explored = found()
    drawn = picture(explored)
    assert drawn.count("<polyline") == len(explored.curves) == 3
    for one in explored.curves:
        assert all(a <= b for a, b in pairwise(one.shares))
        assert f">{one.measure}<" in drawn


def test_without_the_reference_there_is_nothing_to_explore():
    logs = {"js": Logged(rule("js", "js", 0.1), invented())}
    with pytest.raises(RunError, match="no log of a reference"):
        explore(logs, {"js": "sd"}, 0.6, "research")


def test_the_documented_lines_run(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "papers" / "fsd.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    path = tmp_path / "log.npz"
    path.write_bytes(replace(invented(), measures=np.array(DOCUMENTED)).to_bytes())
    values: dict[str, object] = {}
    exec(block.replace("runs/NAME/log/sd/log.npz", str(path)), values)
    assert isinstance(values["log"], DivergenceLog)


DOCUMENTED = ("js", "kl", "tv", "js_top50", "kl_top50", "kl_warped")
