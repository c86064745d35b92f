"""Win rates: laws, worked examples, and the package's own regression."""

import math
import warnings

import numpy as np
import pytest
from gamed_table import PUBLISHED, write_gamed
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from llmx.core.errors import RunError
from llmx.core.judging import Judgement
from llmx.judging.alpaca_package import part
from llmx.judging.length_controlled import annotation, length_controlled
from llmx.judging.win_rate import difference, points, win_rate


def judgement(sample, preference, game=0, weight=1):
    return Judgement(
        id=f"{sample}/{game}",
        sample=sample,
        ours="first",
        asked=True,
        preference=preference,
        weight=weight,
    )


def judgements(preferences):
    return [judgement(f"p{n}", one) for n, one in enumerate(preferences)]


SHARES = st.lists(st.floats(0, 1), min_size=2, max_size=30)


@given(SHARES)
def test_a_win_for_one_is_a_loss_for_the_other(preferences):
    ours = win_rate(points(judgements(preferences)))
    theirs = win_rate(points(judgements([1 - one for one in preferences])))
    assert ours.estimate + theirs.estimate == pytest.approx(1)
    assert ours.estimate == pytest.approx(np.mean(preferences))
    assert ours.low <= ours.estimate + 1e-12 and ours.estimate - 1e-12 <= ours.high


@given(SHARES)
def test_an_arm_is_no_better_than_itself(preferences):
    found = points(judgements(preferences))
    gap, shared = difference(found, found)
    assert gap.estimate == 0 and shared == len(preferences)
    assert gap.low < 0 < gap.high  # a bootstrap would be empty


@given(SHARES, st.randoms(use_true_random=False))
def test_a_difference_is_that_of_the_rates_and_turns_with_the_arms(preferences, chance):
    ours = points(judgements(preferences))
    theirs = points(judgements([chance.random() for _ in preferences]))
    gap, _ = difference(ours, theirs)
    back, _ = difference(theirs, ours)
    wanted = win_rate(ours).estimate - win_rate(theirs).estimate
    assert gap.estimate == pytest.approx(wanted) and back.estimate == pytest.approx(-wanted)


@given(st.lists(st.sampled_from([0.0, 1.0, None]), min_size=1, max_size=30))
def test_what_cannot_be_read_is_left_out_and_is_no_tie(preferences):
    found = points(judgements(preferences))
    read = [one for one in preferences if one is not None]
    assert len(found) == len(read)
    rate = win_rate(found)
    assert (rate is None) if not read else rate.estimate == pytest.approx(np.mean(read))


def test_a_problem_with_one_unreadable_game_is_left_out():
    both = [judgement("a", 1.0), judgement("a", None, 1), judgement("b", 0.0), judgement("b", 1, 1)]
    found = points(both)
    assert list(found) == ["b"] and (found["b"].won, found["b"].played) == (1, 2)


def test_problems_are_paired_by_name_where_both_could_be_read():
    ours = points([judgement("a", 1.0), judgement("b", None), judgement("c", 0.0)])
    theirs = points([judgement("c", 1.0), judgement("a", 1.0), judgement("b", 0.0)])
    gap, shared = difference(ours, theirs)
    assert shared == 2 and gap.estimate == pytest.approx(-0.5)
    assert difference(ours, points([judgement("x", 1.0)])) is None


def test_clear_wins_count_for_three_by_hand():
    found = points([judgement("a", 1.0, 0, 3), judgement("a", 0.0, 1), judgement("b", 0.5)])
    assert win_rate(found).estimate == pytest.approx((3 + 0 + 0.5) / (3 + 1 + 1))


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([1, 3])),
        min_size=3,
        max_size=40,
    ).filter(lambda games: 0 < sum(y * w for y, w in games) < sum(w for _, w in games))
)
def test_the_rate_is_bradley_and_terry_s_for_one_model_against_the_baseline(games):
    found = points([judgement(f"p{n}", y, 0, w) for n, (y, w) in enumerate(games)])

    def loss(strength):
        p = 1 / (1 + math.exp(-strength))
        return -sum(w * (y * math.log(p) + (1 - y) * math.log(1 - p)) for y, w in games)

    best = minimize_scalar(loss, bounds=(-20, 20), method="bounded", options={"xatol": 1e-10})
    assert win_rate(found).estimate == pytest.approx(1 / (1 + math.exp(-best.x)), abs=1e-6)


N = PUBLISHED


@pytest.fixture(scope="module")
def gamed(tmp_path_factory):
    return write_gamed(tmp_path_factory.mktemp("gamed") / "df_gamed.csv")


def annotations(prefer, ours=lambda n: "y" * (100 + n % 300)):
    found = []
    for n in range(N):
        row = {
            "instruction": f"i{n}",
            "reference": "x" * (100 + n % 7),
            "baseline": "gpt4_1106_preview",
            "output": ours(n),
            "dataset": "",
        }
        found.append(annotation(row, "ours", "judge", prefer(row)))
    return found


def longer_is_better(row):
    return 1 / (1 + math.exp(-1.5 * math.tanh((len(row["output"]) - len(row["reference"])) / 87)))


def test_the_length_controlled_rate_is_the_package_s(gamed, monkeypatch):
    rows = annotations(longer_is_better)
    found = length_controlled(rows, range(N), gamed)
    module = part("metrics.glm_winrate")
    monkeypatch.setattr(module, "hf_hub_download", lambda **_: str(gamed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = module.get_length_controlled_winrate(rows, save_weights_dir=None)
    assert found.rate.estimate * 100 == pytest.approx(wanted["length_controlled_winrate"])
    assert len(found.preferences) == N
    half = (found.rate.high - found.rate.low) / 2
    assert half == pytest.approx(1.959964 * wanted["lc_standard_error"] / 100)


def test_the_plain_rate_is_the_package_s_too(gamed):
    rows = annotations(longer_is_better)
    wanted = part("metrics").get_winrate(rows)["win_rate"]
    found = points(judgements([row["preference"] - 1 for row in rows]))
    assert win_rate(found).estimate * 100 == pytest.approx(wanted)


def test_what_only_length_has_won_is_taken_back(gamed):
    rows = annotations(longer_is_better)
    plain = np.mean([row["preference"] - 1 for row in rows])
    controlled = length_controlled(rows, range(N), gamed).rate.estimate
    assert plain > 0.65
    assert abs(controlled - 0.5) < 0.5 * (plain - 0.5)


def test_the_baseline_s_own_outputs_are_a_half(gamed):
    rows = annotations(lambda row: 0.5)
    for row in rows:
        row["output_2"] = row["output_1"]
    found = length_controlled(rows, range(N), gamed)
    assert found.rate.estimate == 0.5 and set(found.preferences) == {0.5}


def test_the_download_is_handed_back_and_unread_rows_are_left_to_the_package(gamed):
    module = part("metrics.glm_winrate")
    before = module.hf_hub_download
    rows = annotations(longer_is_better)
    for row in rows[::10]:
        row["preference"] = None
    found = length_controlled(rows, range(N), gamed)
    assert 0 < found.rate.estimate < 1
    assert module.hf_hub_download is before


def test_a_regression_that_cannot_be_had_is_one_line(gamed):
    with pytest.raises(RunError, match="regression failed") as error:
        length_controlled(annotations(lambda row: None)[:3], range(3), gamed)
    assert "\n" not in str(error.value)
